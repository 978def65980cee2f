-- name: differing_profiles
-- Those of some profiles whose number of visible items, visible comments or unread huddles is not what is kept: both, as
-- `repair` wants them. Uses: profiles_profile_pkey, items_item_author, comments_comment_author, and fn.unread_huddles's.
SELECT profile.id,
       profile.item_count, items.item_count AS counted_item_count,
       profile.comment_count, comments.comment_count AS counted_comment_count,
       profile.unread_huddle_count, huddles.unread_huddle_count AS counted_unread_huddle_count
FROM profiles_profile AS profile
CROSS JOIN LATERAL (
    SELECT count(*) AS item_count
    FROM items_item AS item
    WHERE item.created_by_id = profile.id AND item.site_id = profile.site_id AND item.kind <> 5
      AND NOT item.is_deleted AND NOT item.is_moderated
) AS items
CROSS JOIN LATERAL (
    SELECT count(*) AS comment_count
    FROM comments_comment AS comment
    WHERE comment.created_by_id = profile.id AND comment.site_id = profile.site_id
      AND NOT comment.is_deleted AND NOT comment.is_moderated
) AS comments
CROSS JOIN LATERAL (
    SELECT count(*) AS unread_huddle_count FROM fn.unread_huddles(%(site_id)s::bigint, profile.id)
) AS huddles
WHERE profile.id = ANY (%(profile_ids)s::bigint[]) AND profile.site_id = %(site_id)s::bigint
  AND (profile.item_count, profile.comment_count, profile.unread_huddle_count)
      IS DISTINCT FROM (items.item_count, comments.comment_count, huddles.unread_huddle_count)
ORDER BY profile.id
