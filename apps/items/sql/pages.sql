-- name: item_page
-- An item that the viewer may read and one page of its visible comments by authors they do not ignore, oldest first;
-- nothing when it is not for them. The item's columns are null in every row but the first, the comment's are null in
-- the only row of an item without comments on this page.
-- Hidden things are for moderators; authors reach their own moderated items.
-- `is_known` says that a copy of the page made from the `known` versions is right for this viewer; then it has no comments.
-- For those who ignore somebody who has said something there it never is. No comment is marked as unread: what is,
-- `read_at` says; `news_at` is when something happened last that reading the item clears, of the viewer's own updates
-- and mails too.
-- Uses: items_item_pkey, comments_comment_page, comments_comment_said, comments_block_first, comments_revision_number,
-- updates_update_of_item.
WITH muted AS MATERIALIZED (
    SELECT ARRAY(
        SELECT ignored.target_profile_id FROM updates_ignore AS ignored
        WHERE ignored.profile_id = %(profile_id)s::bigint AND ignored.kind = 3
          AND ignored.target_profile_id <> ignored.profile_id
    ) AS ids
),
viewed AS MATERIALIZED (
    SELECT 1 AS first_place, item.id, item.kind, item.title, item.microcosm_id, place.path,
           -- Null for ancestors that the viewer may not read; authors may have lost the microcosm itself.
           ARRAY(
               SELECT CASE
                   WHEN step.level = 1 OR (step.id = place.id AND NOT may.is_owner) THEN ancestor.title
                   WHEN (fn.permissions_in(%(site_id)s::bigint, %(profile_id)s::bigint, step.id)).can_read
                   THEN ancestor.title
               END
               FROM unnest(place.path) WITH ORDINALITY AS step (id, level)
               JOIN microcosms_microcosm AS ancestor ON ancestor.id = step.id
               ORDER BY step.level
           )::text[] AS path_titles,
           item.created_at, item.edited_at, item.edit_reason,
           item.is_sticky, item.is_open, item.is_deleted, item.is_moderated,
           author.id AS author_id, author.user_id AS author_user_id, author.name AS author_name,
           author.is_visible AS author_is_visible, author.avatar_url AS author_avatar_url,
           editor.id AS editor_id, editor.user_id AS editor_user_id, editor.name AS editor_name,
           editor.is_visible AS editor_is_visible, editor.avatar_url AS editor_avatar_url,
           may.can_create, may.can_read, may.can_update, may.can_delete, may.can_close_own, may.can_open_own,
           may.can_read_others, may.is_guest, may.is_banned, may.is_owner, may.is_moderator, may.is_site_owner,
           watcher.id IS NOT NULL AS is_watched,
           coalesce(watcher.send_email, false) AS send_email,
           coalesce(watcher.send_sms, false) AS send_sms,
           EXISTS (
               SELECT FROM updates_ignore AS ignored
               WHERE ignored.profile_id = %(profile_id)s::bigint AND ignored.kind = item.kind
                 AND ignored.item_id = item.id
           ) AS is_ignored,
           muted.ids AS muted_ids,
           greatest(item.last_activity_at, watcher.last_notified_at, told.told_at) AS news_at,
           item.comment_count - hushed.comment_count AS comment_total,
           -- Null for guests, for whom nothing is unread.
           CASE WHEN reader.id IS NOT NULL
           THEN greatest(reader.read_all_at, item_mark.read_at, place_mark.read_at) END AS read_at,
           versions.page AS version, versions.people AS people_version,
           versions.page = %(known_version)s::bigint AND versions.people = %(known_people_version)s::bigint
               AND hushed.comment_count = 0 AS is_known,
           hushed.comment_count = 0 AS is_shared
    FROM items_item AS item
    JOIN microcosms_microcosm AS place ON place.id = item.microcosm_id
    JOIN profiles_profile AS author ON author.id = item.created_by_id
    LEFT JOIN profiles_profile AS editor ON editor.id = item.edited_by_id
    CROSS JOIN LATERAL fn.permissions_on_item(%(site_id)s::bigint, %(profile_id)s::bigint, item.id) AS may
    LEFT JOIN profiles_profile AS reader ON reader.id = %(profile_id)s::bigint
    LEFT JOIN items_itemreadmark AS item_mark ON item_mark.profile_id = reader.id AND item_mark.item_id = item.id
    LEFT JOIN items_microcosmreadmark AS place_mark
      ON place_mark.profile_id = reader.id AND place_mark.microcosm_id = place.id
    LEFT JOIN updates_watcher AS watcher
      ON watcher.profile_id = reader.id AND watcher.kind = item.kind AND watcher.item_id = item.id
    LEFT JOIN LATERAL fn.told_of_item(reader.id, item.id) AS told ON true
    CROSS JOIN muted
    -- Counting is for those who ignore somebody; for everybody else the counter is the answer.
    CROSS JOIN LATERAL (
        SELECT CASE WHEN cardinality(muted.ids) = 0 THEN 0 ELSE fn.hushed_count(item.id, muted.ids) END AS comment_count
        -- Not folded into the places that ask, which would count at each of them.
        OFFSET 0
    ) AS hushed
    CROSS JOIN LATERAL (
        SELECT coalesce((SELECT known.version FROM items_pageversion AS known WHERE known.item_id = item.id), 0) AS page,
               coalesce((
                   SELECT known.version FROM profiles_peopleversion AS known WHERE known.site_id = item.site_id
               ), 0) AS people
    ) AS versions
    WHERE item.id = %(item_id)s::bigint AND item.site_id = %(site_id)s::bigint AND item.kind = %(kind)s::smallint
      AND may.can_read AND NOT may.is_banned
      AND (
          may.is_moderator
          OR (place.is_live AND NOT item.is_deleted AND (NOT item.is_moderated OR may.is_owner))
      )
),
picked AS MATERIALIZED (
    SELECT fn.comment_ids(
               viewed.id, viewed.muted_ids, %(limit)s::bigint, %(offset)s::bigint,
               %(from_at)s::timestamptz, %(from_id)s::bigint, %(is_before)s::boolean
           ) AS ids
    FROM viewed
    WHERE NOT viewed.is_known
),
page AS (
    SELECT array_position(picked.ids, shown.id) AS place, shown.*
    FROM picked
    CROSS JOIN LATERAL fn.comment_rows(picked.ids, NULL) AS shown
)
SELECT viewed.id, viewed.kind, viewed.title, viewed.microcosm_id, viewed.path, viewed.path_titles,
       viewed.created_at, viewed.edited_at, viewed.edit_reason,
       viewed.is_sticky, viewed.is_open, viewed.is_deleted, viewed.is_moderated,
       viewed.author_id, viewed.author_user_id, viewed.author_name, viewed.author_is_visible, viewed.author_avatar_url,
       viewed.editor_id, viewed.editor_user_id, viewed.editor_name, viewed.editor_is_visible, viewed.editor_avatar_url,
       viewed.can_create, viewed.can_read, viewed.can_update, viewed.can_delete, viewed.can_close_own,
       viewed.can_open_own, viewed.can_read_others, viewed.is_guest, viewed.is_banned, viewed.is_owner,
       viewed.is_moderator, viewed.is_site_owner,
       viewed.is_watched, viewed.send_email, viewed.send_sms, viewed.is_ignored, viewed.comment_total,
       viewed.news_at, viewed.read_at,
       viewed.version, viewed.people_version, viewed.is_known, viewed.is_shared,
       page.id AS comment_id, page.created_at AS comment_created_at, page.revision_count AS comment_revision_count,
       page.attachment_count AS comment_attachment_count, page.is_deleted AS comment_is_deleted,
       page.is_moderated AS comment_is_moderated, page.is_unread AS comment_is_unread,
       page.parent_kind AS comment_parent_kind, page.parent_id AS comment_parent_id,
       page.parent_title AS comment_parent_title, page.markdown AS comment_markdown, page.html AS comment_html,
       page.edited_at AS comment_edited_at,
       page.author_id AS comment_author_id, page.author_user_id AS comment_author_user_id,
       page.author_name AS comment_author_name, page.author_is_visible AS comment_author_is_visible,
       page.author_avatar_url AS comment_author_avatar_url,
       page.editor_id AS comment_editor_id, page.editor_user_id AS comment_editor_user_id,
       page.editor_name AS comment_editor_name, page.editor_is_visible AS comment_editor_is_visible,
       page.editor_avatar_url AS comment_editor_avatar_url,
       page.in_reply_to_id AS comment_in_reply_to_id, page.reply_author_id AS comment_reply_author_id,
       page.reply_author_name AS comment_reply_author_name
