-- name: watcher_page
-- One page of what a member watches and may still read: first what never notified them, then the latest. Always at
-- least one row: `total` is in each, all else is null when the page is empty. See fn.summary_rows for the columns.
-- Uses: updates_watcher_target.
WITH readable AS MATERIALIZED (
    SELECT ARRAY(
        SELECT granted.microcosm_id
        FROM fn.readable_microcosms(%(site_id)s::bigint, %(profile_id)s::bigint) AS granted
    ) AS ids
),
shown AS MATERIALIZED (
    SELECT watcher.id, watcher.kind, watcher.last_notified_at, watcher.send_email, watcher.send_sms,
           coalesce(
               watcher.item_id, watcher.microcosm_id, watcher.target_profile_id,
               CASE WHEN watcher.kind = 1 THEN %(site_id)s::bigint ELSE 0 END
           ) AS target_id
    FROM updates_watcher AS watcher
    CROSS JOIN readable
    LEFT JOIN items_item AS item ON item.id = watcher.item_id AND item.site_id = %(site_id)s::bigint
    WHERE watcher.profile_id = %(profile_id)s::bigint
      AND CASE
          WHEN watcher.microcosm_id IS NOT NULL THEN watcher.microcosm_id = ANY (readable.ids)
          WHEN watcher.item_id IS NULL THEN true
          WHEN item.id IS NULL OR item.is_deleted OR item.is_moderated THEN false
          WHEN item.kind <> 5 THEN item.microcosm_id = ANY (readable.ids)
          ELSE EXISTS (
              SELECT FROM huddles_participant AS participant
              WHERE participant.huddle_id = item.id AND participant.profile_id = watcher.profile_id
          )
      END
),
-- All are at hand, so the place of a cursor is found by counting who stands before it or, for pages after it, at it.
counted AS MATERIALIZED (
    SELECT listed.total, bounds.skipped, bounds.taken
    FROM (
        SELECT count(*) AS total,
               count(*) FILTER (WHERE CASE
                   WHEN %(is_before)s::boolean
                   THEN (coalesce(shown.last_notified_at, 'infinity'), - shown.kind, shown.target_id)
                        > (coalesce(%(from_at)s::timestamptz, 'infinity'), - %(from_kind)s::integer, %(from_id)s::bigint)
                   ELSE (coalesce(shown.last_notified_at, 'infinity'), - shown.kind, shown.target_id)
                        >= (coalesce(%(from_at)s::timestamptz, 'infinity'), - %(from_kind)s::integer, %(from_id)s::bigint)
               END) AS passed
        FROM shown
    ) AS listed
    CROSS JOIN LATERAL
        fn.page_bounds(%(limit)s::bigint, %(offset)s::bigint, %(is_before)s::boolean, listed.passed) AS bounds
),
entries AS MATERIALIZED (
    SELECT shown.id, shown.kind, shown.last_notified_at, shown.send_email, shown.send_sms, shown.target_id,
           row_number() OVER (
               ORDER BY shown.last_notified_at DESC NULLS FIRST, shown.kind, shown.target_id DESC
           ) AS position
    FROM shown
    ORDER BY shown.last_notified_at DESC NULLS FIRST, shown.kind, shown.target_id DESC
    LIMIT (SELECT counted.taken FROM counted) OFFSET (SELECT counted.skipped FROM counted)
),
page AS MATERIALIZED (
    SELECT array_agg(entries.kind ORDER BY entries.position)::smallint[] AS kinds,
           array_agg(entries.target_id ORDER BY entries.position) AS ids
    FROM entries
)
SELECT (SELECT counted.total FROM counted) AS total,
       entries.id AS watcher_id, entries.kind AS target_kind, entries.target_id, entries.last_notified_at,
       entries.send_email, entries.send_sms, summary.*
FROM readable
CROSS JOIN page
LEFT JOIN LATERAL fn.summary_rows(readable.ids, page.kinds, page.ids, %(profile_id)s::bigint) AS summary ON true
LEFT JOIN entries ON entries.position = summary.position + (SELECT counted.skipped FROM counted)
ORDER BY summary.position

-- name: watch
-- A member of the site follows something, with the flags of their preference for a type of update; nothing changes when
-- they follow it already. All three ids are null for the site and for all profiles.
INSERT INTO updates_watcher (
    profile_id, kind, item_id, microcosm_id, target_profile_id, send_email, send_sms, created_at
)
SELECT reader.id, %(kind)s::smallint, %(item_id)s::bigint, %(microcosm_id)s::bigint, %(target_profile_id)s::bigint,
       coalesce(preference.send_email, %(default_email)s::boolean AND coalesce(options.send_email, site.send_email)),
       coalesce(preference.send_sms, false), %(now)s::timestamptz
FROM profiles_profile AS reader
JOIN sites_site AS site ON site.id = reader.site_id
LEFT JOIN profiles_profileoptions AS options ON options.profile_id = reader.id
LEFT JOIN updates_preference AS preference
  ON preference.profile_id = reader.id AND preference.type = %(type)s::smallint
WHERE reader.id = %(profile_id)s::bigint AND reader.site_id = %(site_id)s::bigint
ON CONFLICT (profile_id, kind, item_id, microcosm_id, target_profile_id) DO NOTHING

-- name: watch_item
-- A member of the site follows an item, with the flags of their preference for a type of update, another one for huddles;
-- nothing changes when they follow it already. Nobody is mailed of either unless they say so.
-- Uses: updates_watcher_target, items_item_pkey.
INSERT INTO updates_watcher (profile_id, kind, item_id, send_email, send_sms, created_at)
SELECT reader.id, item.kind, item.id, coalesce(preference.send_email, false), coalesce(preference.send_sms, false),
       %(now)s::timestamptz
FROM items_item AS item
JOIN profiles_profile AS reader ON reader.id = %(profile_id)s::bigint AND reader.site_id = item.site_id
LEFT JOIN updates_preference AS preference
  ON preference.profile_id = reader.id
 AND preference.type = CASE WHEN item.kind = 5 THEN %(huddle_type)s::smallint ELSE %(type)s::smallint END
WHERE item.id = %(item_id)s::bigint AND item.site_id = %(site_id)s::bigint
  -- Most who say something have said something there before.
  AND NOT EXISTS (
      SELECT FROM updates_watcher AS watcher
      WHERE watcher.profile_id = reader.id AND watcher.kind = item.kind AND watcher.item_id = item.id
        AND watcher.microcosm_id IS NULL AND watcher.target_profile_id IS NULL
  )
ON CONFLICT (profile_id, kind, item_id, microcosm_id, target_profile_id) DO NOTHING

-- name: preferences
-- What a member chose about each type of update, at least one row: `type` is null when nothing was chosen. In every row
-- `takes_email` says whether they take mail at all, which decides where nothing was chosen.
-- Uses: updates_preference_type.
SELECT preference.type, preference.send_email, preference.send_sms, preference.digest,
       coalesce(options.send_email, site.send_email) AS takes_email
FROM profiles_profile AS reader
JOIN sites_site AS site ON site.id = reader.site_id
LEFT JOIN profiles_profileoptions AS options ON options.profile_id = reader.id
LEFT JOIN updates_preference AS preference ON preference.profile_id = reader.id
WHERE reader.id = %(profile_id)s::bigint AND reader.site_id = %(site_id)s::bigint
