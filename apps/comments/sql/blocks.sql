-- name: note_newest
-- Counts the newest comment of an item of a site in its blocks: see fn.note_newest. The caller holds the lock of the item.
SELECT fn.note_newest(item.id, %(created_at)s::timestamptz, %(comment_id)s::bigint, %(size)s::integer)
FROM items_item AS item
WHERE item.id = %(item_id)s::bigint AND item.site_id = %(site_id)s::bigint

-- name: note_visibility
-- Counts a comment that was hidden or shown in the block that it stands in and before those that follow. The caller holds
-- the lock of the item. Uses: comments_block_first.
UPDATE comments_commentblock AS block
SET comment_count = block.comment_count + CASE WHEN block.id = holder.id THEN %(change)s::integer ELSE 0 END,
    before_count = block.before_count + CASE WHEN block.id = holder.id THEN 0 ELSE %(change)s::integer END
FROM (
    SELECT candidate.id, candidate.first_at, candidate.first_id
    FROM comments_commentblock AS candidate
    JOIN items_item AS item ON item.id = candidate.item_id
    WHERE candidate.item_id = %(item_id)s::bigint AND item.site_id = %(site_id)s::bigint
      AND (candidate.first_at, candidate.first_id) <= (%(created_at)s::timestamptz, %(comment_id)s::bigint)
    ORDER BY candidate.first_at DESC, candidate.first_id DESC
    LIMIT 1
) AS holder
WHERE block.item_id = %(item_id)s::bigint
  AND (block.first_at, block.first_id) >= (holder.first_at, holder.first_id)

-- name: drop_blocks
-- Forgets the blocks of an item of a site. The caller holds its lock.
-- Uses: comments_block_first.
DELETE FROM comments_commentblock AS block
USING items_item AS item
WHERE item.id = block.item_id AND item.site_id = %(site_id)s::bigint AND block.item_id = %(item_id)s::bigint

-- name: make_blocks
-- Divides the comments of an item of a site, which has no blocks: see fn.make_blocks. The caller holds its lock.
SELECT fn.make_blocks(item.id, %(size)s::integer)
FROM items_item AS item
WHERE item.id = %(item_id)s::bigint AND item.site_id = %(site_id)s::bigint
