-- name: publish
-- Appends changes to the logs of their sites and notifies a channel, if there is one, of each site on commit; each change
-- gets its position then.
WITH logged AS (
    INSERT INTO core_change (site_id, kind, ids, actor_id, created_at)
    SELECT (change ->> 'site_id')::bigint, change ->> 'kind', change -> 'ids', (change ->> 'actor_id')::bigint,
           %(created_at)s::timestamptz
    FROM jsonb_array_elements(%(rows)s::jsonb) WITH ORDINALITY AS entry (change, ordinal)
    ORDER BY ordinal
    RETURNING site_id
)
-- PostgreSQL folds equal payloads of one transaction into one.
SELECT pg_notify(%(channel)s::text, site.id::text) FROM (SELECT DISTINCT logged.site_id AS id FROM logged) AS site
WHERE %(channel)s::text IS NOT NULL

-- name: log_place
-- Where the log of a site ends, up to where it is forgotten, and the last position that was given on any site.
-- Uses: core_change_order.
SELECT greatest(last.position, horizon.position, 0) AS head, coalesce(horizon.position, 0) AS forgotten,
       (SELECT CASE WHEN given.is_called THEN given.last_value ELSE 0 END FROM core_change_position AS given) AS newest
FROM (VALUES (1)) AS one (row)
LEFT JOIN core_changehorizon AS horizon ON true
LEFT JOIN LATERAL (
    SELECT change.position FROM core_change AS change
    WHERE change.site_id = %(site_id)s::bigint AND change.position IS NOT NULL
    ORDER BY change.position DESC
    LIMIT 1
) AS last ON true

-- name: changes_after
-- The changes of some sites, each behind a place in its log, oldest first. Uses: core_change_order.
SELECT change.id, change.site_id, change.position, change.kind, change.ids, change.actor_id, change.created_at
FROM unnest(%(site_ids)s::bigint[], %(positions)s::bigint[]) AS follower (site_id, position)
CROSS JOIN LATERAL (
    SELECT logged.id, logged.site_id, logged.position, logged.kind, logged.ids, logged.actor_id, logged.created_at
    FROM core_change AS logged
    WHERE logged.site_id = follower.site_id AND logged.position > follower.position
    ORDER BY logged.position
    LIMIT %(limit)s::integer
) AS change
ORDER BY change.site_id, change.position
