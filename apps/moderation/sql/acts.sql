-- name: record_acts
-- Writes acts of one account at one address down: each with `site_id`, `kind`, `ids`, `state` and `actor_id`.
INSERT INTO moderation_act (site_id, kind, ids, state, actor_id, user_id, address, created_at)
SELECT (act ->> 'site_id')::bigint, act ->> 'kind', act -> 'ids', act -> 'state', (act ->> 'actor_id')::bigint,
       %(user_id)s::bigint, %(address)s::text::inet, %(now)s::timestamptz
FROM jsonb_array_elements(%(acts)s::jsonb) WITH ORDINALITY AS given (act, place)
ORDER BY given.place
