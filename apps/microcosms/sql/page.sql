-- name: microcosm_page
-- A microcosm (the root when microcosm_id is null) and one page of what is in it, as one caller sees it: a row at
-- position 0 for the microcosm itself, then a row for each child microcosm or item of the page (contract A 21.3).
-- No rows when there is none, the caller may not read it, or it is hidden and they do not moderate it.
-- `place_` columns are about a microcosm, those without prefix about an item: the one that the row stands for, or the
-- most recent one in a child microcosm's subtree. Guests have profile_id 0.
-- Uses: microcosms_microcosm_site_id, items_item_place_order, items_itemreadmark_pkey, updates_ignore_target.
WITH place AS MATERIALIZED (
    SELECT microcosm.id, microcosm.path, cardinality(microcosm.path) AS depth, microcosm.is_live,
           microcosm.conversation_count + microcosm.event_count + microcosm.poll_count AS item_count,
           may.can_create, may.can_read, may.can_update, may.can_delete, may.can_close_own, may.can_open_own,
           may.can_read_others, may.is_guest, may.is_banned, may.is_owner, may.is_moderator, may.is_site_owner
    FROM microcosms_microcosm AS microcosm
    CROSS JOIN LATERAL fn.permissions_in(%(site_id)s::bigint, %(profile_id)s::bigint, microcosm.id) AS may
    WHERE microcosm.site_id = %(site_id)s::bigint
      AND CASE WHEN %(microcosm_id)s::bigint IS NULL THEN microcosm.parent_id IS NULL
               ELSE microcosm.id = %(microcosm_id)s::bigint END
      AND may.can_read AND NOT may.is_banned AND (microcosm.is_live OR may.is_moderator)
),
-- An array: to look for an id in it costs less than to scan rows for each title of a path.
readable AS MATERIALIZED (
    SELECT ARRAY(
        SELECT granted.microcosm_id
        FROM fn.readable_microcosms(%(site_id)s::bigint, %(profile_id)s::bigint) AS granted
    ) AS ids
),
ignored AS MATERIALIZED (
    SELECT coalesce(array_agg(ignore.microcosm_id) FILTER (WHERE ignore.microcosm_id IS NOT NULL), '{}')
               AS microcosm_ids,
           coalesce(array_agg(ignore.item_id) FILTER (WHERE ignore.item_id IS NOT NULL), '{}') AS item_ids
    FROM updates_ignore AS ignore
    WHERE ignore.profile_id = %(profile_id)s::bigint
),
-- What is live and not ignored below the place; `branch` is the child of the place that it belongs to.
below AS MATERIALIZED (
    SELECT microcosm.id, microcosm.path[place.depth + 1] AS branch,
           cardinality(microcosm.path) - place.depth AS generation, microcosm.id = ANY (readable.ids) AS is_readable,
           microcosm.title, microcosm.logo_url, microcosm.is_sticky, microcosm.sequence,
           microcosm.conversation_count + microcosm.event_count + microcosm.poll_count AS item_count,
           microcosm.comment_count,
           -- When somebody was active last in what is visible directly inside; null when there is nothing.
           microcosm.last_activity_at AS active_at
    FROM place
    CROSS JOIN ignored
    CROSS JOIN readable
    JOIN microcosms_microcosm AS microcosm
      ON microcosm.site_id = %(site_id)s::bigint AND microcosm.path[place.depth] = place.id
     AND cardinality(microcosm.path) > place.depth AND microcosm.is_live
    WHERE NOT microcosm.path && ignored.microcosm_ids
),
total AS MATERIALIZED (
    SELECT (SELECT count(*) FROM below WHERE below.generation = 1 AND below.is_readable) AS child_count,
           CASE WHEN place.is_live THEN place.item_count - (
               SELECT count(*)
               FROM ignored
               CROSS JOIN unnest(ignored.item_ids) AS hidden (id)
               -- A single value, so that each is looked up instead of reading all that is in the place.
               WHERE (
                   SELECT item.microcosm_id FROM items_item AS item
                   WHERE item.id = hidden.id AND NOT item.is_deleted AND NOT item.is_moderated
               ) = place.id
           ) ELSE 0 END AS item_count
    FROM place
),
-- Which items to read. At an offset: so many fewer are passed over as there are microcosms, which stand somewhere among
-- them, and so many more are read; from the end of the list if that is nearer. Else on or back from the place of a cursor.
span AS MATERIALIZED (
    SELECT walk.skipped, walk.taken,
           CASE WHEN %(from_id)s::bigint IS NULL THEN walk.skipped > total.item_count / 2
                ELSE %(is_before)s::boolean END AS goes_back,
           CASE WHEN %(from_id)s::bigint IS NULL
                THEN greatest(total.item_count - walk.skipped - walk.taken, 0) ELSE 0 END AS back_skipped,
           CASE WHEN %(from_id)s::bigint IS NULL
                THEN least(walk.taken, greatest(total.item_count - walk.skipped, 0)) ELSE walk.taken END AS back_taken
    FROM total
    CROSS JOIN LATERAL (
        SELECT CASE WHEN %(from_id)s::bigint IS NULL THEN greatest(%(offset)s::bigint - total.child_count, 0)
                    ELSE 0 END AS skipped,
               CASE WHEN %(from_id)s::bigint IS NULL THEN %(limit)s::bigint + total.child_count
                    ELSE %(limit)s::bigint END AS taken
    ) AS walk
),
nearby AS MATERIALIZED (
    SELECT below.id AS microcosm_id, NULL::bigint AS item_id, below.is_sticky, false AS is_item, below.sequence,
           NULL::timestamptz AS last_activity_at, below.id AS tie
    FROM below
    WHERE below.generation = 1 AND below.is_readable
      AND CASE
          WHEN %(from_id)s::bigint IS NULL THEN true
          WHEN %(is_before)s::boolean
          THEN (NOT below.is_sticky, false, below.sequence, below.id)
               < (NOT %(from_sticky)s::boolean, %(from_item)s::boolean, %(from_sequence)s::integer, %(from_id)s::bigint)
          ELSE (NOT below.is_sticky, false, below.sequence, below.id)
               > (NOT %(from_sticky)s::boolean, %(from_item)s::boolean, %(from_sequence)s::integer, %(from_id)s::bigint)
      END
    UNION ALL
    (
        SELECT NULL, item.id, item.is_sticky, true, 0, item.last_activity_at, - item.id
        FROM items_item AS item
        -- Single values, not joins: only then is the index read in its order and no further than needed, and nothing
        -- but the index. Microcosms stand before the items that are pinned like them.
        WHERE NOT (SELECT span.goes_back FROM span)
          AND item.microcosm_id = (SELECT place.id FROM place WHERE place.is_live)
          AND NOT item.is_deleted AND NOT item.is_moderated
          AND item.id <> ALL ((SELECT ignored.item_ids FROM ignored)::bigint[])
          AND (item.is_sticky, item.last_activity_at, item.id) < (
              coalesce(%(from_sticky)s::boolean, true), coalesce(%(from_at)s::timestamptz, 'infinity'),
              coalesce(%(from_id)s::bigint, 0)
          )
        ORDER BY item.is_sticky DESC, item.last_activity_at DESC, item.id DESC
        LIMIT (SELECT span.taken FROM span) OFFSET (SELECT span.skipped FROM span)
    )
    UNION ALL
    (
        SELECT NULL, item.id, item.is_sticky, true, 0, item.last_activity_at, - item.id
        FROM items_item AS item
        WHERE (SELECT span.goes_back FROM span)
          AND item.microcosm_id = (SELECT place.id FROM place WHERE place.is_live)
          AND NOT item.is_deleted AND NOT item.is_moderated
          AND item.id <> ALL ((SELECT ignored.item_ids FROM ignored)::bigint[])
          AND (item.is_sticky, item.last_activity_at, item.id) > (
              coalesce(%(from_sticky)s::boolean, false),
              CASE WHEN %(from_id)s::bigint IS NULL THEN '-infinity'
                   ELSE coalesce(%(from_at)s::timestamptz, 'infinity') END,
              coalesce(%(from_id)s::bigint, 0)
          )
        ORDER BY item.is_sticky, item.last_activity_at, item.id
        LIMIT (SELECT span.back_taken FROM span) OFFSET (SELECT span.back_skipped FROM span)
    )
),
page AS MATERIALIZED (
    SELECT entry.microcosm_id, entry.item_id, entry.last_activity_at,
           row_number() OVER (
               ORDER BY entry.is_sticky DESC, entry.is_item, entry.sequence, entry.last_activity_at DESC, entry.tie
           ) AS position
    FROM (
        SELECT nearby.microcosm_id, nearby.item_id, nearby.is_sticky, nearby.is_item, nearby.sequence,
               nearby.last_activity_at, nearby.tie
        FROM nearby
        ORDER BY nearby.is_sticky DESC, nearby.is_item, nearby.sequence, nearby.last_activity_at DESC, nearby.tie
        LIMIT %(limit)s::bigint
        OFFSET CASE WHEN %(is_before)s::boolean
                    THEN greatest((SELECT count(*) FROM nearby) - %(limit)s::bigint, 0)
                    ELSE %(offset)s::bigint - (SELECT span.skipped FROM span) END
    ) AS entry
),
branches AS MATERIALIZED (
    SELECT below.branch,
           sum(below.item_count)::bigint AS item_count, sum(below.comment_count)::bigint AS comment_count,
           array_agg(below.id ORDER BY below.is_sticky DESC, below.comment_count DESC, below.title, below.id)
               FILTER (WHERE below.generation = 2 AND below.is_readable) AS child_ids,
           array_agg(below.title ORDER BY below.is_sticky DESC, below.comment_count DESC, below.title, below.id)
               FILTER (WHERE below.generation = 2 AND below.is_readable) AS child_titles,
           array_agg(below.logo_url ORDER BY below.is_sticky DESC, below.comment_count DESC, below.title, below.id)
               FILTER (WHERE below.generation = 2 AND below.is_readable) AS child_logo_urls
    FROM below
    GROUP BY below.branch
),
-- Up to when a member has read each microcosm as a whole; `branch` is 0 for the place, which counts even if ignored.
marks AS MATERIALIZED (
    SELECT inside.branch, inside.id, greatest(mark.read_at, viewer.read_all_at) AS read_at
    FROM profiles_profile AS viewer
    CROSS JOIN (
        SELECT below.branch, below.id, below.active_at FROM below WHERE below.is_readable
        UNION ALL
        SELECT 0, place.id, 'infinity' FROM place WHERE place.is_live
    ) AS inside
    LEFT JOIN items_microcosmreadmark AS mark ON mark.profile_id = viewer.id AND mark.microcosm_id = inside.id
    WHERE viewer.id = %(profile_id)s::bigint AND viewer.site_id = %(site_id)s::bigint
      AND (mark.read_at IS NULL OR inside.active_at > mark.read_at) AND inside.active_at > viewer.read_all_at
),
-- Not materialized: whoever asks stops at the first.
unread AS NOT MATERIALIZED (
    SELECT marks.branch
    FROM marks
    CROSS JOIN LATERAL (
        SELECT
        FROM items_item AS item
        LEFT JOIN items_itemreadmark AS mark ON mark.profile_id = %(profile_id)s::bigint AND mark.item_id = item.id
        -- Both values, so that the index is read from the mark on.
        WHERE item.microcosm_id = marks.id AND item.is_sticky = ANY ('{t,f}') AND item.last_activity_at > marks.read_at
          AND NOT item.is_deleted AND NOT item.is_moderated
          AND (mark.read_at IS NULL OR mark.read_at < item.last_activity_at)
          AND item.id <> ALL ((SELECT ignored.item_ids FROM ignored)::bigint[])
        LIMIT 1
    ) AS fresh
),
-- The most recent item of each branch of the page: that of its most recently active microcosm, unless the reader ignores
-- it; then all microcosms of the branch are asked.
latest AS MATERIALIZED (
    SELECT DISTINCT ON (below.branch) below.branch, below.id, below.active_at
    FROM below
    WHERE below.is_readable AND below.active_at IS NOT NULL AND below.branch IN (SELECT page.microcosm_id FROM page)
    ORDER BY below.branch, below.active_at DESC
),
newest AS MATERIALIZED (
    SELECT latest.branch,
           CASE WHEN first.last_activity_at >= latest.active_at THEN first.id ELSE (
               SELECT candidate.id
               FROM below
               CROSS JOIN LATERAL fn.newest_item(below.id, ignored.item_ids) AS candidate
               WHERE below.branch = latest.branch AND below.is_readable
               ORDER BY candidate.last_activity_at DESC, candidate.id DESC
               LIMIT 1
           ) END AS item_id
    FROM latest
    CROSS JOIN ignored
    LEFT JOIN LATERAL fn.newest_item(latest.id, ignored.item_ids) AS first ON true
),
-- What the rows stand for, as arrays: unnested they are few to the planner too, which then looks up each of the rest.
gathered AS MATERIALIZED (
    SELECT array_agg(entry.position ORDER BY entry.position) AS positions,
           array_agg(entry.microcosm_id ORDER BY entry.position) AS microcosm_ids,
           array_agg(entry.item_id ORDER BY entry.position) AS item_ids
    FROM (
        SELECT 0 AS position, place.id AS microcosm_id, NULL::bigint AS item_id FROM place
        UNION ALL
        SELECT page.position, page.microcosm_id, coalesce(page.item_id, newest.item_id)
        FROM page
        LEFT JOIN newest ON newest.branch = page.microcosm_id
    ) AS entry
)
SELECT -- The first twelve are the permissions of the caller in the microcosm, in the order of fn.permission_set.
       place.can_create, place.can_read, place.can_update, place.can_delete, place.can_close_own, place.can_open_own,
       place.can_read_others, place.is_guest, place.is_banned, place.is_owner, place.is_moderator, place.is_site_owner,
       entries.position,
       coalesce(CASE
           WHEN entries.position = 0 THEN (SELECT true FROM unread LIMIT 1)
           WHEN microcosm.id IS NOT NULL THEN (SELECT true FROM unread WHERE unread.branch = microcosm.id LIMIT 1)
           ELSE item.last_activity_at > greatest((SELECT marks.read_at FROM marks WHERE marks.branch = 0), item_mark.read_at)
               AND viewer.id IS NOT NULL
       END, false) AS is_unread,
       (SELECT total.child_count + total.item_count FROM total) AS total,
       watcher.id IS NOT NULL AS place_is_watched, watcher.send_email AS place_send_email,
       watcher.send_sms AS place_send_sms, place.path && (SELECT ignored.microcosm_ids FROM ignored) AS place_is_ignored,
       CASE WHEN place.id IS NOT NULL THEN ARRAY (
           SELECT DISTINCT named.profile_id
           FROM permissions_role AS role
           JOIN permissions_roleprofile AS named ON named.role_id = role.id
           WHERE role.microcosm_id = place.id AND role.is_moderator
           ORDER BY named.profile_id
       ) END AS place_moderator_ids,
       microcosm.id AS place_id, microcosm.path AS place_path,
       CASE WHEN microcosm.id IS NOT NULL THEN ARRAY(
           SELECT CASE WHEN step.id = ANY (readable.ids) OR step.id = (SELECT place.id FROM place) THEN ancestor.title END
           FROM unnest(microcosm.path) WITH ORDINALITY AS step (id, level)
           JOIN microcosms_microcosm AS ancestor ON ancestor.id = step.id
           ORDER BY step.level
       )::text[] END AS place_path_titles,
       microcosm.title AS place_title, microcosm.description AS place_description, microcosm.logo_url AS place_logo_url,
       microcosm.visibility AS place_visibility, microcosm.item_types AS place_item_types,
       microcosm.created_at AS place_created_at, microcosm.edited_at AS place_edited_at,
       microcosm.edit_reason AS place_edit_reason,
       microcosm.is_sticky AS place_is_sticky, microcosm.sequence AS place_sequence,
       microcosm.is_open AS place_is_open,
       microcosm.is_deleted AS place_is_deleted, microcosm.is_moderated AS place_is_moderated,
       creator.id AS place_creator_id, creator.user_id AS place_creator_user_id, creator.name AS place_creator_name,
       creator.is_visible AS place_creator_is_visible, creator.avatar_url AS place_creator_avatar_url,
       editor.id AS place_editor_id, editor.user_id AS place_editor_user_id, editor.name AS place_editor_name,
       editor.is_visible AS place_editor_is_visible, editor.avatar_url AS place_editor_avatar_url,
       branches.item_count AS place_item_count, branches.comment_count AS place_comment_count,
       branches.child_ids AS place_child_ids, branches.child_titles AS place_child_titles,
       branches.child_logo_urls AS place_child_logo_urls,
       item.id, item.kind, item.title, item.microcosm_id, item_place.path,
       CASE WHEN item_place.id IS NOT NULL THEN ARRAY(
           SELECT CASE WHEN step.id = ANY (readable.ids) OR step.id = (SELECT place.id FROM place) THEN ancestor.title END
           FROM unnest(item_place.path) WITH ORDINALITY AS step (id, level)
           JOIN microcosms_microcosm AS ancestor ON ancestor.id = step.id
           ORDER BY step.level
       )::text[] END AS path_titles,
       item.created_at, item.is_sticky, item.is_open, item.is_deleted, item.is_moderated,
       item.comment_count, item.view_count, item.last_comment_id, item.last_comment_at, item.last_activity_at,
       poll.question AS poll_question, poll.is_multi AS poll_is_multi, poll.is_open AS poll_is_open,
       poll.closes_at AS poll_closes_at,
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
       last_author.name AS last_author_name,
       last_author.is_visible AS last_author_is_visible, last_author.avatar_url AS last_author_avatar_url
