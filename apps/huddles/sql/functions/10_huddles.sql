-- The huddles of a participant that have, since both their mark on it and their mark on all huddles, a visible comment by
-- somebody they do not ignore (contract B 8.5); nothing for guests.
-- Uses: huddles_participant_profile_id, items_itemreadmark_pkey, comments_comment_page, updates_ignore_target.
CREATE FUNCTION fn.unread_huddles(p_site_id bigint, p_profile_id bigint) RETURNS TABLE (huddle_id bigint)
LANGUAGE sql STABLE ROWS 10 AS $$
    SELECT item.id
    FROM huddles_participant AS participant
    JOIN items_item AS item ON item.id = participant.huddle_id AND item.site_id = p_site_id
    LEFT JOIN items_itemreadmark AS mark ON mark.profile_id = participant.profile_id AND mark.item_id = item.id
    LEFT JOIN huddles_allhuddlesreadmark AS all_mark ON all_mark.profile_id = participant.profile_id
    WHERE participant.profile_id = p_profile_id AND NOT item.is_deleted AND NOT item.is_moderated
      AND item.last_activity_at > coalesce(greatest(mark.read_at, all_mark.read_at), '-infinity')
      AND EXISTS (
          SELECT FROM comments_comment AS comment
          WHERE comment.item_id = item.id AND NOT comment.is_deleted AND NOT comment.is_moderated
            AND comment.created_at > coalesce(greatest(mark.read_at, all_mark.read_at), '-infinity')
            AND NOT EXISTS (
                SELECT FROM updates_ignore AS ignored
                WHERE ignored.profile_id = participant.profile_id AND ignored.kind = 3
                  AND ignored.target_profile_id = comment.created_by_id
                  AND ignored.target_profile_id <> ignored.profile_id
            )
      )
$$;

-- Who is in a huddle, by id, as columns of equal length; always one row. Who may know is the caller's business.
-- Uses: huddles_participant_pair.
CREATE FUNCTION fn.people_in_huddle(p_huddle_id bigint) RETURNS TABLE (
    ids bigint[], user_ids bigint[], names text[], visibilities boolean[], avatar_urls text[]
)
LANGUAGE sql STABLE ROWS 1 AS $$
    SELECT array_agg(profile.id ORDER BY profile.id),
           array_agg(profile.user_id ORDER BY profile.id),
           array_agg(profile.name::text ORDER BY profile.id),
           array_agg(profile.is_visible ORDER BY profile.id),
           array_agg(profile.avatar_url::text ORDER BY profile.id)
    FROM huddles_participant AS participant
    JOIN profiles_profile AS profile ON profile.id = participant.profile_id
    WHERE participant.huddle_id = p_huddle_id
$$;
