-- name: wake
-- Queues a task for a site that has a webhook to be told of changes, unless the running transaction has done so already.
-- What it remembers, the ids of sites with commas around them, goes with the transaction, or the savepoint, as does the
-- job. Uses: webhooks_webhook_site.
SELECT set_config('webhooks.woken', coalesce(nullif(known.sites, ''), ',') || %(site_id)s::bigint || ',', true) AS woken,
       fn.queue_job(%(task)s::text, jsonb_build_object('site_id', %(site_id)s::bigint))
FROM (SELECT current_setting('webhooks.woken', true) AS sites) AS known
WHERE strpos(coalesce(known.sites, ''), ',' || %(site_id)s::bigint || ',') = 0
  AND EXISTS (
        SELECT FROM webhooks_webhook AS hook
        WHERE hook.site_id = %(site_id)s::bigint AND hook.disabled_reason = ''
  )

-- name: plan_slice
-- Makes the deliveries of the next changes behind a position that a profile may know of, for a webhook whose row is
-- locked. Huddles and what members keep for themselves are nobody's business here. Of each subject the first that waits
-- is due. Always a row: how many changes were looked at, the last position of them (null for none), how many
-- deliveries were made. Uses: core_change_order, webhooks_delivery_waiting.
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
wanted AS (
    SELECT fact.position, fact.kind,
           CASE WHEN fact.item_id IS NOT NULL THEN 'item:' || fact.item_id
                WHEN coalesce(fact.home_id, (fact.ids ->> 'profile_id')::bigint) IS NOT NULL
                THEN 'profile:' || coalesce(fact.home_id, (fact.ids ->> 'profile_id')::bigint)
                WHEN fact.microcosm_id IS NOT NULL THEN 'microcosm:' || fact.microcosm_id
                ELSE 'site' END AS subject
    FROM page
    CROSS JOIN LATERAL
        fn.change_audience(%(site_id)s::bigint, page.positions, ARRAY[%(profile_id)s::bigint]) AS audience
    JOIN LATERAL fn.change_facts(%(site_id)s::bigint, page.positions) AS fact ON fact.position = audience.position
    WHERE audience.verdict IN ('see', 'gone')
      AND fact.item_kind IS DISTINCT FROM 5
      AND split_part(fact.kind, '.', 1) = ANY (%(families)s::text[])
      AND (
            cardinality(%(kinds)s::text[]) = 0
            OR fact.kind = ANY (%(kinds)s::text[])
            OR split_part(fact.kind, '.', 1) = ANY (%(kinds)s::text[])
        )
),
made AS (
    INSERT INTO webhooks_delivery
        (site_id, webhook_id, position, kind, subject, status, due_at, tries, created_at, error)
    SELECT %(site_id)s::bigint, %(webhook_id)s::bigint, wanted.position, wanted.kind, wanted.subject, 'waiting',
           CASE WHEN wanted.position = min(wanted.position) OVER (PARTITION BY wanted.subject)
                 AND NOT EXISTS (
                    SELECT FROM webhooks_delivery AS earlier
                    WHERE earlier.webhook_id = %(webhook_id)s::bigint AND earlier.subject = wanted.subject
                      AND earlier.status = 'waiting'
                 )
                THEN %(now)s::timestamptz END,
           0, %(now)s::timestamptz, ''
    FROM wanted
    ORDER BY wanted.position
    RETURNING 1
)
SELECT page.scanned, page.last, (SELECT count(*) FROM made) AS made
FROM page

-- name: change_for
-- A change as it may be told to a profile now, with the verdict; no row when it may not know, or the log has it no more.
-- Uses: core_change_order.
SELECT audience.verdict, fact.position, fact.kind, fact.ids, fact.actor_id, fact.created_at, fact.comment_id,
       fact.home_id, fact.item_id, fact.item_kind, fact.microcosm_id, fact.source_id
FROM fn.change_audience(
    %(site_id)s::bigint, ARRAY[%(position)s::bigint], ARRAY[%(profile_id)s::bigint]
) AS audience
JOIN fn.change_facts(%(site_id)s::bigint, ARRAY[%(position)s::bigint]) AS fact ON fact.position = audience.position
WHERE audience.verdict IN ('see', 'gone') AND fact.item_kind IS DISTINCT FROM 5

-- name: release_heads
-- Makes the first waiting delivery of each subject of a webhook due, whatever it waited for, and holds back the others.
-- Uses: webhooks_delivery_waiting.
UPDATE webhooks_delivery AS delivery
SET due_at = CASE WHEN head.number = 1 THEN %(now)s::timestamptz END
FROM (
    SELECT waiting.id, row_number() OVER (PARTITION BY waiting.subject ORDER BY waiting.position, waiting.id) AS number
    FROM webhooks_delivery AS waiting
    WHERE waiting.site_id = %(site_id)s::bigint AND waiting.webhook_id = %(webhook_id)s::bigint
      AND waiting.status = 'waiting'
) AS head
WHERE delivery.id = head.id

-- name: idle_webhooks
-- The webhooks that have something to do and nobody who does it: `is_behind` those that the log has more for (or that
-- have not looked for long), `is_due` those that have a delivery to send. Of all sites.
-- Uses: core_change_order, webhooks_delivery_due.
SELECT found.site_id, found.webhook_id, found.is_behind, found.is_due
FROM (
    SELECT hook.site_id, hook.id AS webhook_id,
           hook.caught_up_at < %(stale)s::timestamptz OR EXISTS (
               SELECT FROM core_change AS logged
               WHERE logged.site_id = hook.site_id AND logged.position > hook.position
           ) AS is_behind,
           (hook.sending_until IS NULL OR hook.sending_until <= %(now)s::timestamptz) AND EXISTS (
               SELECT FROM webhooks_delivery AS delivery
               WHERE delivery.webhook_id = hook.id AND delivery.due_at <= %(now)s::timestamptz
           ) AS is_due
    FROM webhooks_webhook AS hook
    JOIN sites_site AS site ON site.id = hook.site_id AND NOT site.is_deleted
    WHERE hook.disabled_reason = ''
) AS found
WHERE found.is_behind OR found.is_due
ORDER BY found.site_id, found.webhook_id

-- name: prune_deliveries
-- Deletes some deliveries that are older than a moment and that have ended; of all sites. Of what waits for a webhook
-- that is off only pings: changes go when the log forgets them, and leave a gap.
-- Uses: webhooks_delivery_created.
DELETE FROM webhooks_delivery
WHERE id IN (
    SELECT old.id
    FROM webhooks_delivery AS old
    JOIN webhooks_webhook AS hook ON hook.id = old.webhook_id
    WHERE old.created_at < %(before)s::timestamptz
      AND (old.status <> 'waiting' OR (hook.disabled_reason <> '' AND old.position IS NULL))
    ORDER BY old.created_at, old.id
    LIMIT %(batch)s::integer
)
