-- name: permissions_for
-- One row of twelve booleans, always.
SELECT may.*
FROM fn.permissions_for(
    %(site_id)s::bigint, %(profile_id)s::bigint, %(kind)s::integer, %(thing_id)s::bigint, %(microcosm_id)s::bigint
) AS may
