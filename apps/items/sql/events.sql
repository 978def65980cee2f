-- name: event_fields
-- What an event of the site has beside what all items have; nothing for any other id.
-- Uses: items_event_pkey, items_attendee_order, items_attendee_profile.
SELECT event.when_at AS event_when_at, event.zone AS event_zone, event.starts_at AS event_starts_at,
       event.duration AS event_duration, event.place AS event_place, event.lat AS event_lat, event.lon AS event_lon,
       event.north AS event_north, event.east AS event_east, event.south AS event_south, event.west AS event_west,
       event.status AS event_status, event.rsvp_limit AS event_rsvp_limit,
       (
           SELECT count(*) FROM items_attendee AS guest WHERE guest.event_id = event.item_id AND guest.rsvp = 1
       ) AS event_attend_count,
       CASE WHEN %(profile_id)s::bigint > 0 THEN EXISTS (
           SELECT FROM items_attendee AS own
           WHERE own.event_id = event.item_id AND own.profile_id = %(profile_id)s::bigint AND own.rsvp = 1
       ) END AS event_is_attending
FROM items_event AS event
JOIN items_item AS item ON item.id = event.item_id
WHERE event.item_id = %(item_id)s::bigint AND item.site_id = %(site_id)s::bigint

-- name: attendee_page
-- One page of the answers to an event of the site, in the order yes, maybe, invited, no and then of their times; with
-- `rsvp`, unless it is 0, only those that say so. Always at least one row: `total` is in each, all else is null when the
-- page is empty. `queue_place` counts those who wait from 1.
-- Uses: items_attendee_order, items_attendee_queue.
WITH event AS MATERIALIZED (
    SELECT item.id FROM items_item AS item
    WHERE item.id = %(item_id)s::bigint AND item.site_id = %(site_id)s::bigint
),
-- Nothing but the index is read for those that are not on the page.
counted AS MATERIALIZED (
    SELECT count(*) AS total
    FROM items_attendee AS answer
    WHERE answer.event_id = (SELECT event.id FROM event)
      AND (%(rsvp)s::smallint = 0 OR answer.rsvp = %(rsvp)s::smallint)
),
picked AS MATERIALIZED (
    SELECT CASE WHEN %(is_before)s::boolean THEN ARRAY(
        SELECT nearest.id
        FROM (
            SELECT answer.id, answer.rsvp, answer.rsvp_at
            FROM items_attendee AS answer
            WHERE answer.event_id = (SELECT event.id FROM event)
              AND (answer.rsvp, answer.rsvp_at, answer.id)
                  < (%(from_rsvp)s::smallint, %(from_at)s::timestamptz, %(from_id)s::bigint)
              AND (%(rsvp)s::smallint = 0 OR answer.rsvp = %(rsvp)s::smallint)
            ORDER BY answer.rsvp DESC, answer.rsvp_at DESC, answer.id DESC
            LIMIT %(limit)s::bigint
        ) AS nearest
        ORDER BY nearest.rsvp, nearest.rsvp_at, nearest.id
    ) ELSE ARRAY(
        SELECT answer.id
        FROM items_attendee AS answer
        WHERE answer.event_id = (SELECT event.id FROM event)
          AND (answer.rsvp, answer.rsvp_at, answer.id) > (
              coalesce(%(from_rsvp)s::smallint, 0), coalesce(%(from_at)s::timestamptz, '-infinity'),
              coalesce(%(from_id)s::bigint, 0)
          )
          AND (%(rsvp)s::smallint = 0 OR answer.rsvp = %(rsvp)s::smallint)
        ORDER BY answer.rsvp, answer.rsvp_at, answer.id
        LIMIT %(limit)s::bigint OFFSET %(offset)s::bigint
    ) END AS ids
)
SELECT counted.total, page.id, page.rsvp, page.rsvp_at, page.created_at,
       CASE WHEN page.queue_number IS NOT NULL THEN (
           SELECT count(*) FROM items_attendee AS waiting
           WHERE waiting.event_id = %(item_id)s::bigint AND waiting.queue_number <= page.queue_number
       ) END AS queue_place,
       person.id AS person_id, person.user_id AS person_user_id, person.name AS person_name,
       person.is_visible AS person_is_visible, person.avatar_url AS person_avatar_url,
       creator.id AS creator_id, creator.user_id AS creator_user_id, creator.name AS creator_name,
       creator.is_visible AS creator_is_visible, creator.avatar_url AS creator_avatar_url
FROM counted
CROSS JOIN picked
LEFT JOIN LATERAL unnest(picked.ids) WITH ORDINALITY AS entry (id, position) ON true
LEFT JOIN items_attendee AS page ON page.id = entry.id
LEFT JOIN profiles_profile AS person ON person.id = page.profile_id
LEFT JOIN profiles_profile AS creator ON creator.id = page.created_by_id
ORDER BY entry.position