-- Nothing is joined whose size the planner can only guess: it would read whole tables for the rest.
FROM gathered
CROSS JOIN readable
CROSS JOIN unnest(gathered.positions, gathered.microcosm_ids, gathered.item_ids)
    AS entries (position, microcosm_id, item_id)
LEFT JOIN place ON entries.position = 0
LEFT JOIN profiles_profile AS viewer ON viewer.id = %(profile_id)s::bigint AND viewer.site_id = %(site_id)s::bigint
LEFT JOIN updates_watcher AS watcher
  ON watcher.profile_id = %(profile_id)s::bigint AND watcher.kind = 2 AND watcher.microcosm_id = place.id
LEFT JOIN microcosms_microcosm AS microcosm ON microcosm.id = entries.microcosm_id
LEFT JOIN branches ON branches.branch = microcosm.id
LEFT JOIN profiles_profile AS creator ON creator.id = microcosm.created_by_id
LEFT JOIN profiles_profile AS editor ON editor.id = microcosm.edited_by_id
LEFT JOIN items_item AS item ON item.id = entries.item_id
LEFT JOIN items_itemreadmark AS item_mark ON item_mark.profile_id = %(profile_id)s::bigint AND item_mark.item_id = item.id
LEFT JOIN items_poll AS poll ON poll.item_id = item.id
LEFT JOIN items_event AS event ON event.item_id = item.id
LEFT JOIN microcosms_microcosm AS item_place ON item_place.id = item.microcosm_id
LEFT JOIN profiles_profile AS author ON author.id = item.created_by_id
LEFT JOIN profiles_profile AS last_author ON last_author.id = item.last_comment_by_id
ORDER BY entries.position
