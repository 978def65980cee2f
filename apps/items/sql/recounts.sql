-- name: differing_items
-- Those of some items whose number or newest of visible comments is not what is kept: both, as `repair` wants them.
-- Uses: items_item_pkey, comments_comment_page.
SELECT item.id,
       item.comment_count, counted.comment_count AS counted_comment_count,
       item.last_comment_id, newest.id AS counted_last_comment_id,
       item.last_comment_at, newest.created_at AS counted_last_comment_at,
       item.last_comment_by_id, newest.created_by_id AS counted_last_comment_by_id,
       item.last_activity_at, coalesce(newest.created_at, item.created_at) AS counted_last_activity_at
FROM items_item AS item
CROSS JOIN LATERAL (
    SELECT count(*) AS comment_count
    FROM comments_comment AS comment
    WHERE comment.item_id = item.id AND NOT comment.is_deleted AND NOT comment.is_moderated
) AS counted
LEFT JOIN LATERAL (
    SELECT comment.id, comment.created_at, comment.created_by_id
    FROM comments_comment AS comment
    WHERE comment.item_id = item.id AND NOT comment.is_deleted AND NOT comment.is_moderated
    ORDER BY comment.created_at DESC, comment.id DESC
    LIMIT 1
) AS newest ON true
WHERE item.id = ANY (%(item_ids)s::bigint[]) AND item.site_id = %(site_id)s::bigint
  AND (item.comment_count, item.last_comment_id, item.last_comment_at, item.last_comment_by_id, item.last_activity_at)
      IS DISTINCT FROM
      (counted.comment_count, newest.id, newest.created_at, newest.created_by_id,
       coalesce(newest.created_at, item.created_at))
ORDER BY item.id
