-- Conversations, events, polls and huddles that hold all words of `p_query` and that the viewer may see (contract B 10.5):
-- the `p_max` most recently active ones, in no order. `p_place_ids` are the microcosms that are searched; a null list, id or
-- moment stands for no condition.
-- Planned once for any values (0046), so how frequent a word is decides here and not in the plan (0047): up to `many` that
-- hold it are looked at each, otherwise the newest items are asked whether they do, until there are enough.
-- Uses: search_item_words, search_itemwords_pkey, items_item_pkey, items_item_recent, items_item_author.
CREATE FUNCTION fn.search_items(
    p_site_id bigint, p_profile_id bigint, p_query tsquery, p_place_ids bigint[], p_ignored_item_ids bigint[],
    p_ignored_profile_ids bigint[], p_in_title boolean, p_hashtags text[], p_kinds integer[], p_ids bigint[],
    p_has_forum boolean, p_author_id bigint, p_is_following boolean, p_since timestamptz, p_until timestamptz,
    p_event_after timestamptz, p_event_before timestamptz, p_is_attendee boolean, p_max bigint
) RETURNS TABLE (
    kind integer, id bigint, rank double precision, last_activity_at timestamptz, starts_at timestamptz
)
LANGUAGE plpgsql STABLE ROWS 50 AS $$
DECLARE
    -- How many are many on this site, and on all.
    many CONSTANT integer := 2000;
    very_many CONSTANT integer := 10000;
    named_count integer;
    since CONSTANT timestamptz := coalesce(p_since, '-infinity');
    until CONSTANT timestamptz := coalesce(p_until, 'infinity');
    -- What is asked: these, and so many of the newest.
    candidate_ids bigint[];
    walk bigint := 0;
BEGIN
    IF p_ids IS NOT NULL THEN
        candidate_ids := p_ids;
    ELSIF p_author_id IS NOT NULL THEN
        candidate_ids := ARRAY(SELECT item.id FROM items_item AS item WHERE item.created_by_id = p_author_id);
    ELSE
        -- Nothing but the words first: with the site or the limit beside them, a plan for any values would go another way.
        WITH named AS MATERIALIZED (
            SELECT known.item_id, known.site_id FROM search_itemwords AS known WHERE known.words @@ p_query
        )
        SELECT array_agg(bounded.item_id) FILTER (WHERE bounded.site_id = p_site_id), count(*)
        INTO candidate_ids, named_count
        FROM (SELECT named.item_id, named.site_id FROM named LIMIT very_many + 1) AS bounded;
        IF named_count > very_many OR cardinality(candidate_ids) > many THEN
            candidate_ids := NULL;
            -- All of them.
            walk := NULL;
        END IF;
    END IF;
    IF walk = 0 AND coalesce(cardinality(candidate_ids), 0) = 0 THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT item.kind::integer, item.id, ts_rank(named.words, p_query)::double precision, item.last_activity_at,
               event.starts_at
        FROM (
            (
                SELECT newest.id, newest.kind, newest.microcosm_id, newest.title, newest.created_by_id,
                       newest.last_activity_at
                FROM items_item AS newest
                WHERE newest.site_id = p_site_id AND NOT newest.is_deleted AND NOT newest.is_moderated
                  AND newest.last_activity_at >= since AND newest.last_activity_at <= until
                ORDER BY newest.last_activity_at DESC, newest.id DESC
                LIMIT walk
            )
            UNION ALL
            (
                SELECT live.id, live.kind, live.microcosm_id, live.title, live.created_by_id, live.last_activity_at
                FROM unnest(candidate_ids) AS candidate (id)
                -- Looked up one by one: a plan for any values would read all there are instead.
                CROSS JOIN LATERAL (
                    SELECT one.id, one.kind, one.microcosm_id, one.title, one.created_by_id, one.last_activity_at
                    FROM items_item AS one
                    WHERE one.id = candidate.id AND one.site_id = p_site_id AND NOT one.is_deleted
                      AND NOT one.is_moderated
                    LIMIT 1
                ) AS live
                ORDER BY live.last_activity_at DESC, live.id DESC
            )
        ) AS item
        CROSS JOIN LATERAL (
            SELECT known.words FROM search_itemwords AS known
            WHERE known.item_id = item.id AND known.words @@ p_query
            LIMIT 1
        ) AS named
        LEFT JOIN LATERAL (
            SELECT happening.starts_at, happening.place FROM items_event AS happening
            WHERE happening.item_id = item.id
            LIMIT 1
        ) AS event ON true
        WHERE item.kind = ANY (p_kinds) AND item.id <> ALL (p_ignored_item_ids)
          AND CASE
              WHEN item.kind = 5 THEN
                  NOT p_has_forum AND item.created_by_id <> ALL (p_ignored_profile_ids)
                  AND EXISTS (
                      SELECT FROM huddles_participant AS participant
                      WHERE participant.huddle_id = item.id AND participant.profile_id = p_profile_id
                  )
              ELSE item.microcosm_id IN (SELECT unnest(p_place_ids))
          END
          AND (NOT p_in_title OR ts_filter(named.words, '{a,b}') @@ p_query)
          AND (p_hashtags IS NULL OR NOT EXISTS (
              SELECT FROM unnest(p_hashtags) AS tag (name)
              WHERE strpos(
                  lower(item.title || CASE WHEN p_in_title THEN '' ELSE coalesce(' ' || event.place, '') END),
                  lower(tag.name)
              ) = 0
          ))
          AND (p_author_id IS NULL OR item.created_by_id = p_author_id)
          AND (NOT p_is_following OR EXISTS (
              SELECT FROM updates_watcher AS watcher
              WHERE watcher.item_id = item.id AND watcher.profile_id = p_profile_id
          ))
          AND item.last_activity_at >= since AND item.last_activity_at <= until
          AND (p_event_after IS NULL OR event.starts_at >= p_event_after)
          AND (p_event_before IS NULL OR event.starts_at <= p_event_before)
          AND (NOT p_is_attendee OR EXISTS (
              SELECT FROM items_attendee AS attendee
              WHERE attendee.event_id = item.id AND attendee.profile_id = p_profile_id AND attendee.rsvp = 1
          ))
        ORDER BY item.last_activity_at DESC, item.id DESC
        LIMIT p_max;
END $$;