FROM viewed
FULL JOIN page ON page.place = viewed.first_place
ORDER BY coalesce(page.place, 0)

-- name: items_of_kind
-- One page of the visible items of a kind that the viewer may read and does not ignore, sticky ones first, then the
-- most recently active. Always at least one row: `total` is in each, all else is null when the page is empty.
-- Uses: items_item_kind_order.
WITH readable AS MATERIALIZED (
    SELECT granted.microcosm_id
    FROM fn.readable_microcosms(%(site_id)s::bigint, %(profile_id)s::bigint) AS granted
),
places AS MATERIALIZED (
    SELECT place.id,
           CASE %(kind)s::smallint
               WHEN 6 THEN place.conversation_count
               WHEN 7 THEN place.poll_count
               WHEN 9 THEN place.event_count
           END AS item_count
    FROM readable
    JOIN microcosms_microcosm AS place ON place.id = readable.microcosm_id
    WHERE NOT EXISTS (
        SELECT FROM updates_ignore AS ignored
        WHERE ignored.profile_id = %(profile_id)s::bigint AND ignored.kind = 2
          AND ignored.microcosm_id = ANY (place.path)
    )
),
counted AS (
    SELECT coalesce(sum(places.item_count), 0) - (
               SELECT count(*)
               FROM updates_ignore AS ignored
               JOIN items_item AS item ON item.id = ignored.item_id AND item.kind = %(kind)s::smallint
               JOIN places AS visible_place ON visible_place.id = item.microcosm_id
               WHERE ignored.profile_id = %(profile_id)s::bigint AND ignored.kind = %(kind)s::smallint
                 AND NOT item.is_deleted AND NOT item.is_moderated
           ) AS total
    FROM places
),
unseen AS MATERIALIZED (
    SELECT ignored.item_id
    FROM updates_ignore AS ignored
    WHERE ignored.profile_id = %(profile_id)s::bigint AND ignored.item_id IS NOT NULL
),
-- How the page is read: on from the place of a cursor or from the beginning, or back from there or from the end, to which
-- the second half of the pages is nearer.
span AS MATERIALIZED (
    SELECT CASE WHEN %(from_id)s::bigint IS NULL THEN %(offset)s::bigint > counted.total / 2
                ELSE %(is_before)s::boolean END AS goes_back,
           CASE WHEN %(from_id)s::bigint IS NULL
                THEN greatest(counted.total::bigint - %(offset)s::bigint - %(limit)s::bigint, 0) ELSE 0 END AS back_offset,
           CASE WHEN %(from_id)s::bigint IS NULL
                THEN least(%(limit)s::bigint, greatest(counted.total::bigint - %(offset)s::bigint, 0))
                ELSE %(limit)s::bigint END AS back_limit
    FROM counted
),
-- An array, which is a few ids to the planner: it looks up the rest of each instead of reading whole tables. Values, not
-- joins, so that the index is read in its order and no further than needed, and nothing but the index.
picked AS MATERIALIZED (
    SELECT CASE WHEN span.goes_back THEN ARRAY(
        SELECT nearest.id
        FROM (
            SELECT item.id, item.is_sticky, item.last_activity_at
            FROM items_item AS item
            WHERE item.site_id = %(site_id)s::bigint AND item.kind = %(kind)s::smallint
              AND NOT item.is_deleted AND NOT item.is_moderated
              AND (item.is_sticky, item.last_activity_at, item.id) > (
                  coalesce(%(from_sticky)s::boolean, false), coalesce(%(from_at)s::timestamptz, '-infinity'),
                  coalesce(%(from_id)s::bigint, 0)
              )
              AND (item.microcosm_id IN (SELECT places.id FROM places)) IS TRUE
              AND (item.id IN (SELECT unseen.item_id FROM unseen)) IS NOT TRUE
            ORDER BY item.is_sticky, item.last_activity_at, item.id
            LIMIT (SELECT span.back_limit FROM span) OFFSET (SELECT span.back_offset FROM span)
        ) AS nearest
        ORDER BY nearest.is_sticky DESC, nearest.last_activity_at DESC, nearest.id DESC
    ) ELSE ARRAY(
        SELECT item.id
        FROM items_item AS item
        WHERE item.site_id = %(site_id)s::bigint AND item.kind = %(kind)s::smallint
          AND NOT item.is_deleted AND NOT item.is_moderated
          AND (item.is_sticky, item.last_activity_at, item.id) < (
              coalesce(%(from_sticky)s::boolean, true), coalesce(%(from_at)s::timestamptz, 'infinity'),
              coalesce(%(from_id)s::bigint, 0)
          )
          AND (item.microcosm_id IN (SELECT places.id FROM places)) IS TRUE
          AND (item.id IN (SELECT unseen.item_id FROM unseen)) IS NOT TRUE
        ORDER BY item.is_sticky DESC, item.last_activity_at DESC, item.id DESC
        LIMIT %(limit)s::bigint OFFSET %(offset)s::bigint
    ) END AS ids
    FROM span
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
