-- name: recount_items_of_site
-- Finds count and newest of the visible comments of each item of a site again and changes the rows that differ.
UPDATE items_item AS item
SET comment_count = counted.comment_count, last_comment_id = counted.last_comment_id,
    last_comment_at = counted.last_comment_at, last_comment_by_id = counted.last_comment_by_id,
    last_activity_at = counted.last_activity_at
FROM (
    SELECT counting.id,
           coalesce(numbers.comment_count, 0) AS comment_count,
           newest.id AS last_comment_id, newest.created_at AS last_comment_at,
           newest.created_by_id AS last_comment_by_id,
           coalesce(newest.created_at, counting.created_at) AS last_activity_at
    FROM items_item AS counting
    LEFT JOIN (
        SELECT comment.item_id, count(*) AS comment_count
        FROM comments_comment AS comment
        WHERE comment.site_id = %(site_id)s::bigint AND comment.item_id IS NOT NULL
          AND NOT comment.is_deleted AND NOT comment.is_moderated
        GROUP BY comment.item_id
    ) AS numbers ON numbers.item_id = counting.id
    LEFT JOIN (
        SELECT DISTINCT ON (comment.item_id) comment.item_id, comment.id, comment.created_at, comment.created_by_id
        FROM comments_comment AS comment
        WHERE comment.site_id = %(site_id)s::bigint AND comment.item_id IS NOT NULL
          AND NOT comment.is_deleted AND NOT comment.is_moderated
        ORDER BY comment.item_id, comment.created_at DESC, comment.id DESC
    ) AS newest ON newest.item_id = counting.id
    WHERE counting.site_id = %(site_id)s::bigint
) AS counted
WHERE item.id = counted.id AND item.site_id = %(site_id)s::bigint
  AND (item.comment_count, item.last_comment_id, item.last_comment_at, item.last_comment_by_id, item.last_activity_at)
      IS DISTINCT FROM
      (counted.comment_count, counted.last_comment_id, counted.last_comment_at, counted.last_comment_by_id,
       counted.last_activity_at)
