-- name: trending
-- One page of the 25 items that are most talked about (contract B 11) among those that the viewer may read and does not
-- ignore: comments of the last 14 days, faded by the half-days since the last activity, over the age of the item.
-- Always at least one row: `total` is in each, all else is null when the page is empty.
-- Uses: those of fn.trending_items.
WITH readable AS MATERIALIZED (
    SELECT granted.microcosm_id AS id
    FROM fn.readable_microcosms(%(site_id)s::bigint, %(profile_id)s::bigint) AS granted
),
ignored AS MATERIALIZED (
    SELECT coalesce(array_agg(ignore.microcosm_id) FILTER (WHERE ignore.microcosm_id IS NOT NULL), '{}')
               AS microcosm_ids,
           coalesce(array_agg(ignore.item_id) FILTER (WHERE ignore.item_id IS NOT NULL), '{}') AS item_ids,
           coalesce(array_agg(ignore.target_profile_id) FILTER (
               WHERE ignore.target_profile_id IS NOT NULL AND ignore.target_profile_id <> ignore.profile_id
           ), '{}') AS profile_ids
    FROM updates_ignore AS ignore
    WHERE ignore.profile_id = %(profile_id)s::bigint
),
places AS MATERIALIZED (
    SELECT microcosm.id
    FROM readable
    JOIN microcosms_microcosm AS microcosm ON microcosm.id = readable.id
    CROSS JOIN ignored
    WHERE NOT microcosm.path && ignored.microcosm_ids
),
candidates AS MATERIALIZED (
    SELECT best.id, best.last_activity_at, best.score
    FROM fn.trending_items(
        %(site_id)s::bigint, %(now)s::timestamptz, (SELECT array_agg(places.id) FROM places),
        (SELECT ignored.item_ids FROM ignored), (SELECT ignored.profile_ids FROM ignored), 25
    ) AS best
),
page AS MATERIALIZED (
    SELECT candidates.id, candidates.last_activity_at, candidates.score
    FROM candidates
    ORDER BY candidates.score DESC, candidates.last_activity_at DESC, candidates.id DESC
    LIMIT %(limit)s::bigint OFFSET %(offset)s::bigint
)
SELECT counted.total,
       item.id, item.kind, item.title, item.microcosm_id, place.path,
       ARRAY(
           SELECT CASE WHEN step.level = 1 OR step.id IN (SELECT readable.id FROM readable) THEN ancestor.title END
           FROM unnest(place.path) WITH ORDINALITY AS step (id, level)
           JOIN microcosms_microcosm AS ancestor ON ancestor.id = step.id
           ORDER BY step.level
       )::text[] AS path_titles,
       item.created_at, item.is_sticky, item.is_open, item.is_deleted, item.is_moderated,
       item.comment_count, item.view_count, item.last_comment_id, item.last_comment_at,
       poll.question AS poll_question, poll.is_multi AS poll_is_multi, poll.is_open AS poll_is_open,
       poll.closes_at AS poll_closes_at,
       event.when_at AS event_when_at, event.zone AS event_zone, event.starts_at AS event_starts_at,
       event.duration AS event_duration, event.place AS event_place,
       event.lat AS event_lat, event.lon AS event_lon, event.north AS event_north,
       event.east AS event_east, event.south AS event_south, event.west AS event_west,
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
       last_author.avatar_url AS last_author_avatar_url,
       coalesce(
           item.last_activity_at > greatest(reader.read_all_at, item_mark.read_at, place_mark.read_at)
           AND reader.id IS NOT NULL, false
       ) AS is_unread
FROM (SELECT count(*) AS total FROM candidates) AS counted
LEFT JOIN page ON true
LEFT JOIN items_item AS item ON item.id = page.id
LEFT JOIN microcosms_microcosm AS place ON place.id = item.microcosm_id
LEFT JOIN items_poll AS poll ON poll.item_id = item.id
LEFT JOIN items_event AS event ON event.item_id = item.id
LEFT JOIN profiles_profile AS author ON author.id = item.created_by_id
LEFT JOIN profiles_profile AS last_author ON last_author.id = item.last_comment_by_id
LEFT JOIN profiles_profile AS reader ON reader.id = %(profile_id)s::bigint
LEFT JOIN items_itemreadmark AS item_mark ON item_mark.profile_id = reader.id AND item_mark.item_id = item.id
LEFT JOIN items_microcosmreadmark AS place_mark
  ON place_mark.profile_id = reader.id AND place_mark.microcosm_id = item.microcosm_id
ORDER BY page.score DESC, page.last_activity_at DESC, page.id DESC
