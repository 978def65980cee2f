-- name: change_feed
-- The changes behind a position that a viewer may know of, in order, among the next `scan_limit` of the site; of some
-- kinds or families of kinds and about some microcosms, where any are named. What `access` says is not about a microcosm.
-- Always at least one row: `scanned` (how many were looked at) and `last` (the position of the last of them, null when
-- there were none) are in each, all else is null when nothing is for the viewer. Uses: core_change_order.
WITH scanned AS MATERIALIZED (
    SELECT logged.position
    FROM core_change AS logged
    WHERE logged.site_id = %(site_id)s::bigint AND logged.position > %(after)s::bigint
    ORDER BY logged.position
    LIMIT %(scan_limit)s::integer
),
page AS MATERIALIZED (
    SELECT count(*) AS scanned, max(scanned.position) AS last, coalesce(array_agg(scanned.position), '{}') AS positions
    FROM scanned
),
shown AS (
    SELECT fact.position, audience.verdict, fact.kind, fact.ids, fact.actor_id, fact.created_at, fact.comment_id,
           fact.home_id, fact.item_id, fact.item_kind, fact.microcosm_id, fact.source_id, audience.knows_source
    FROM page
    CROSS JOIN LATERAL
        fn.change_audience(%(site_id)s::bigint, page.positions, ARRAY[%(profile_id)s::bigint]) AS audience
    JOIN LATERAL fn.change_facts(%(site_id)s::bigint, page.positions) AS fact ON fact.position = audience.position
    WHERE (
            cardinality(%(kinds)s::text[]) = 0
            OR CASE WHEN audience.verdict = 'access' THEN 'access' ELSE split_part(fact.kind, '.', 1) END
               = ANY (%(kinds)s::text[])
            OR CASE WHEN audience.verdict = 'access' THEN 'access.changed' ELSE fact.kind END = ANY (%(kinds)s::text[])
        )
      AND (
            cardinality(%(microcosms)s::bigint[]) = 0
            OR audience.verdict = 'access'
            OR (fact.microcosm_id = ANY (%(microcosms)s::bigint[])
                AND NOT (audience.verdict = 'gone' AND fact.source_id IS NOT NULL))
            OR (fact.source_id = ANY (%(microcosms)s::bigint[]) AND audience.knows_source)
        )
)
SELECT page.scanned, page.last, shown.position, shown.verdict, shown.kind, shown.ids, shown.actor_id, shown.created_at,
       shown.comment_id, shown.home_id, shown.item_id, shown.item_kind, shown.microcosm_id, shown.source_id,
       shown.knows_source
FROM page
LEFT JOIN shown ON true
ORDER BY shown.position

-- name: change_facts
-- What some changes of a site are about, in the order of their positions.
SELECT fact.position, fact.kind, fact.ids, fact.actor_id, fact.created_at, fact.comment_id, fact.home_id, fact.item_id,
       fact.item_kind, fact.microcosm_id, fact.source_id
FROM fn.change_facts(%(site_id)s::bigint, %(positions)s::bigint[]) AS fact
ORDER BY fact.position

-- name: change_audience
-- Who of some profiles may know of some changes of a site, and how, with what the changes are about at the same moment:
-- where something is now, and who may know that, must not be of two moments. In the order of the positions.
SELECT fact.position, audience.verdict, audience.knows_source, audience.profile_ids, fact.kind,
       fact.ids, fact.actor_id, fact.created_at, fact.comment_id, fact.home_id, fact.item_id, fact.item_kind,
       fact.microcosm_id, fact.source_id
FROM fn.change_audience(%(site_id)s::bigint, %(positions)s::bigint[], %(profile_ids)s::bigint[]) AS audience
JOIN fn.change_facts(%(site_id)s::bigint, %(positions)s::bigint[]) AS fact ON fact.position = audience.position
ORDER BY fact.position, audience.verdict, audience.knows_source
