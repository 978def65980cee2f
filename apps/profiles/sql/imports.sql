-- name: recount_profiles_of_site
-- Counts the visible items and comments of everybody on a site again and changes the counters that differ.
UPDATE profiles_profile AS profile
SET item_count = counted.item_count, comment_count = counted.comment_count
FROM (
    SELECT counting.id, coalesce(items.number, 0) AS item_count, coalesce(comments.number, 0) AS comment_count
    FROM profiles_profile AS counting
    LEFT JOIN (
        SELECT item.created_by_id, count(*) AS number
        FROM items_item AS item
        WHERE item.site_id = %(site_id)s::bigint AND item.kind <> 5 AND NOT item.is_deleted AND NOT item.is_moderated
        GROUP BY item.created_by_id
    ) AS items ON items.created_by_id = counting.id
    LEFT JOIN (
        SELECT comment.created_by_id, count(*) AS number
        FROM comments_comment AS comment
        WHERE comment.site_id = %(site_id)s::bigint AND NOT comment.is_deleted AND NOT comment.is_moderated
        GROUP BY comment.created_by_id
    ) AS comments ON comments.created_by_id = counting.id
    WHERE counting.site_id = %(site_id)s::bigint
) AS counted
WHERE profile.id = counted.id AND profile.site_id = %(site_id)s::bigint
  AND (profile.item_count, profile.comment_count) IS DISTINCT FROM (counted.item_count, counted.comment_count)
