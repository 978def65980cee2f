-- name: ignored_page
-- One page of what a member ignores and may still read, by type and then by title. Always at least one row: `total` is
-- in each, all else is null when the page is empty. See fn.summary_rows for the columns.
-- Uses: updates_ignore_target.
WITH readable AS MATERIALIZED (
    SELECT ARRAY(
        SELECT granted.microcosm_id
        FROM fn.readable_microcosms(%(site_id)s::bigint, %(profile_id)s::bigint) AS granted
    ) AS ids
),
shown AS MATERIALIZED (
    SELECT ignored.id, ignored.kind,
           coalesce(ignored.item_id, ignored.microcosm_id, ignored.target_profile_id) AS target_id,
           coalesce(item.title, place.title, person.name) AS title
    FROM updates_ignore AS ignored
    CROSS JOIN readable
    LEFT JOIN items_item AS item ON item.id = ignored.item_id AND item.site_id = %(site_id)s::bigint
    LEFT JOIN microcosms_microcosm AS place ON place.id = ignored.microcosm_id AND place.id = ANY (readable.ids)
    LEFT JOIN profiles_profile AS person
      ON person.id = ignored.target_profile_id AND person.site_id = %(site_id)s::bigint
    WHERE ignored.profile_id = %(profile_id)s::bigint
      AND (
          place.id IS NOT NULL
          OR person.id IS NOT NULL
          OR (
              NOT item.is_deleted AND NOT item.is_moderated
              AND CASE
                  WHEN item.kind <> 5 THEN item.microcosm_id = ANY (readable.ids)
                  ELSE EXISTS (
                      SELECT FROM huddles_participant AS participant
                      WHERE participant.huddle_id = item.id AND participant.profile_id = ignored.profile_id
                  )
              END
          )
      )
),
-- All are at hand, so the place of a cursor is found by counting who stands before it or, for pages after it, at it.
counted AS MATERIALIZED (
    SELECT listed.total, bounds.skipped, bounds.taken
    FROM (
        SELECT count(*) AS total,
               count(*) FILTER (WHERE CASE
                   WHEN %(is_before)s::boolean
                   THEN (shown.kind, shown.title, shown.id)
                        < (%(from_kind)s::smallint, %(from_title)s::text, %(from_id)s::bigint)
                   ELSE (shown.kind, shown.title, shown.id)
                        <= (%(from_kind)s::smallint, %(from_title)s::text, %(from_id)s::bigint)
               END) AS passed
        FROM shown
    ) AS listed
    CROSS JOIN LATERAL
        fn.page_bounds(%(limit)s::bigint, %(offset)s::bigint, %(is_before)s::boolean, listed.passed) AS bounds
),
page AS MATERIALIZED (
    SELECT array_agg(entry.kind ORDER BY entry.kind, entry.title, entry.id)::smallint[] AS kinds,
           array_agg(entry.target_id ORDER BY entry.kind, entry.title, entry.id) AS ids,
           array_agg(entry.title ORDER BY entry.kind, entry.title, entry.id)::text[] AS titles,
           array_agg(entry.id ORDER BY entry.kind, entry.title, entry.id) AS ignore_ids
    FROM (
        SELECT shown.id, shown.kind, shown.target_id, shown.title
        FROM shown
        ORDER BY shown.kind, shown.title, shown.id
        LIMIT (SELECT counted.taken FROM counted) OFFSET (SELECT counted.skipped FROM counted)
    ) AS entry
)
SELECT (SELECT counted.total FROM counted) AS total,
       page.kinds[summary.position] AS target_kind, page.ids[summary.position] AS target_id,
       page.titles[summary.position] AS sort_title, page.ignore_ids[summary.position] AS ignore_id,
       summary.*
FROM readable
CROSS JOIN page
LEFT JOIN LATERAL fn.summary_rows(readable.ids, page.kinds, page.ids, %(profile_id)s::bigint) AS summary ON true
ORDER BY summary.position

-- name: ignore
-- Note that a member ignores a thing of their site; nothing for a thing that is not there or ignored already.
INSERT INTO updates_ignore (profile_id, kind, item_id, microcosm_id, target_profile_id, created_at)
SELECT reader.id, %(kind)s::smallint, %(item_id)s::bigint, %(microcosm_id)s::bigint, %(target_profile_id)s::bigint,
       %(now)s::timestamptz
FROM profiles_profile AS reader
WHERE reader.id = %(profile_id)s::bigint AND reader.site_id = %(site_id)s::bigint
  AND (
      EXISTS (
          SELECT FROM items_item AS item
          WHERE item.id = %(item_id)s::bigint AND item.site_id = reader.site_id AND item.kind = %(kind)s::smallint
      )
      OR EXISTS (
          SELECT FROM microcosms_microcosm AS place
          WHERE place.id = %(microcosm_id)s::bigint AND place.site_id = reader.site_id
      )
      OR EXISTS (
          SELECT FROM profiles_profile AS person
          WHERE person.id = %(target_profile_id)s::bigint AND person.site_id = reader.site_id
      )
  )
ON CONFLICT (profile_id, kind, item_id, microcosm_id, target_profile_id) DO NOTHING
