-- name: fold_views
-- Takes a batch of stored views, the oldest first, and adds them to the items of their sites; one row: how many rows were
-- taken, and how many views they were. What another process is just taking is passed over.
-- For all sites, as the job that asks is. Uses: items_pendingview_pkey, items_item_pkey.
WITH taken AS (
    DELETE FROM items_pendingview AS pending
    WHERE pending.id IN (
        SELECT oldest.id
        FROM items_pendingview AS oldest
        ORDER BY oldest.id
        LIMIT %(limit)s::bigint
        FOR UPDATE SKIP LOCKED
    )
    RETURNING pending.site_id, pending.item_id, pending.view_count
),
seen AS (
    SELECT taken.site_id, taken.item_id, sum(taken.view_count) AS view_count
    FROM taken
    GROUP BY taken.site_id, taken.item_id
),
locked AS MATERIALIZED (
    -- In one order, so that two of these never wait for each other.
    SELECT item.id, seen.view_count
    FROM seen
    JOIN items_item AS item ON item.id = seen.item_id AND item.site_id = seen.site_id
    ORDER BY item.id
    FOR NO KEY UPDATE OF item
),
added AS (
    UPDATE items_item AS item
    SET view_count = least(item.view_count::bigint + locked.view_count, 2147483647)
    FROM locked
    WHERE item.id = locked.id
)
SELECT count(*) AS row_count, coalesce(sum(taken.view_count), 0)::bigint AS view_count
FROM taken