-- name: attendee
-- Somebody's answer to an event of the site, as `attendee_page` has it; nothing if there is none.
-- Uses: items_attendee_profile, items_attendee_queue.
SELECT page.id, page.rsvp, page.rsvp_at, page.created_at,
       CASE WHEN page.queue_number IS NOT NULL THEN (
           SELECT count(*) FROM items_attendee AS waiting
           WHERE waiting.event_id = %(item_id)s::bigint AND waiting.queue_number <= page.queue_number
       ) END AS queue_place,
       person.id AS person_id, person.user_id AS person_user_id, person.name AS person_name,
       person.is_visible AS person_is_visible, person.avatar_url AS person_avatar_url,
       creator.id AS creator_id, creator.user_id AS creator_user_id, creator.name AS creator_name,
       creator.is_visible AS creator_is_visible, creator.avatar_url AS creator_avatar_url
FROM items_attendee AS page
JOIN items_item AS item ON item.id = page.event_id AND item.site_id = %(site_id)s::bigint
JOIN profiles_profile AS person ON person.id = page.profile_id
JOIN profiles_profile AS creator ON creator.id = page.created_by_id
WHERE page.event_id = %(item_id)s::bigint AND page.profile_id = %(attendee_id)s::bigint

-- name: next_waiting
-- Who waits longest for a place at an event of the site, in their order: the ids of up to `places` answers, all if null.
-- Left out, but still waiting, is who may not come any more: rights are asked when a place is given, not when it was asked for.
-- Uses: items_attendee_queue.
SELECT answer.id
FROM items_attendee AS answer
JOIN items_item AS item ON item.id = answer.event_id AND item.site_id = %(site_id)s::bigint
CROSS JOIN LATERAL fn.permissions_on_item(%(site_id)s::bigint, answer.profile_id, answer.event_id) AS may
WHERE answer.event_id = %(item_id)s::bigint AND answer.queue_number IS NOT NULL
  AND may.can_create AND NOT may.is_banned
ORDER BY answer.queue_number
LIMIT %(places)s::bigint

-- name: people_coming
-- Name, id, address and time of answer of those who come to an event of the site, by name.
-- Uses: items_attendee_order.
SELECT person.name, person.id, account.email, answer.rsvp_at
FROM items_attendee AS answer
JOIN items_item AS item ON item.id = answer.event_id
JOIN profiles_profile AS person ON person.id = answer.profile_id
JOIN accounts_user AS account ON account.id = person.user_id
WHERE answer.event_id = %(item_id)s::bigint AND item.site_id = %(site_id)s::bigint AND answer.rsvp = 1
ORDER BY person.name, person.id

