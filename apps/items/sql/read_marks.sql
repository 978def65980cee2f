-- name: mark_item_read
-- Moves a member's mark on an item forward to a moment, never back; nothing for an item of another site or
-- kind.
-- Uses: items_itemreadmark_pkey.
INSERT INTO items_itemreadmark AS mark (profile_id, item_id, read_at)
SELECT %(profile_id)s::bigint, item.id, %(at)s::timestamptz
FROM items_item AS item
WHERE item.id = %(item_id)s::bigint AND item.site_id = %(site_id)s::bigint AND item.kind = %(kind)s::smallint
ON CONFLICT (profile_id, item_id) DO UPDATE SET read_at = excluded.read_at WHERE mark.read_at < excluded.read_at

-- name: mark_microcosms_read
-- Moves a member's marks on a microcosm and everything below it forward to a moment, never back.
-- Uses: microcosms_microcosm_path, items_microcosmreadmark_pkey.
INSERT INTO items_microcosmreadmark AS mark (profile_id, microcosm_id, read_at)
SELECT %(profile_id)s::bigint, microcosm.id, %(at)s::timestamptz
FROM microcosms_microcosm AS microcosm
WHERE microcosm.path @> ARRAY[%(microcosm_id)s::bigint] AND microcosm.site_id = %(site_id)s::bigint
ORDER BY microcosm.id
ON CONFLICT (profile_id, microcosm_id) DO UPDATE SET read_at = excluded.read_at WHERE mark.read_at < excluded.read_at

-- name: drop_item_marks_in
-- Drops a member's marks on items in a microcosm and everything below it that a mark of the microcosm makes needless.
-- Uses: microcosms_microcosm_path, items_itemreadmark_pkey.
DELETE FROM items_itemreadmark AS mark
USING items_item AS item, microcosms_microcosm AS microcosm
WHERE mark.profile_id = %(profile_id)s::bigint AND mark.read_at <= %(at)s::timestamptz
  AND item.id = mark.item_id AND microcosm.id = item.microcosm_id
  AND microcosm.path @> ARRAY[%(microcosm_id)s::bigint] AND microcosm.site_id = %(site_id)s::bigint

-- name: drop_item_marks
-- Drops a member's marks on all items of the site that are filed somewhere; huddles keep theirs.
-- Uses: items_itemreadmark_pkey.
DELETE FROM items_itemreadmark AS mark
USING items_item AS item
WHERE mark.profile_id = %(profile_id)s::bigint AND mark.read_at <= %(at)s::timestamptz
  AND item.id = mark.item_id AND item.microcosm_id IS NOT NULL AND item.site_id = %(site_id)s::bigint

-- name: drop_microcosm_marks
-- Drops a member's marks on all microcosms of the site.
-- Uses: items_microcosmreadmark_pkey.
DELETE FROM items_microcosmreadmark AS mark
USING microcosms_microcosm AS microcosm
WHERE mark.profile_id = %(profile_id)s::bigint AND mark.read_at <= %(at)s::timestamptz
  AND microcosm.id = mark.microcosm_id AND microcosm.site_id = %(site_id)s::bigint

-- name: drop_huddle_marks
-- Drops a member's marks on single huddles of the site.
-- Uses: items_itemreadmark_pkey.
DELETE FROM items_itemreadmark AS mark
USING items_item AS item
WHERE mark.profile_id = %(profile_id)s::bigint AND mark.read_at <= %(at)s::timestamptz
  AND item.id = mark.item_id AND item.microcosm_id IS NULL AND item.site_id = %(site_id)s::bigint
