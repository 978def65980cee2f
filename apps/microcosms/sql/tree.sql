-- name: microcosm_tree
-- Every live microcosm of a site that someone may read and does not ignore, depth first: parents before children,
-- siblings pinned ones first, then by sequence and id (contract A 21.8). parent_id is null when it may not be read.
-- Uses: microcosms_microcosm_site_id.
WITH RECURSIVE live AS MATERIALIZED (
    SELECT microcosm.id, microcosm.parent_id, microcosm.title, microcosm.path,
           row_number() OVER (ORDER BY microcosm.is_sticky DESC, microcosm.sequence, microcosm.id) AS rank
    FROM microcosms_microcosm AS microcosm
    WHERE microcosm.site_id = %(site_id)s::bigint AND microcosm.is_live
),
ordered AS (
    SELECT live.id, live.parent_id, live.title, live.path, ARRAY[live.rank] AS place
    FROM live
    WHERE live.parent_id IS NULL
    UNION ALL
    SELECT live.id, live.parent_id, live.title, live.path, ordered.place || live.rank
    FROM ordered
    JOIN live ON live.parent_id = ordered.id
),
readable AS MATERIALIZED (
    SELECT granted.microcosm_id AS id
    FROM fn.readable_microcosms(%(site_id)s::bigint, %(profile_id)s::bigint) AS granted
)
SELECT ordered.id, parent.id AS parent_id, ordered.title, cardinality(ordered.path) AS level
FROM ordered
JOIN readable ON readable.id = ordered.id
LEFT JOIN readable AS parent ON parent.id = ordered.parent_id
WHERE NOT EXISTS (
    SELECT FROM updates_ignore AS ignored
    WHERE ignored.profile_id = %(profile_id)s::bigint AND ignored.microcosm_id = ANY (ordered.path)
)
ORDER BY ordered.place
