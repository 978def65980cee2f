-- What a query finds among the things that its viewer may see (contract B 10.5), in no order: kind, id, the item it is or
-- is on, the profile it is or is on, rank, last activity and, of events, when they begin. `p_place_ids` are the microcosms
-- that are searched; a null list, id or moment stands for no condition. With `p_max` only so many of each kind, the most
-- recently active ones.
-- Each kind is a statement of its own, planned for its values (EXECUTE always is): how frequent a word is decides whether
-- its index serves it or the newest rows do, and conditions that nobody asked for vanish.
-- Uses: search_item_english, search_event_english, search_microcosm_english, search_profile_english,
-- search_revision_english (or those of another language), items_item_kind_order, items_item_author, comments_comment_newest, comments_comment_author,
-- comments_revision_number.
CREATE FUNCTION fn.search_hits(
    p_site_id bigint, p_profile_id bigint, p_place_ids bigint[], p_ignored_item_ids bigint[],
    p_ignored_profile_ids bigint[], p_language regconfig, p_is_text boolean, p_text text, p_in_title boolean,
    p_hashtags text[], p_kinds integer[], p_parents integer[], p_ids bigint[], p_has_forum boolean, p_author_id bigint,
    p_is_following boolean, p_has_attachment boolean, p_since timestamptz, p_until timestamptz,
    p_event_after timestamptz, p_event_before timestamptz, p_is_attendee boolean, p_max bigint
) RETURNS TABLE (
    kind integer, id bigint, item_id bigint, home_id bigint, rank double precision, last_activity_at timestamptz,
    starts_at timestamptz
)
LANGUAGE plpgsql STABLE ROWS 100 AS $$
DECLARE
    item_kinds CONSTANT integer[] := ARRAY(
        SELECT given.kind FROM unnest(p_kinds) AS given (kind) WHERE given.kind NOT IN (2, 3)
    );
    huddle_ids CONSTANT bigint[] := CASE WHEN p_has_forum THEN '{}' ELSE ARRAY(
        SELECT item.id
        FROM huddles_participant AS participant
        JOIN items_item AS item ON item.id = participant.huddle_id
        WHERE participant.profile_id = p_profile_id AND item.created_by_id <> ALL (p_ignored_profile_ids)
    ) END;
