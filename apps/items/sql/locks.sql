-- name: item_access
-- An item of a kind with its microcosm, as `queries.item_of` wants them, and what a viewer may do with it: twelve
-- permissions stand in front. Whether it may be reached is the caller's business. Nothing when there is none.
-- Uses: items_item_pkey, microcosms_microcosm_pkey, and those of fn.permissions_on_item.
SELECT may.can_create, may.can_read, may.can_update, may.can_delete, may.can_close_own, may.can_open_own,
       may.can_read_others, may.is_guest, may.is_banned, may.is_owner, may.is_moderator, may.is_site_owner,
       item.id, item.site_id, item.kind, item.microcosm_id, item.title, item.created_at, item.created_by_id,
       item.edited_at, item.edited_by_id, item.edit_reason, item.is_sticky, item.is_open, item.is_deleted,
       item.is_moderated, item.comment_count, item.view_count, item.last_comment_id, item.last_comment_at,
       item.last_comment_by_id, item.last_activity_at, item.submission_hash,
       place.id AS place_id, place.site_id AS place_site_id, place.is_open AS place_is_open, place.is_live AS place_is_live
FROM items_item AS item
CROSS JOIN LATERAL fn.permissions_on_item(%(site_id)s::bigint, %(profile_id)s::bigint, item.id) AS may
LEFT JOIN microcosms_microcosm AS place ON place.id = item.microcosm_id
WHERE item.id = %(item_id)s::bigint AND item.site_id = %(site_id)s::bigint AND item.kind = %(kind)s::smallint

-- name: lock_item
-- The same item and microcosm without permissions, locked: see fn.lock_item.
-- Uses: items_item_pkey, microcosms_microcosm_pkey.
SELECT (locked.item).id, (locked.item).site_id, (locked.item).kind, (locked.item).microcosm_id, (locked.item).title,
       (locked.item).created_at, (locked.item).created_by_id, (locked.item).edited_at, (locked.item).edited_by_id,
       (locked.item).edit_reason, (locked.item).is_sticky, (locked.item).is_open, (locked.item).is_deleted,
       (locked.item).is_moderated, (locked.item).comment_count, (locked.item).view_count,
       (locked.item).last_comment_id, (locked.item).last_comment_at, (locked.item).last_comment_by_id,
       (locked.item).last_activity_at, (locked.item).submission_hash,
       (locked.place).id AS place_id, (locked.place).site_id AS place_site_id, (locked.place).is_open AS place_is_open,
       (locked.place).is_live AS place_is_live
FROM fn.lock_item(%(site_id)s::bigint, %(item_id)s::bigint, %(target_id)s::bigint) AS locked

-- name: await_same_submission
-- Waits until nobody else writes the same submission on a site; holds until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended(%(fingerprint)s::text, %(site_id)s::bigint))

-- name: await_turn
-- Waits until everybody is done who wanted to comment on the same item of a site before; holds until the transaction ends.
-- The key is no text, so that no submission has the same.
SELECT pg_advisory_xact_lock(hashint8extended(%(item_id)s::bigint, %(site_id)s::bigint))

-- name: note_comment
-- Counts a new visible comment, the newest one, on an item that the caller has locked. Uses: items_item_pkey.
UPDATE items_item
SET comment_count = comment_count + 1, last_comment_id = %(comment_id)s::bigint, last_comment_at = %(at)s::timestamptz,
    last_comment_by_id = %(author_id)s::bigint, last_activity_at = %(at)s::timestamptz
WHERE id = %(item_id)s::bigint AND site_id = %(site_id)s::bigint