-- name: attended_events
-- One page of the visible events that the viewer said yes to, may read and does not ignore, in the order of
-- `items_of_kind`. Always at least one row: `total` is in each, all else is null when the page is empty.
-- Uses: items_attendee_profile_id, items_item_pkey.
WITH readable AS MATERIALIZED (
    SELECT granted.microcosm_id
    FROM fn.readable_microcosms(%(site_id)s::bigint, %(profile_id)s::bigint) AS granted
),
places AS MATERIALIZED (
    SELECT place.id,
           place.path
    FROM readable
    JOIN microcosms_microcosm AS place ON place.id = readable.microcosm_id
    WHERE NOT EXISTS (
        SELECT FROM updates_ignore AS ignored
        WHERE ignored.profile_id = %(profile_id)s::bigint AND ignored.kind = 2
          AND ignored.microcosm_id = ANY (place.path)
    )
),
attended AS MATERIALIZED (
    SELECT item.id, item.is_sticky, item.last_activity_at
    FROM items_attendee AS answer
    JOIN items_item AS item ON item.id = answer.event_id
    WHERE answer.profile_id = %(profile_id)s::bigint AND answer.rsvp = 1 AND item.site_id = %(site_id)s::bigint
      AND NOT item.is_deleted AND NOT item.is_moderated
      AND item.microcosm_id IN (SELECT places.id FROM places)
      AND NOT EXISTS (
          SELECT FROM updates_ignore AS ignored
          WHERE ignored.profile_id = %(profile_id)s::bigint AND ignored.kind = item.kind AND ignored.item_id = item.id
      )
),
-- All are at hand, so the place of a cursor is found by counting who stands before it or, for pages after it, at it.
counted AS MATERIALIZED (
    SELECT listed.total, bounds.skipped, bounds.taken
    FROM (
        SELECT count(*) AS total,
               count(*) FILTER (WHERE CASE
                   WHEN %(is_before)s::boolean
                   THEN (attended.is_sticky, attended.last_activity_at, attended.id)
                        > (%(from_sticky)s::boolean, %(from_at)s::timestamptz, %(from_id)s::bigint)
                   ELSE (attended.is_sticky, attended.last_activity_at, attended.id)
                        >= (%(from_sticky)s::boolean, %(from_at)s::timestamptz, %(from_id)s::bigint)
               END) AS passed
        FROM attended
    ) AS listed
    CROSS JOIN LATERAL
        fn.page_bounds(%(limit)s::bigint, %(offset)s::bigint, %(is_before)s::boolean, listed.passed) AS bounds
),
picked AS MATERIALIZED (
    SELECT ARRAY(
        SELECT attended.id
        FROM attended
        ORDER BY attended.is_sticky DESC, attended.last_activity_at DESC, attended.id DESC
        LIMIT counted.taken OFFSET counted.skipped
    ) AS ids
    FROM counted
)
SELECT counted.total::bigint AS total,
       page.id, page.kind, page.title, page.microcosm_id, place.path,
       ARRAY(
           SELECT CASE WHEN step.level = 1 OR step.id IN (SELECT readable.microcosm_id FROM readable) THEN ancestor.title END
           FROM unnest(place.path) WITH ORDINALITY AS step (id, level)
           JOIN microcosms_microcosm AS ancestor ON ancestor.id = step.id
           ORDER BY step.level
       )::text[] AS path_titles,
       page.created_at, page.is_sticky, page.is_open, page.is_deleted, page.is_moderated,
       page.comment_count, page.view_count, page.last_comment_id, page.last_comment_at, page.last_activity_at,
       event.when_at AS event_when_at, event.zone AS event_zone, event.starts_at AS event_starts_at,
       event.duration AS event_duration, event.place AS event_place, event.lat AS event_lat, event.lon AS event_lon,
       event.north AS event_north, event.east AS event_east, event.south AS event_south, event.west AS event_west,
       event.status AS event_status, event.rsvp_limit AS event_rsvp_limit,
       (
           SELECT count(*) FROM items_attendee AS guest WHERE guest.event_id = event.item_id AND guest.rsvp = 1
       ) AS event_attend_count,
       CASE WHEN %(profile_id)s::bigint > 0 THEN EXISTS (
           SELECT FROM items_attendee AS own
           WHERE own.event_id = event.item_id AND own.profile_id = %(profile_id)s::bigint AND own.rsvp = 1
       ) END AS event_is_attending,
       author.id AS author_id, author.user_id AS author_user_id, author.name AS author_name,
       author.is_visible AS author_is_visible, author.avatar_url AS author_avatar_url,
       last_author.id AS last_author_id, last_author.user_id AS last_author_user_id,
       last_author.name AS last_author_name, last_author.is_visible AS last_author_is_visible,
       last_author.avatar_url AS last_author_avatar_url
FROM counted
CROSS JOIN picked
LEFT JOIN LATERAL unnest(picked.ids) WITH ORDINALITY AS entry (id, position) ON true
LEFT JOIN items_item AS page ON page.id = entry.id
LEFT JOIN microcosms_microcosm AS place ON place.id = page.microcosm_id
LEFT JOIN items_event AS event ON event.item_id = page.id
LEFT JOIN profiles_profile AS author ON author.id = page.created_by_id
LEFT JOIN profiles_profile AS last_author ON last_author.id = page.last_comment_by_id
ORDER BY entry.position

-- name: calendar_events
-- The dated events in a microcosm and below it that the viewer may read and does not ignore, from `since` on by their
-- beginning; nothing when there are none.
-- Uses: microcosms_microcosm_pkey, items_item_place_order, items_event_pkey.
WITH readable AS MATERIALIZED (
    SELECT granted.microcosm_id
    FROM fn.readable_microcosms(%(site_id)s::bigint, %(profile_id)s::bigint) AS granted
),
places AS MATERIALIZED (
    SELECT place.id
    FROM readable
    JOIN microcosms_microcosm AS place ON place.id = readable.microcosm_id
    WHERE %(microcosm_id)s::bigint = ANY (place.path)
      AND NOT EXISTS (
          SELECT FROM updates_ignore AS ignored
          WHERE ignored.profile_id = %(profile_id)s::bigint AND ignored.kind = 2
            AND ignored.microcosm_id = ANY (place.path)
      )
)
SELECT item.id, item.title, item.created_at, item.edited_at,
       event.starts_at AS event_starts_at, event.duration AS event_duration, event.place AS event_place,
       event.lat AS event_lat, event.lon AS event_lon, event.status AS event_status
FROM places
JOIN items_item AS item ON item.microcosm_id = places.id
JOIN items_event AS event ON event.item_id = item.id
WHERE item.site_id = %(site_id)s::bigint AND NOT item.is_deleted AND NOT item.is_moderated
  AND event.starts_at >= %(since)s::timestamptz
  AND NOT EXISTS (
      SELECT FROM updates_ignore AS ignored
      WHERE ignored.profile_id = %(profile_id)s::bigint AND ignored.kind = item.kind AND ignored.item_id = item.id
  )
ORDER BY event.starts_at, item.id
LIMIT %(limit)s::bigint
