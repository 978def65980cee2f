-- The visible item of a microcosm that somebody was active in last, except some; no row if there is none.
-- One SELECT, so that the planner folds it into the statements that use it. Uses: items_item_place_order.
CREATE FUNCTION fn.newest_item(p_microcosm_id bigint, p_ignored_ids bigint[])
RETURNS TABLE (id bigint, last_activity_at timestamptz)
LANGUAGE sql STABLE ROWS 1 AS $$
    SELECT candidate.id, candidate.last_activity_at
    FROM (
        -- Once for pinned and once for other items, so that each reads one row of the index.
        (
            SELECT item.id, item.last_activity_at FROM items_item AS item
            WHERE item.microcosm_id = p_microcosm_id AND item.is_sticky
              AND NOT item.is_deleted AND NOT item.is_moderated AND item.id <> ALL (p_ignored_ids)
            ORDER BY item.last_activity_at DESC, item.id DESC LIMIT 1
        )
        UNION ALL
        (
            SELECT item.id, item.last_activity_at FROM items_item AS item
            WHERE item.microcosm_id = p_microcosm_id AND NOT item.is_sticky
              AND NOT item.is_deleted AND NOT item.is_moderated AND item.id <> ALL (p_ignored_ids)
            ORDER BY item.last_activity_at DESC, item.id DESC LIMIT 1
        )
    ) AS candidate
    ORDER BY candidate.last_activity_at DESC, candidate.id DESC
    LIMIT 1
$$;
