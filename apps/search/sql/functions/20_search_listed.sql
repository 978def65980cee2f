-- What is found without a text (contract B 10.5, metadata) among the things that the viewer may see, in no order: kind, id,
-- the item it is or is on, the profile it is or is on, last activity and, of events, when they begin. `p_place_ids` are the
-- microcosms that are looked through; a null list, id or moment stands for no condition.
-- Each kind is a statement of its own, planned for its values (EXECUTE always is): conditions that nobody asked for vanish,
-- and the others decide which index serves.
-- Uses: items_item_recent, items_item_author, comments_comment_author, comments_comment_page, search_comment_newest.
CREATE FUNCTION fn.search_listed(
    p_site_id bigint, p_profile_id bigint, p_place_ids bigint[], p_ignored_item_ids bigint[],
    p_ignored_profile_ids bigint[], p_kinds integer[], p_parents integer[], p_ids bigint[], p_has_forum boolean,
    p_author_id bigint, p_is_following boolean, p_has_attachment boolean, p_since timestamptz, p_until timestamptz,
    p_event_after timestamptz, p_event_before timestamptz, p_is_attendee boolean
) RETURNS TABLE (
    kind integer, id bigint, item_id bigint, home_id bigint, last_activity_at timestamptz, starts_at timestamptz
)
LANGUAGE plpgsql STABLE ROWS 100 AS $$
DECLARE
    item_kinds CONSTANT integer[] := ARRAY(
        SELECT given.kind FROM unnest(p_kinds) AS given (kind) WHERE given.kind NOT IN (2, 3)
    );
    huddle_ids bigint[] := '{}';
