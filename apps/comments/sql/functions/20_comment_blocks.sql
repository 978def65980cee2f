-- How many visible comments the muted have made on an item before a place in it (all of them for 'infinity'). Asked one
-- by one: for all the muted at once the planner reads all comments of the item. Uses: comments_comment_said.
CREATE FUNCTION fn.hushed_count(
    p_item_id bigint, p_muted_ids bigint[], p_at timestamptz DEFAULT 'infinity', p_id bigint DEFAULT 0
) RETURNS bigint
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    IF cardinality(p_muted_ids) = 0 THEN
        RETURN 0;
    END IF;
    RETURN (
        SELECT coalesce(sum(said.comment_count), 0)
        FROM unnest(p_muted_ids) AS muted (id)
        CROSS JOIN LATERAL (
            SELECT count(*) AS comment_count
            FROM comments_comment AS hushed
            WHERE hushed.item_id = p_item_id AND hushed.created_by_id = muted.id
              AND NOT hushed.is_deleted AND NOT hushed.is_moderated
              AND (hushed.created_at, hushed.id) < (p_at, p_id)
        ) AS said
    );
END $$;

-- One page of an item's visible comments by people other than the muted, oldest first: their ids in order. With `p_from_at`
-- and `p_from_id`, the place of a cursor, those that follow it or (`p_is_before`) precede it.
-- It costs the same wherever the page is: it reads on from the last block that does not begin beyond it.
-- Uses: comments_block_before, comments_comment_page, comments_comment_said.
CREATE FUNCTION fn.comment_ids(
    p_item_id bigint, p_muted_ids bigint[], p_limit bigint, p_offset bigint,
    p_from_at timestamptz DEFAULT NULL, p_from_id bigint DEFAULT NULL, p_is_before boolean DEFAULT false
) RETURNS bigint[]
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    block record;
    hushed bigint;
    start_at timestamptz := '-infinity';
    start_id bigint := 0;
    skipped bigint := 0;
BEGIN
    IF p_from_id IS NOT NULL AND p_is_before THEN
        RETURN ARRAY(
            SELECT nearest.id
            FROM (
                SELECT comment.id, comment.created_at
                FROM comments_comment AS comment
                WHERE comment.item_id = p_item_id AND NOT comment.is_deleted AND NOT comment.is_moderated
                  AND (comment.created_at, comment.id) < (p_from_at, p_from_id)
                  AND NOT (comment.created_by_id = ANY (p_muted_ids))
                ORDER BY comment.created_at DESC, comment.id DESC
                LIMIT p_limit
            ) AS nearest
            ORDER BY nearest.created_at, nearest.id
        );
    ELSIF p_from_id IS NOT NULL THEN
        start_at := p_from_at;
        start_id := p_from_id + 1;
    ELSIF p_offset > 0 THEN
        -- Without the muted fewer stand before a block, but not fewer than without all that they have said.
        hushed := fn.hushed_count(p_item_id, p_muted_ids);
        FOR block IN
            SELECT candidate.first_at, candidate.first_id, candidate.before_count
            FROM comments_commentblock AS candidate
            WHERE candidate.item_id = p_item_id AND candidate.before_count <= p_offset + hushed
            ORDER BY candidate.before_count DESC, candidate.first_at DESC, candidate.first_id DESC
        LOOP
            skipped := block.before_count
                - fn.hushed_count(p_item_id, p_muted_ids, block.first_at, block.first_id);
            IF skipped <= p_offset THEN
                start_at := block.first_at;
                start_id := block.first_id;
                EXIT;
            END IF;
        END LOOP;
    END IF;
    RETURN ARRAY(
        SELECT comment.id
        FROM comments_comment AS comment
        WHERE comment.item_id = p_item_id AND NOT comment.is_deleted AND NOT comment.is_moderated
          AND (comment.created_at, comment.id) >= (start_at, start_id)
          AND NOT (comment.created_by_id = ANY (p_muted_ids))
        ORDER BY comment.created_at, comment.id
        LIMIT p_limit OFFSET p_offset - skipped
    );
END $$;

-- How many of an item's visible comments by people other than the muted stand at or before a place in it.
-- Uses: comments_block_first, comments_comment_page, comments_comment_said.
CREATE FUNCTION fn.comment_rank(
    p_item_id bigint, p_muted_ids bigint[], p_at timestamptz, p_id bigint
) RETURNS bigint
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    start_at timestamptz;
    start_id bigint;
    skipped bigint;
BEGIN
    SELECT block.first_at, block.first_id,
           block.before_count - fn.hushed_count(p_item_id, p_muted_ids, block.first_at, block.first_id)
      INTO start_at, start_id, skipped
      FROM comments_commentblock AS block
     WHERE block.item_id = p_item_id AND (block.first_at, block.first_id) <= (p_at, p_id)
     ORDER BY block.first_at DESC, block.first_id DESC
     LIMIT 1;
    RETURN coalesce(skipped, 0) + (
        SELECT count(*)
        FROM comments_comment AS comment
        WHERE comment.item_id = p_item_id AND NOT comment.is_deleted AND NOT comment.is_moderated
          AND (comment.created_at, comment.id) >= (coalesce(start_at, '-infinity'), coalesce(start_id, 0))
          AND (comment.created_at, comment.id) <= (p_at, p_id)
          AND NOT (comment.created_by_id = ANY (p_muted_ids))
    );
END $$;
