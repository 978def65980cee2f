-- Divides the visible comments of an item, which has no blocks, into blocks of a size; fewer than one block make none. The
-- caller holds the lock of the item. Uses: comments_comment_page.
CREATE FUNCTION fn.make_blocks(p_item_id bigint, p_size integer) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO comments_commentblock (item_id, first_at, first_id, before_count, comment_count)
    SELECT p_item_id,
           -- The first block begins before everything, so that what is shown again before the first comment has its place.
           CASE WHEN numbered.place = 1 THEN '0001-01-01T00:00:00Z'::timestamptz ELSE numbered.created_at END,
           CASE WHEN numbered.place = 1 THEN 0 ELSE numbered.id END,
           numbered.place - 1,
           least(p_size, numbered.total - numbered.place + 1)
    FROM (
        SELECT comment.created_at, comment.id,
               row_number() OVER (ORDER BY comment.created_at, comment.id) AS place,
               count(*) OVER () AS total
        FROM comments_comment AS comment
        WHERE comment.item_id = p_item_id AND NOT comment.is_deleted AND NOT comment.is_moderated
    ) AS numbered
    WHERE numbered.total >= p_size AND (numbered.place - 1) % p_size = 0;
END $$;

-- Counts the newest comment of an item in its last block, or begins another one with it when that is full; makes the blocks
-- of an item that has none. The caller holds the lock of the item. Uses: comments_block_first.
CREATE FUNCTION fn.note_newest(p_item_id bigint, p_at timestamptz, p_comment_id bigint, p_size integer) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    newest record;
BEGIN
    SELECT block.id, block.first_at, block.first_id, block.before_count, block.comment_count
      INTO newest
      FROM comments_commentblock AS block
     WHERE block.item_id = p_item_id AND (block.first_at, block.first_id) <= (p_at, p_comment_id)
     ORDER BY block.first_at DESC, block.first_id DESC
     LIMIT 1;
    IF NOT FOUND THEN
        PERFORM fn.make_blocks(p_item_id, p_size);
        RETURN;
    END IF;
    -- Blocks that begin later hold nothing visible, because a clock had run ahead.
    UPDATE comments_commentblock AS block
    SET before_count = block.before_count + 1
    WHERE block.item_id = p_item_id AND (block.first_at, block.first_id) > (newest.first_at, newest.first_id);
    IF newest.comment_count < p_size THEN
        UPDATE comments_commentblock AS block SET comment_count = block.comment_count + 1 WHERE block.id = newest.id;
    ELSE
        INSERT INTO comments_commentblock (item_id, first_at, first_id, before_count, comment_count)
        VALUES (p_item_id, p_at, p_comment_id, newest.before_count + newest.comment_count, 1);
    END IF;
END $$;
