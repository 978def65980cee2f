-- name: prune_updates
-- Deletes of the updates of some members of a site those that nobody misses (B 17): what was new somewhere before a moment
-- (type 8), and of comments on one item (types 1 and 4) all but the newest.
-- Uses: updates_update_list, updates_update_news.
DELETE FROM updates_update AS old
USING profiles_profile AS reader
WHERE old.profile_id = ANY (%(profile_ids)s::bigint[])
  AND reader.id = old.profile_id AND reader.site_id = %(site_id)s::bigint
  AND (
      (old.type = 8 AND old.created_at < %(before)s::timestamptz)
      OR (
          old.type IN (1, 4)
          AND EXISTS (
              SELECT FROM updates_update AS newer
              WHERE newer.profile_id = old.profile_id AND newer.type = old.type AND newer.item_id = old.item_id
                AND (newer.created_at, newer.id) > (old.created_at, old.id)
          )
      )
  )
