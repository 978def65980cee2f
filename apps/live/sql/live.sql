-- name: item_readers
-- Who of some profiles may read each of some items now.
SELECT reader.item_id, reader.profile_ids
FROM fn.item_readers(%(site_id)s::bigint, %(item_ids)s::bigint[], %(profile_ids)s::bigint[]) AS reader

-- name: microcosm_readers
-- Who of some profiles may reach a microcosm now.
SELECT reader.profile_id
FROM fn.microcosm_readers(
    %(site_id)s::bigint, ARRAY[%(microcosm_id)s::bigint], %(profile_ids)s::bigint[]
) AS reader
JOIN microcosms_microcosm AS place ON place.id = reader.microcosm_id
WHERE reader.can_read AND (place.is_live OR (reader.is_moderator AND NOT place.is_deleted))

-- name: item_counts
-- The numbers of some items that move while people look at them, a row for each choice of a poll and one for any other
-- item. Votes are null where not everybody who reads the poll may see them. Uses: items_pollvote_pkey.
SELECT item.id, item.kind, item.comment_count,
       CASE WHEN item.kind = 9 THEN (
           SELECT count(*) FROM items_attendee AS guest WHERE guest.event_id = item.id AND guest.rsvp = 1
       ) END AS attending_count,
       choice.id AS choice_id,
       CASE WHEN poll.results = 'always' OR NOT poll.is_open OR NOT item.is_open OR poll.closes_at <= %(now)s::timestamptz
            THEN (SELECT count(*) FROM items_pollvote AS vote WHERE vote.choice_id = choice.id) END AS vote_count,
       (
           SELECT count(DISTINCT vote.profile_id) FROM items_pollvote AS vote WHERE vote.poll_id = poll.item_id
       ) AS voter_count
FROM items_item AS item
LEFT JOIN items_poll AS poll ON poll.item_id = item.id
LEFT JOIN items_pollchoice AS choice ON choice.poll_id = poll.item_id
WHERE item.site_id = %(site_id)s::bigint AND item.id = ANY (%(item_ids)s::bigint[])
ORDER BY item.id, choice.position

-- name: ended_visits
-- Which of some pairs of site_id and token (0 is a guest's) may not be here any more: the site or the token is gone, or
-- its holder is banned from the site or switched off.
SELECT visit.site_id, visit.token_id
FROM unnest(%(site_ids)s::bigint[], %(token_ids)s::bigint[]) AS visit (site_id, token_id)
LEFT JOIN sites_site AS site ON site.id = visit.site_id AND NOT site.is_deleted
LEFT JOIN accounts_accesstoken AS token
  ON token.id = visit.token_id AND token.revoked_at IS NULL AND token.expires_at > %(now)s::timestamptz
LEFT JOIN accounts_user AS member ON member.id = token.user_id AND member.is_active
LEFT JOIN permissions_ban AS ban
  ON ban.site_id = visit.site_id AND ban.user_id = member.id
 AND member.id NOT IN (site.owner_id, site.created_by_id)
 AND (ban.expires_at IS NULL OR ban.expires_at > %(now)s::timestamptz)
WHERE site.id IS NULL OR (visit.token_id <> 0 AND (member.id IS NULL OR ban.id IS NOT NULL))

-- name: save_presence
-- Writes how many connections of somebody are at a place through one process.
INSERT INTO live_presence (process, site_id, item_id, profile_id, connection_count, seen_at)
SELECT %(process)s::text, here.site_id, here.item_id, here.profile_id, here.number, %(now)s::timestamptz
FROM unnest(%(site_ids)s::bigint[], %(item_ids)s::bigint[], %(profile_ids)s::bigint[], %(counts)s::integer[])
    AS here (site_id, item_id, profile_id, number)
ON CONFLICT (process, site_id, item_id, profile_id)
DO UPDATE SET connection_count = excluded.connection_count, seen_at = excluded.seen_at

-- name: people_present
-- Who is at a place of a site through any process that is alive, those who do not hide; one row.
-- Uses: live_presence_place.
SELECT coalesce(array_agg(DISTINCT person.id) FILTER (WHERE person.id IS NOT NULL), '{}') AS profile_ids,
       count(DISTINCT person.id) AS member_count,
       coalesce(sum(here.connection_count) FILTER (WHERE here.profile_id = 0), 0)::bigint AS guest_count
FROM live_presence AS here
LEFT JOIN profiles_profile AS person
  ON person.id = here.profile_id AND person.site_id = here.site_id AND person.is_visible
WHERE here.site_id = %(site_id)s::bigint AND here.item_id = %(item_id)s::bigint
  AND here.connection_count > 0 AND here.seen_at > %(alive_after)s::timestamptz
