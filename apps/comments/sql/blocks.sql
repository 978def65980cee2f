-- name: note_newest
-- Counts the newest comment of an item in its last block, or begins another one with it when that is full. Answers
-- whether the item has blocks at all. The caller holds the lock of the item.
-- Uses: comments_block_first.
WITH newest AS MATERIALIZED (
    SELECT block.id, block.first_at, block.first_id, block.before_count, block.comment_count
    FROM comments_commentblock AS block
    JOIN items_item AS item ON item.id = block.item_id
    WHERE block.item_id = %(item_id)s::bigint AND item.site_id = %(site_id)s::bigint
      AND (block.first_at, block.first_id) <= (%(created_at)s::timestamptz, %(comment_id)s::bigint)
    ORDER BY block.first_at DESC, block.first_id DESC
    LIMIT 1
),
grown AS (
    UPDATE comments_commentblock AS block
    SET comment_count = block.comment_count + 1
    FROM newest
    WHERE block.id = newest.id AND newest.comment_count < %(size)s::integer
),
begun AS (
    INSERT INTO comments_commentblock (item_id, first_at, first_id, before_count, comment_count)
    SELECT %(item_id)s::bigint, %(created_at)s::timestamptz, %(comment_id)s::bigint,
           newest.before_count + newest.comment_count, 1
    FROM newest
    WHERE newest.comment_count >= %(size)s::integer
),
-- Blocks that begin later hold nothing visible, because a clock had run ahead.
shifted AS (
    UPDATE comments_commentblock AS block
    SET before_count = block.before_count + 1
    FROM newest
    WHERE block.item_id = %(item_id)s::bigint
      AND (block.first_at, block.first_id) > (newest.first_at, newest.first_id)
)
SELECT EXISTS (SELECT FROM newest) AS is_indexed

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
-- Divides the visible comments of an item of a site, which has no blocks, into blocks of a size; fewer than one block make
-- none. The caller holds its lock. Uses: comments_comment_page.
INSERT INTO comments_commentblock (item_id, first_at, first_id, before_count, comment_count)
SELECT numbered.item_id,
       -- The first block begins before everything, so that what is shown again before the first comment has its place.
       CASE WHEN numbered.place = 1 THEN '0001-01-01T00:00:00Z'::timestamptz ELSE numbered.created_at END,
       CASE WHEN numbered.place = 1 THEN 0 ELSE numbered.id END,
       numbered.place - 1,
       least(%(size)s::bigint, numbered.total - numbered.place + 1)
FROM (
    SELECT comment.item_id, comment.created_at, comment.id,
           row_number() OVER (ORDER BY comment.created_at, comment.id) AS place,
           count(*) OVER () AS total
    FROM comments_comment AS comment
    JOIN items_item AS item ON item.id = comment.item_id
    WHERE comment.item_id = %(item_id)s::bigint AND item.site_id = %(site_id)s::bigint
      AND NOT comment.is_deleted AND NOT comment.is_moderated
) AS numbered
WHERE numbered.total >= %(size)s::bigint AND (numbered.place - 1) %% %(size)s::bigint = 0
