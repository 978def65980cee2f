-- name: adjust_counts
-- Adds to what a microcosm counts of the things directly inside, and notes when something happened there, if it is said.
-- Uses: microcosms_microcosm_pkey.
UPDATE microcosms_microcosm
SET conversation_count = greatest(conversation_count + %(conversations)s::integer, 0),
    event_count = greatest(event_count + %(events)s::integer, 0),
    poll_count = greatest(poll_count + %(polls)s::integer, 0),
    comment_count = greatest(comment_count + %(comments)s::integer, 0),
    last_activity_at = greatest(last_activity_at, %(active_at)s::timestamptz)
WHERE id = %(microcosm_id)s::bigint AND site_id = %(site_id)s::bigint

-- name: recompute_last_activity
-- Sets the time of the newest visible item or comment directly inside a microcosm, null when there is none.
-- Uses: items_item_place_order.
UPDATE microcosms_microcosm AS microcosm
SET last_activity_at = greatest(
    (
        SELECT item.last_activity_at FROM items_item AS item
        WHERE item.microcosm_id = microcosm.id AND item.site_id = microcosm.site_id AND item.is_sticky
          AND NOT item.is_deleted AND NOT item.is_moderated
        ORDER BY item.last_activity_at DESC LIMIT 1
    ),
    (
        SELECT item.last_activity_at FROM items_item AS item
        WHERE item.microcosm_id = microcosm.id AND item.site_id = microcosm.site_id AND NOT item.is_sticky
          AND NOT item.is_deleted AND NOT item.is_moderated
        ORDER BY item.last_activity_at DESC LIMIT 1
    )
)
WHERE microcosm.id = %(microcosm_id)s::bigint AND microcosm.site_id = %(site_id)s::bigint

-- name: lock_subtree
-- Locks a microcosm and everything below it, the whole site when microcosm_id is null, in the order of their ids, as
-- writers of items do (docs/decisions/0015). Lock the site first, so that it stays the same tree.
WITH RECURSIVE tree AS (
    SELECT microcosm.id
    FROM microcosms_microcosm AS microcosm
    WHERE microcosm.site_id = %(site_id)s::bigint
      AND CASE WHEN %(microcosm_id)s::bigint IS NULL THEN microcosm.parent_id IS NULL
               ELSE microcosm.id = %(microcosm_id)s::bigint END
    UNION
    SELECT child.id
    FROM tree
    JOIN microcosms_microcosm AS child ON child.parent_id = tree.id
)
SELECT microcosm.id
FROM microcosms_microcosm AS microcosm
WHERE microcosm.site_id = %(site_id)s::bigint AND microcosm.id IN (SELECT tree.id FROM tree)
ORDER BY microcosm.id
FOR NO KEY UPDATE OF microcosm

-- name: recompute_tree
-- Sets path and is_live of a microcosm and everything below it from the parents and flags; the whole site when
-- microcosm_id is null. Lock the site and the tree first: `services` does.
WITH RECURSIVE tree AS (
    SELECT microcosm.id, coalesce(parent.path, '{}') || microcosm.id AS path,
           coalesce(parent.is_live, true) AND NOT microcosm.is_deleted AND NOT microcosm.is_moderated AS is_live
    FROM microcosms_microcosm AS microcosm
    LEFT JOIN microcosms_microcosm AS parent ON parent.id = microcosm.parent_id
    WHERE microcosm.site_id = %(site_id)s::bigint
      AND CASE WHEN %(microcosm_id)s::bigint IS NULL THEN microcosm.parent_id IS NULL
               ELSE microcosm.id = %(microcosm_id)s::bigint END
    UNION ALL
    SELECT child.id, tree.path || child.id, tree.is_live AND NOT child.is_deleted AND NOT child.is_moderated
    FROM tree
    JOIN microcosms_microcosm AS child ON child.parent_id = tree.id
    WHERE child.id <> ALL (tree.path)
)
UPDATE microcosms_microcosm AS microcosm
SET path = tree.path, is_live = tree.is_live
FROM tree
WHERE microcosm.id = tree.id AND (microcosm.path, microcosm.is_live) IS DISTINCT FROM (tree.path, tree.is_live)

-- name: recompute_sequence
-- Numbers the microcosms of a site: 1 has the most visible items and comments in it and below, ties go by id (B 17).
-- Those that get another number are locked in the order of their ids.
WITH busy AS (
    SELECT microcosm.id, row_number() OVER (ORDER BY sum(
               inside.conversation_count + inside.event_count + inside.poll_count + inside.comment_count
           ) DESC, microcosm.id) AS sequence
    FROM microcosms_microcosm AS microcosm
    JOIN microcosms_microcosm AS inside ON inside.site_id = microcosm.site_id AND microcosm.id = ANY (inside.path)
    WHERE microcosm.site_id = %(site_id)s::bigint
    GROUP BY microcosm.id
),
renumbered AS (
    SELECT microcosm.id, busy.sequence
    FROM microcosms_microcosm AS microcosm
    JOIN busy ON busy.id = microcosm.id
    WHERE microcosm.sequence <> busy.sequence
    ORDER BY microcosm.id
    FOR NO KEY UPDATE OF microcosm
)
UPDATE microcosms_microcosm AS microcosm
SET sequence = renumbered.sequence
FROM renumbered
WHERE microcosm.id = renumbered.id