BEGIN
    IF cardinality(item_kinds) > 0 AND NOT p_has_attachment THEN
        RETURN QUERY EXECUTE $search$
            SELECT item.kind::integer, item.id, item.id, NULL::bigint,
                   (CASE WHEN $6 THEN ts_rank(
                       setweight(to_tsvector($5, item.title::text), 'B'), plainto_tsquery($5, $7)
                   ) ELSE 0.5 END)::double precision,
                   item.last_activity_at, event.starts_at
            FROM items_item AS item
            LEFT JOIN items_event AS event ON event.item_id = item.id
            WHERE item.site_id = $1 AND NOT item.is_deleted AND NOT item.is_moderated
              AND item.kind = ANY ($9) AND item.id <> ALL ($4)
              AND (item.microcosm_id = ANY ($3) OR (item.kind = 5 AND item.id = ANY ($19)))
              AND (NOT $6 OR to_tsvector($5, item.title::text) @@ plainto_tsquery($5, $7))
              AND ($8 IS NULL OR NOT EXISTS (
                  SELECT FROM unnest($8) AS tag (name) WHERE strpos(lower(item.title), lower(tag.name)) = 0
              ))
              AND ($10 IS NULL OR item.id = ANY ($10))
              AND ($11 IS NULL OR item.created_by_id = $11)
              AND (NOT $12 OR item.id IN (
                  SELECT watcher.item_id FROM updates_watcher AS watcher
                  WHERE watcher.profile_id = $2 AND watcher.item_id IS NOT NULL
              ))
              AND ($13 IS NULL OR item.last_activity_at >= $13)
              AND ($14 IS NULL OR item.last_activity_at <= $14)
              AND ($15 IS NULL OR event.starts_at >= $15)
              AND ($16 IS NULL OR event.starts_at <= $16)
              AND (NOT $17 OR EXISTS (
                  SELECT FROM items_attendee AS attendee
                  WHERE attendee.event_id = item.id AND attendee.profile_id = $2 AND attendee.rsvp = 1
              ))
            ORDER BY item.last_activity_at DESC, item.id DESC
            LIMIT $18
        $search$
        USING p_site_id, p_profile_id, p_place_ids, p_ignored_item_ids, p_language, p_is_text, p_text, p_hashtags,
              item_kinds, p_ids, p_author_id, p_is_following, p_since, p_until, p_event_after, p_event_before,
              p_is_attendee, p_max, huddle_ids;
    END IF;
    -- Events whose title alone does not say all words, but does together with where they take place: one of the words is
    -- there, which the index knows.
    IF p_is_text AND NOT p_in_title AND NOT p_has_attachment AND 9 = ANY (p_kinds) THEN
        RETURN QUERY EXECUTE $search$
            SELECT 9, item.id, item.id, NULL::bigint,
                   ts_rank(
                       setweight(to_tsvector($5, item.title::text), 'B') || setweight(to_tsvector($5, event.place::text), 'D'),
                       plainto_tsquery($5, $6)
                   )::double precision,
                   item.last_activity_at, event.starts_at
            FROM items_event AS event
            JOIN items_item AS item ON item.id = event.item_id
            WHERE item.site_id = $1 AND NOT item.is_deleted AND NOT item.is_moderated
              AND item.id <> ALL ($4) AND item.microcosm_id = ANY ($3)
              AND to_tsvector($5, event.place::text)
                  @@ replace(plainto_tsquery($5, $6)::text, $quote$' & '$quote$, $quote$' | '$quote$)::tsquery
              AND to_tsvector($5, item.title::text || ' ' || event.place::text) @@ plainto_tsquery($5, $6)
              -- What was found above is not found again.
              AND NOT (
                  to_tsvector($5, item.title::text) @@ plainto_tsquery($5, $6)
                  AND ($7 IS NULL OR NOT EXISTS (
                      SELECT FROM unnest($7) AS tag (name) WHERE strpos(lower(item.title), lower(tag.name)) = 0
                  ))
              )
              AND ($7 IS NULL OR NOT EXISTS (
                  SELECT FROM unnest($7) AS tag (name)
                  WHERE strpos(lower(item.title || ' ' || event.place), lower(tag.name)) = 0
              ))
              AND ($8 IS NULL OR item.id = ANY ($8))
              AND ($9 IS NULL OR item.created_by_id = $9)
              AND (NOT $10 OR item.id IN (
                  SELECT watcher.item_id FROM updates_watcher AS watcher
                  WHERE watcher.profile_id = $2 AND watcher.item_id IS NOT NULL
              ))
              AND ($11 IS NULL OR item.last_activity_at >= $11)
              AND ($12 IS NULL OR item.last_activity_at <= $12)
              AND ($13 IS NULL OR event.starts_at >= $13)
              AND ($14 IS NULL OR event.starts_at <= $14)
              AND (NOT $15 OR EXISTS (
                  SELECT FROM items_attendee AS attendee
                  WHERE attendee.event_id = item.id AND attendee.profile_id = $2 AND attendee.rsvp = 1
              ))
            ORDER BY item.last_activity_at DESC, item.id DESC
            LIMIT $16
        $search$
        USING p_site_id, p_profile_id, p_place_ids, p_ignored_item_ids, p_language, p_text, p_hashtags, p_ids,
              p_author_id, p_is_following, p_since, p_until, p_event_after, p_event_before, p_is_attendee, p_max;
    END IF;
    IF 2 = ANY (p_kinds) AND NOT p_has_attachment THEN
        RETURN QUERY EXECUTE $search$
            SELECT 2, microcosm.id, NULL::bigint, NULL::bigint,
                   (CASE WHEN $5 THEN ts_rank(
                       setweight(to_tsvector($4, microcosm.title::text), 'A')
                       || setweight(to_tsvector($4, microcosm.description), 'D'),
                       plainto_tsquery($4, $6)
                   ) ELSE 0.5 END)::double precision,
                   coalesce(microcosm.last_activity_at, microcosm.created_at), NULL::timestamptz
            FROM microcosms_microcosm AS microcosm
            WHERE microcosm.site_id = $1 AND microcosm.id = ANY ($3)
              AND (
                  NOT $5
                  OR to_tsvector($4, microcosm.title::text || ' ' || microcosm.description) @@ plainto_tsquery($4, $6)
              )
              AND (NOT $5 OR NOT $7 OR to_tsvector($4, microcosm.title::text) @@ plainto_tsquery($4, $6))
              AND ($8 IS NULL OR NOT EXISTS (
                  SELECT FROM unnest($8) AS tag (name)
                  WHERE strpos(lower(microcosm.title || ' ' || microcosm.description), lower(tag.name)) = 0
              ))
              AND ($9 IS NULL OR microcosm.id = ANY ($9))
              AND ($10 IS NULL OR microcosm.created_by_id = $10)
              AND (NOT $11 OR microcosm.id IN (
                  SELECT watcher.microcosm_id FROM updates_watcher AS watcher
                  WHERE watcher.profile_id = $2 AND watcher.microcosm_id IS NOT NULL
              ))
              AND ($12 IS NULL OR coalesce(microcosm.last_activity_at, microcosm.created_at) >= $12)
              AND ($13 IS NULL OR coalesce(microcosm.last_activity_at, microcosm.created_at) <= $13)
            ORDER BY 6 DESC, 2 DESC
            LIMIT $14
        $search$
        USING p_site_id, p_profile_id, p_place_ids, p_language, p_is_text, p_text, p_in_title, p_hashtags, p_ids,
              p_author_id, p_is_following, p_since, p_until, p_max;
    END IF;
    IF 3 = ANY (p_kinds) AND NOT p_has_forum THEN
        RETURN QUERY EXECUTE $search$
            SELECT 3, profile.id, NULL::bigint, profile.id,
                   (CASE WHEN $5 THEN ts_rank(
                       setweight(to_tsvector($4, profile.name::text), 'A'), plainto_tsquery($4, $6)
                   ) ELSE 0.5 END)::double precision,
                   profile.last_active_at, NULL::timestamptz
            FROM profiles_profile AS profile
            WHERE profile.site_id = $1 AND lower(profile.name) <> 'deleted' AND profile.id <> ALL ($3)
              AND (NOT $5 OR to_tsvector($4, profile.name::text) @@ plainto_tsquery($4, $6))
              AND ($7 IS NULL OR NOT EXISTS (
                  SELECT FROM unnest($7) AS tag (name) WHERE strpos(lower(profile.name), lower(tag.name)) = 0
              ))
              AND ($8 IS NULL OR profile.id = ANY ($8))
              AND ($9 IS NULL OR profile.id = $9)
              AND (NOT $10 OR profile.id IN (
                  SELECT watcher.target_profile_id FROM updates_watcher AS watcher
                  WHERE watcher.profile_id = $2 AND watcher.target_profile_id IS NOT NULL
              ))
              AND (NOT $11 OR profile.id IN (SELECT attachment.profile_id FROM profiles_attachment AS attachment))
              AND ($12 IS NULL OR profile.last_active_at >= $12)
              AND ($13 IS NULL OR profile.last_active_at <= $13)
            ORDER BY profile.last_active_at DESC, profile.id DESC
            LIMIT $14
        $search$
        USING p_site_id, p_profile_id, p_ignored_profile_ids, p_language, p_is_text, p_text, p_hashtags, p_ids,
              p_author_id, p_is_following, p_has_attachment, p_since, p_until, p_max;
    END IF;
    -- Comments have no title, which leaves them unranked: last by relevance. Nobody follows one.
    IF cardinality(p_parents) > 0 AND NOT p_is_following THEN
        RETURN QUERY EXECUTE $search$
            SELECT 4, comment.id, comment.item_id, comment.profile_id,
                   (CASE WHEN $5 THEN 0 ELSE 0.5 END)::double precision, comment.created_at, NULL::timestamptz
            FROM comments_comment AS comment
            JOIN comments_revision AS revision
              ON revision.comment_id = comment.id AND revision.number = comment.revision_count
            LEFT JOIN items_item AS item ON item.id = comment.item_id
            WHERE comment.site_id = $1 AND NOT comment.is_deleted AND NOT comment.is_moderated
              AND CASE
                  WHEN item.id IS NULL THEN 3 = ANY ($8) AND NOT $9
                  ELSE item.kind = ANY ($8) AND NOT item.is_deleted AND NOT item.is_moderated AND item.id <> ALL ($10)
                       AND (item.microcosm_id = ANY ($2) OR (item.kind = 5 AND item.id = ANY ($16)))
              END
              AND comment.created_by_id <> ALL ($3)
              AND (NOT $5 OR to_tsvector($4, revision.markdown) @@ plainto_tsquery($4, $6))
              AND ($7 IS NULL OR NOT EXISTS (
                  SELECT FROM unnest($7) AS tag (name) WHERE strpos(lower(revision.markdown), lower(tag.name)) = 0
              ))
              AND ($11 IS NULL OR comment.item_id = ANY ($11) OR comment.profile_id = ANY ($11))
              AND ($12 IS NULL OR comment.created_by_id = $12)
              AND (NOT $13 OR comment.attachment_count > 0)
              AND ($14 IS NULL OR comment.created_at >= $14)
              AND ($15 IS NULL OR comment.created_at <= $15)
            ORDER BY comment.created_at DESC, comment.id DESC
            LIMIT $17
        $search$
        USING p_site_id, p_place_ids, p_ignored_profile_ids, p_language, p_is_text, p_text, p_hashtags, p_parents,
              p_has_forum, p_ignored_item_ids, p_ids, p_author_id, p_has_attachment, p_since, p_until, huddle_ids, p_max;
    END IF;
END $$;