BEGIN
    IF NOT p_has_forum AND (5 = ANY (item_kinds) OR 5 = ANY (p_parents)) THEN
        huddle_ids := ARRAY(
            SELECT item.id
            FROM huddles_participant AS participant
            JOIN items_item AS item ON item.id = participant.huddle_id
            WHERE participant.profile_id = p_profile_id AND item.created_by_id <> ALL (p_ignored_profile_ids)
        );
    END IF;
    IF cardinality(item_kinds) > 0 AND NOT p_has_attachment THEN
        RETURN QUERY EXECUTE $search$
            SELECT item.kind::integer, item.id, item.id, NULL::bigint, item.last_activity_at, event.starts_at
            FROM items_item AS item
            LEFT JOIN items_event AS event ON event.item_id = item.id
            WHERE item.site_id = $1 AND NOT item.is_deleted AND NOT item.is_moderated
              AND item.kind = ANY ($5) AND item.id <> ALL ($4)
              AND (item.microcosm_id = ANY ($3) OR (item.kind = 5 AND item.id = ANY ($14)))
              AND ($6 IS NULL OR item.id = ANY ($6))
              AND ($7 IS NULL OR item.created_by_id = $7)
              AND (NOT $8 OR item.id IN (
                  SELECT watcher.item_id FROM updates_watcher AS watcher
                  WHERE watcher.profile_id = $2 AND watcher.item_id IS NOT NULL
              ))
              AND ($9 IS NULL OR item.last_activity_at >= $9)
              AND ($10 IS NULL OR item.last_activity_at <= $10)
              AND ($11 IS NULL OR event.starts_at >= $11)
              AND ($12 IS NULL OR event.starts_at <= $12)
              AND (NOT $13 OR EXISTS (
                  SELECT FROM items_attendee AS attendee
                  WHERE attendee.event_id = item.id AND attendee.profile_id = $2 AND attendee.rsvp = 1
              ))
        $search$
        USING p_site_id, p_profile_id, p_place_ids, p_ignored_item_ids, item_kinds, p_ids, p_author_id, p_is_following,
              p_since, p_until, p_event_after, p_event_before, p_is_attendee, huddle_ids;
    END IF;
    IF 2 = ANY (p_kinds) AND NOT p_has_attachment THEN
        RETURN QUERY EXECUTE $search$
            SELECT 2, microcosm.id, NULL::bigint, NULL::bigint,
                   coalesce(microcosm.last_activity_at, microcosm.created_at), NULL::timestamptz
            FROM microcosms_microcosm AS microcosm
            WHERE microcosm.site_id = $1 AND microcosm.id = ANY ($3)
              AND ($4 IS NULL OR microcosm.id = ANY ($4))
              AND ($5 IS NULL OR microcosm.created_by_id = $5)
              AND (NOT $6 OR microcosm.id IN (
                  SELECT watcher.microcosm_id FROM updates_watcher AS watcher
                  WHERE watcher.profile_id = $2 AND watcher.microcosm_id IS NOT NULL
              ))
              AND ($7 IS NULL OR coalesce(microcosm.last_activity_at, microcosm.created_at) >= $7)
              AND ($8 IS NULL OR coalesce(microcosm.last_activity_at, microcosm.created_at) <= $8)
        $search$
        USING p_site_id, p_profile_id, p_place_ids, p_ids, p_author_id, p_is_following, p_since, p_until;
    END IF;
    IF 3 = ANY (p_kinds) AND NOT p_has_forum THEN
        RETURN QUERY EXECUTE $search$
            SELECT 3, profile.id, NULL::bigint, profile.id, profile.last_active_at, NULL::timestamptz
            FROM profiles_profile AS profile
            WHERE profile.site_id = $1 AND lower(profile.name) <> 'deleted' AND profile.id <> ALL ($3)
              AND ($4 IS NULL OR profile.id = ANY ($4))
              AND ($5 IS NULL OR profile.id = $5)
              AND (NOT $6 OR profile.id IN (
                  SELECT watcher.target_profile_id FROM updates_watcher AS watcher
                  WHERE watcher.profile_id = $2 AND watcher.target_profile_id IS NOT NULL
              ))
              AND (NOT $7 OR profile.id IN (SELECT attachment.profile_id FROM profiles_attachment AS attachment))
              AND ($8 IS NULL OR profile.last_active_at >= $8)
              AND ($9 IS NULL OR profile.last_active_at <= $9)
        $search$
        USING p_site_id, p_profile_id, p_ignored_profile_ids, p_ids, p_author_id, p_is_following, p_has_attachment,
              p_since, p_until;
    END IF;
    -- Nobody follows a comment. What names some of them leads to those; the others are all of a site, which their words know.
    IF cardinality(p_parents) > 0 AND NOT p_is_following
       AND (p_ids IS NOT NULL OR p_author_id IS NOT NULL OR p_has_attachment) THEN
        RETURN QUERY EXECUTE $search$
            SELECT 4, comment.id, comment.item_id, comment.profile_id, comment.created_at, NULL::timestamptz
            FROM comments_comment AS comment
            LEFT JOIN items_item AS item ON item.id = comment.item_id
            WHERE comment.site_id = $1 AND NOT comment.is_deleted AND NOT comment.is_moderated
              AND CASE
                  WHEN comment.profile_id IS NOT NULL THEN 3 = ANY ($4) AND NOT $5
                  ELSE item.kind = ANY ($4) AND NOT item.is_deleted AND NOT item.is_moderated AND item.id <> ALL ($6)
                       AND (item.microcosm_id = ANY ($2) OR (item.kind = 5 AND item.id = ANY ($12)))
              END
              AND comment.created_by_id <> ALL ($3)
              AND ($7 IS NULL OR comment.item_id = ANY ($7) OR comment.profile_id = ANY ($7))
              AND ($8 IS NULL OR comment.created_by_id = $8)
              AND (NOT $9 OR comment.attachment_count > 0)
              AND ($10 IS NULL OR comment.created_at >= $10)
              AND ($11 IS NULL OR comment.created_at <= $11)
        $search$
        USING p_site_id, p_place_ids, p_ignored_profile_ids, p_parents, p_has_forum, p_ignored_item_ids, p_ids,
              p_author_id, p_has_attachment, p_since, p_until, huddle_ids;
    ELSIF cardinality(p_parents) > 0 AND NOT p_is_following THEN
        RETURN QUERY EXECUTE $search$
            SELECT 4, said.comment_id, said.item_id, said.profile_id, said.created_at, NULL::timestamptz
            FROM search_commentwords AS said
            LEFT JOIN items_item AS item ON item.id = said.item_id
            WHERE said.site_id = $1
              AND CASE
                  WHEN said.profile_id IS NOT NULL THEN 3 = ANY ($4) AND NOT $5
                  ELSE item.kind = ANY ($4) AND NOT item.is_deleted AND NOT item.is_moderated AND item.id <> ALL ($6)
                       AND (item.microcosm_id = ANY ($2) OR (item.kind = 5 AND item.id = ANY ($9)))
              END
              AND said.author_id <> ALL ($3)
              AND ($7 IS NULL OR said.created_at >= $7)
              AND ($8 IS NULL OR said.created_at <= $8)
        $search$
        USING p_site_id, p_place_ids, p_ignored_profile_ids, p_parents, p_has_forum, p_ignored_item_ids, p_since,
              p_until, huddle_ids;
    END IF;
END $$;
