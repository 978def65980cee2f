-- name: refresh_last_comment
-- Finds the newest visible comment of an item again, after one was hidden or shown.
-- Uses: comments_comment_page.
UPDATE items_item AS item
SET last_comment_id = newest.id,
    last_comment_at = newest.created_at,
    last_comment_by_id = newest.created_by_id,
    last_activity_at = coalesce(newest.created_at, item.created_at)
FROM (SELECT %(item_id)s::bigint AS item_id) AS asked
LEFT JOIN LATERAL (
    SELECT comment.id, comment.created_at, comment.created_by_id
    FROM comments_comment AS comment
    WHERE comment.item_id = asked.item_id AND NOT comment.is_deleted AND NOT comment.is_moderated
    ORDER BY comment.created_at DESC, comment.id DESC
    LIMIT 1
) AS newest ON true
WHERE item.id = asked.item_id AND item.site_id = %(site_id)s::bigint
