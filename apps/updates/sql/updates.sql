-- name: tell_watchers
-- Write an update about an item, or a comment on it or on a profile, for the next of those who watch it, in the order of
-- their ids and after `after_id`: watchers of the item or profile (unless the item itself is the news, type 8), and for new
-- comments on items and new items (types 1 and 8) of its microcosm and the site. Only for those who may read it now, except
-- who caused it; what was told already is not told again. Nothing when it or what it hangs on is hidden, and of somebody who
-- is not going any more (type 5).
-- Answers one row: how many of those who watch this was, the last of them, and the new updates with whose they are.
-- Uses: updates_watcher_of_item, updates_watcher_of_place, updates_watcher_of_person, updates_watcher_of_all.
WITH news AS MATERIALIZED (
    SELECT item.id AS item_id, item.microcosm_id, comment.id AS comment_id, comment.profile_id AS home_id,
           coalesce(
               comment.created_at,
               CASE WHEN %(type)s::smallint = 8 THEN item.created_at ELSE %(now)s::timestamptz END
           ) AS happened_at
    FROM sites_site AS site
    LEFT JOIN items_item AS item
      ON item.id = %(item_id)s::bigint AND item.site_id = site.id AND NOT item.is_deleted AND NOT item.is_moderated
    LEFT JOIN microcosms_microcosm AS place ON place.id = item.microcosm_id
    LEFT JOIN comments_comment AS comment
      ON comment.id = %(comment_id)s::bigint AND comment.site_id = site.id
     AND comment.item_id IS NOT DISTINCT FROM item.id AND NOT comment.is_deleted AND NOT comment.is_moderated
    WHERE site.id = %(site_id)s::bigint
      AND coalesce(item.id, comment.profile_id) IS NOT NULL
      AND (%(item_id)s::bigint IS NULL OR (item.id IS NOT NULL AND coalesce(place.is_live, true)))
      AND (%(comment_id)s::bigint IS NULL OR comment.id IS NOT NULL)
      -- Somebody may not be going any more.
      AND (%(type)s::smallint <> 5 OR EXISTS (
          SELECT FROM items_attendee AS answer
          WHERE answer.event_id = item.id AND answer.profile_id = %(actor_id)s::bigint AND answer.rsvp = 1
      ))
),
watching AS MATERIALIZED (
    -- The first of each kind hold the first of all: nobody watches one thing twice.
    SELECT watcher.profile_id
    FROM (
        (
            SELECT watcher.profile_id
            FROM news
            JOIN updates_watcher AS watcher ON watcher.item_id = news.item_id
            WHERE %(type)s::smallint <> 8 AND watcher.profile_id > %(after_id)s::bigint
            ORDER BY watcher.profile_id
            LIMIT %(limit)s::bigint
        )
        UNION ALL
        (
            SELECT watcher.profile_id
            FROM news
            JOIN updates_watcher AS watcher ON watcher.target_profile_id = news.home_id AND watcher.kind = 3
            WHERE %(type)s::smallint = 1 AND watcher.profile_id > %(after_id)s::bigint
            ORDER BY watcher.profile_id
            LIMIT %(limit)s::bigint
        )
        UNION ALL
        (
            SELECT watcher.profile_id
            FROM news
            JOIN updates_watcher AS watcher ON watcher.microcosm_id = news.microcosm_id
            WHERE %(type)s::smallint IN (1, 8) AND watcher.profile_id > %(after_id)s::bigint
            ORDER BY watcher.profile_id
            LIMIT %(limit)s::bigint
        )
        UNION ALL
        (
            SELECT watcher.profile_id
            FROM news
            JOIN updates_watcher AS watcher
              ON watcher.kind = 1 AND watcher.item_id IS NULL AND watcher.microcosm_id IS NULL
             AND watcher.target_profile_id IS NULL
            JOIN profiles_profile AS reader ON reader.id = watcher.profile_id AND reader.site_id = %(site_id)s::bigint
            WHERE news.item_id IS NOT NULL AND %(type)s::smallint IN (1, 8)
              AND watcher.profile_id > %(after_id)s::bigint
            ORDER BY watcher.profile_id
            LIMIT %(limit)s::bigint
        )
    ) AS watcher
    GROUP BY watcher.profile_id
    ORDER BY watcher.profile_id
    LIMIT %(limit)s::bigint
),
told AS (
    INSERT INTO updates_update (
        profile_id, type, item_id, comment_id, created_at, created_by_id, unread_since, is_viewed
    )
    SELECT reader.id, %(type)s::smallint, news.item_id, news.comment_id, news.happened_at, %(actor_id)s::bigint,
           news.happened_at, false
    FROM news
    CROSS JOIN watching
    JOIN profiles_profile AS reader ON reader.id = watching.profile_id AND reader.site_id = %(site_id)s::bigint
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN news.item_id IS NULL
            THEN fn.permissions_on_comment(%(site_id)s::bigint, reader.id, news.comment_id)
            ELSE fn.permissions_on_item(%(site_id)s::bigint, reader.id, news.item_id)
        END AS may
    ) AS answer
    WHERE reader.id IS DISTINCT FROM %(actor_id)s::bigint
      AND (answer.may).can_read AND NOT (answer.may).is_banned
    ON CONFLICT (profile_id, type, item_id, comment_id, created_by_id) DO NOTHING
    RETURNING id, profile_id
)
SELECT (SELECT count(*) FROM watching) AS watching_count,
       (SELECT max(watching.profile_id) FROM watching) AS last_id,
       ARRAY(SELECT told.id FROM told ORDER BY told.id) AS update_ids,
       ARRAY(SELECT told.profile_id FROM told ORDER BY told.id) AS profile_ids

-- name: tell_of_reply
-- Write an update for the author of the comment that a new one answers, if they may read it now and did not answer
-- themselves. Nothing when it or what it hangs on is hidden. Uses: comments_comment_pkey.
INSERT INTO updates_update (
    profile_id, type, item_id, comment_id, created_at, created_by_id, unread_since, is_viewed
)
SELECT answered.created_by_id, %(type)s::smallint, comment.item_id, comment.id, comment.created_at,
       comment.created_by_id, comment.created_at, false
FROM comments_comment AS comment
JOIN comments_comment AS answered ON answered.id = comment.in_reply_to_id
LEFT JOIN items_item AS item ON item.id = comment.item_id
LEFT JOIN microcosms_microcosm AS place ON place.id = item.microcosm_id
CROSS JOIN LATERAL
    fn.permissions_on_comment(%(site_id)s::bigint, answered.created_by_id, comment.id) AS may
WHERE comment.id = %(comment_id)s::bigint AND comment.site_id = %(site_id)s::bigint
  AND NOT comment.is_deleted AND NOT comment.is_moderated
  AND NOT coalesce(item.is_deleted, false) AND NOT coalesce(item.is_moderated, false) AND coalesce(place.is_live, true)
  AND answered.created_by_id <> comment.created_by_id AND may.can_read AND NOT may.is_banned
ON CONFLICT (profile_id, type, item_id, comment_id, created_by_id) DO NOTHING
RETURNING id, profile_id, item_id

-- name: tell_mentioned
-- Write an update for those of some profiles of the site, named in a comment, who may read it now, except who named
-- them. Nothing when it or what it hangs on is hidden. Uses: comments_comment_pkey.
INSERT INTO updates_update (
    profile_id, type, item_id, comment_id, created_at, created_by_id, unread_since, is_viewed
)
SELECT reader.id, %(type)s::smallint, comment.item_id, comment.id, news.happened_at, %(actor_id)s::bigint,
       news.happened_at, false
FROM comments_comment AS comment
-- News of a comment happens, and counts as read, with it, unless an edit has brought it.
CROSS JOIN LATERAL (
    SELECT CASE WHEN comment.revision_count = 1 THEN comment.created_at ELSE %(now)s::timestamptz END AS happened_at
) AS news
JOIN profiles_profile AS reader
  ON reader.id = ANY (%(profile_ids)s::bigint[]) AND reader.site_id = %(site_id)s::bigint
LEFT JOIN items_item AS item ON item.id = comment.item_id
LEFT JOIN microcosms_microcosm AS place ON place.id = item.microcosm_id
CROSS JOIN LATERAL fn.permissions_on_comment(%(site_id)s::bigint, reader.id, comment.id) AS may
WHERE comment.id = %(comment_id)s::bigint AND comment.site_id = %(site_id)s::bigint
  AND NOT comment.is_deleted AND NOT comment.is_moderated
  AND NOT coalesce(item.is_deleted, false) AND NOT coalesce(item.is_moderated, false) AND coalesce(place.is_live, true)
  AND reader.id <> %(actor_id)s::bigint AND may.can_read AND NOT may.is_banned
ON CONFLICT (profile_id, type, item_id, comment_id, created_by_id) DO NOTHING
RETURNING id, profile_id, item_id

-- name: tell_of_place
-- Write an update for somebody who waited for a place at an event of the site and has one, if they may read it now; they
-- count as who caused it. Nothing when it is hidden or they do not come any more. Uses: items_attendee_profile.
INSERT INTO updates_update (
    profile_id, type, item_id, comment_id, created_at, created_by_id, unread_since, is_viewed
)
SELECT answer.profile_id, %(type)s::smallint, item.id, NULL, answer.rsvp_at, answer.profile_id, answer.rsvp_at, false
FROM items_attendee AS answer
JOIN items_item AS item ON item.id = answer.event_id AND item.site_id = %(site_id)s::bigint
JOIN microcosms_microcosm AS place ON place.id = item.microcosm_id
CROSS JOIN LATERAL fn.permissions_on_item(%(site_id)s::bigint, answer.profile_id, item.id) AS may
WHERE answer.event_id = %(item_id)s::bigint AND answer.profile_id = %(profile_id)s::bigint AND answer.rsvp = 1
  AND NOT item.is_deleted AND NOT item.is_moderated AND place.is_live AND may.can_read AND NOT may.is_banned
ON CONFLICT (profile_id, type, item_id, comment_id, created_by_id) DO NOTHING
RETURNING id, profile_id, item_id

-- name: tell_attendees
-- Write an update for the next of those who are going to an event of the site that begins after now and until a moment, in
-- the order of their answers and after `after_id`, if they may read it and were not told. Answers a row for each of them,
-- with the new update if there is one, by event. Nothing for what is hidden or cancelled.
-- Uses: items_attendee_order, updates_update_news.
WITH coming AS MATERIALIZED (
    SELECT answer.id, answer.profile_id, item.id AS item_id, item.created_by_id
    FROM items_event AS event
    JOIN items_item AS item ON item.id = event.item_id AND item.site_id = %(site_id)s::bigint
    JOIN microcosms_microcosm AS place ON place.id = item.microcosm_id
    JOIN items_attendee AS answer ON answer.event_id = event.item_id AND answer.rsvp = 1
    WHERE event.starts_at > %(now)s::timestamptz AND event.starts_at <= %(until)s::timestamptz
      AND event.status NOT IN ('postponed', 'cancelled')
      AND NOT item.is_deleted AND NOT item.is_moderated AND place.is_live
      AND answer.id > %(after_id)s::bigint
    ORDER BY answer.id
    LIMIT %(limit)s::bigint
),
told AS (
    INSERT INTO updates_update (
        profile_id, type, item_id, comment_id, created_at, created_by_id, unread_since, is_viewed
    )
    SELECT coming.profile_id, %(type)s::smallint, coming.item_id, NULL, %(now)s::timestamptz, coming.created_by_id,
           %(now)s::timestamptz, false
    FROM coming
    CROSS JOIN LATERAL fn.permissions_on_item(%(site_id)s::bigint, coming.profile_id, coming.item_id) AS may
    WHERE may.can_read AND NOT may.is_banned
      AND NOT EXISTS (
          SELECT FROM updates_update AS known
          WHERE known.profile_id = coming.profile_id AND known.type = %(type)s::smallint
            AND known.item_id = coming.item_id
      )
    ON CONFLICT (profile_id, type, item_id, comment_id, created_by_id) DO NOTHING
    RETURNING id, profile_id, item_id
)
SELECT coming.id AS attendee_id, coming.item_id, coming.profile_id, told.id AS update_id
FROM coming
LEFT JOIN told ON told.profile_id = coming.profile_id AND told.item_id = coming.item_id
ORDER BY coming.item_id, coming.id

-- name: update_page
-- One page of what a member is told, newest first, or the one update of it with `update_id`. Permission is asked now:
-- left out is what they may not read any more, what is hidden, ignored or by somebody ignored, new comments (types 1 and
-- 4) unless they watch the item, new items (8) unless they watch a microcosm above it or the site, all but the newest of
-- these types for each item, and everything that clients cannot show (votes, polls, comments on profiles).
-- Whoever knows which updates that leaves in the viewer's present state gives those of the page as `known_ids`, in their
-- order, and how many there are as `known_total`; otherwise both are null and the first row says it as `shown_ids`.
-- Always at least one row: `total` is in each, all else is null when the page is empty. Columns without prefix are about
-- the item (see fn.summary_rows), `comment_` about the comment, `actor_` about who caused it.
-- Uses: updates_update_list, comments_comment_hidden, updates_watcher_target.
WITH readable AS MATERIALIZED (
    SELECT ARRAY(
        SELECT granted.microcosm_id
        FROM fn.readable_microcosms(%(site_id)s::bigint, %(profile_id)s::bigint) AS granted
    ) AS ids
),
ignored AS MATERIALIZED (
    SELECT coalesce(array_agg(ignore.microcosm_id) FILTER (WHERE ignore.microcosm_id IS NOT NULL), '{}')
               AS microcosm_ids,
           coalesce(array_agg(ignore.item_id) FILTER (WHERE ignore.item_id IS NOT NULL), '{}') AS item_ids,
           coalesce(
               array_agg(ignore.target_profile_id) FILTER (WHERE ignore.target_profile_id <> ignore.profile_id), '{}'
           ) AS profile_ids
    FROM updates_ignore AS ignore
    WHERE ignore.profile_id = %(profile_id)s::bigint
),
watched AS MATERIALIZED (
    SELECT watcher.kind, watcher.item_id, watcher.microcosm_id
    FROM updates_watcher AS watcher
    WHERE watcher.profile_id = %(profile_id)s::bigint
),
-- Of the microcosms they may read, those in which they are told of new items: all of them for who watches the site.
places AS MATERIALIZED (
    SELECT place.id, spread.is_everywhere OR place.path && spread.ids AS is_watched
    FROM readable
    CROSS JOIN ignored
    CROSS JOIN (
        SELECT coalesce(bool_or(watched.kind = 1), false) AS is_everywhere,
               coalesce(array_agg(watched.microcosm_id) FILTER (WHERE watched.kind = 2), '{}') AS ids
        FROM watched
    ) AS spread
    CROSS JOIN unnest(readable.ids) AS granted (id)
    JOIN microcosms_microcosm AS place ON place.id = granted.id
    WHERE NOT place.path && ignored.microcosm_ids
),
-- Everything they were told, numbered from the newest: one walk along the index.
told AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY news.created_at DESC, news.id DESC) AS number,
           news.id, news.type, news.item_id, news.comment_id, news.created_by_id
    FROM updates_update AS news
    WHERE news.profile_id = %(profile_id)s::bigint AND %(known_total)s::bigint IS NULL
),
-- Once for each item, however much they were told about it.
things AS MATERIALIZED (
    SELECT item.id, item.kind, watched.item_id IS NOT NULL AS is_watched,
           coalesce(places.is_watched, false) AS is_in_watched
    FROM (SELECT DISTINCT told.item_id AS id FROM told) AS about
    CROSS JOIN ignored
    JOIN items_item AS item ON item.id = about.id
    LEFT JOIN places ON places.id = item.microcosm_id
    LEFT JOIN watched ON watched.kind = item.kind AND watched.item_id = item.id
    WHERE item.site_id = %(site_id)s::bigint AND NOT item.is_deleted AND NOT item.is_moderated
      AND item.id <> ALL (ignored.item_ids)
      AND CASE
          WHEN item.kind <> 5 THEN places.id IS NOT NULL
          ELSE item.created_by_id <> ALL (ignored.profile_ids) AND EXISTS (
              SELECT FROM huddles_participant AS participant
              WHERE participant.huddle_id = item.id AND participant.profile_id = %(profile_id)s::bigint
          )
      END
),
-- What is new about each comes once: the newest of its kind. Single values, not EXISTS, so that hidden comments are
-- looked up one by one instead of all there are.
visible AS NOT MATERIALIZED (
    SELECT told.number, told.type, told.item_id
    FROM told
    JOIN things ON things.id = told.item_id
    CROSS JOIN ignored
    WHERE CASE
              WHEN told.type IN (1, 4) THEN things.is_watched
              WHEN told.type = 8 THEN things.is_in_watched
              ELSE told.type IN (2, 3, 5, 7)
          END
      AND told.created_by_id <> ALL (ignored.profile_ids)
      AND CASE
          WHEN told.comment_id IS NULL THEN things.kind <> 7
          ELSE (
              SELECT hidden.id FROM comments_comment AS hidden
              WHERE hidden.id = told.comment_id AND (hidden.is_deleted OR hidden.is_moderated)
          ) IS NULL
          -- Whoever mentions somebody by an edit need not be the author; everything else the author has caused.
          AND (told.type <> 3 OR cardinality(ignored.profile_ids) = 0 OR (
              SELECT said.id FROM comments_comment AS said
              WHERE said.id = told.comment_id AND said.created_by_id = ANY (ignored.profile_ids)
          ) IS NULL)
      END
),
shown AS MATERIALIZED (
    SELECT visible.number FROM visible WHERE visible.type NOT IN (1, 4, 8)
    UNION ALL
    SELECT min(visible.number) FROM visible WHERE visible.type IN (1, 4, 8) GROUP BY visible.type, visible.item_id
),
-- All are at hand, so the place of a cursor is found by counting who stands before it or, for pages after it, at it.
counted AS MATERIALIZED (
    SELECT coalesce(%(known_total)s::bigint, found.total) AS total, bounds.skipped, bounds.taken
    FROM (
        SELECT count(*) AS total,
               count(*) FILTER (WHERE %(from_id)s::bigint IS NOT NULL AND shown.number <= (
                   SELECT count(*) FROM updates_update AS news
                   WHERE news.profile_id = %(profile_id)s::bigint AND CASE
                       WHEN %(is_before)s::boolean
                       THEN (news.created_at, news.id) > (%(from_at)s::timestamptz, %(from_id)s::bigint)
                       ELSE (news.created_at, news.id) >= (%(from_at)s::timestamptz, %(from_id)s::bigint)
                   END
               )) AS passed
        FROM shown
    ) AS found
    CROSS JOIN LATERAL
        fn.page_bounds(%(limit)s::bigint, %(offset)s::bigint, %(is_before)s::boolean, found.passed) AS bounds
),
-- Cut before anything is joined to it.
listed AS MATERIALIZED (
    SELECT news.id, news.type, news.item_id, news.comment_id, news.created_at, news.created_by_id,
           news.is_viewed, news.unread_since, item.kind AS item_kind, item.microcosm_id
    FROM (
        (
            SELECT told.id
            FROM shown
            JOIN told ON told.number = shown.number
            WHERE %(update_id)s::bigint IS NULL OR told.id = %(update_id)s::bigint
            ORDER BY shown.number
            LIMIT (SELECT counted.taken FROM counted) OFFSET (SELECT counted.skipped FROM counted)
        )
        UNION ALL
        SELECT known.id FROM unnest(%(known_ids)s::bigint[]) AS known (id)
    ) AS picked
    JOIN updates_update AS news ON news.id = picked.id
    JOIN items_item AS item ON item.id = news.item_id
),
entries AS MATERIALIZED (
    SELECT shown.id, shown.type, shown.item_id, shown.comment_id, shown.created_at, shown.created_by_id,
           shown.is_viewed, shown.unread_since, shown.item_kind,
           row_number() OVER (ORDER BY shown.created_at DESC, shown.id DESC) AS position,
           CASE
               WHEN shown.item_kind = 5 THEN greatest(item_mark.read_at, huddles_mark.read_at, '-infinity')
               ELSE greatest(reader.read_all_at, item_mark.read_at, place_mark.read_at)
           END AS read_at
    FROM listed AS shown
    JOIN profiles_profile AS reader ON reader.id = %(profile_id)s::bigint
    LEFT JOIN items_itemreadmark AS item_mark
      ON item_mark.profile_id = reader.id AND item_mark.item_id = shown.item_id
    LEFT JOIN items_microcosmreadmark AS place_mark
      ON place_mark.profile_id = reader.id AND place_mark.microcosm_id = shown.microcosm_id
    LEFT JOIN huddles_allhuddlesreadmark AS huddles_mark ON huddles_mark.profile_id = reader.id
),
page AS MATERIALIZED (
    SELECT array_agg(entries.item_kind ORDER BY entries.position)::smallint[] AS kinds,
           array_agg(entries.item_id ORDER BY entries.position) AS ids
    FROM entries
)
SELECT (SELECT counted.total FROM counted) AS total,
       CASE WHEN %(known_total)s::bigint IS NULL AND summary.position = 1
       THEN ARRAY(SELECT told.id FROM shown JOIN told ON told.number = shown.number ORDER BY shown.number)
       END AS shown_ids,
       entries.id AS update_id, entries.type AS update_type, entries.created_at AS happened_at,
       NOT entries.is_viewed AND entries.unread_since > entries.read_at AS is_news,
       actor.id AS actor_id, actor.user_id AS actor_user_id, actor.name AS actor_name,
       actor.is_visible AS actor_is_visible, actor.avatar_url AS actor_avatar_url,
       said.id AS comment_id, said.created_at AS comment_created_at, said.revision_count AS comment_revision_count,
       said.attachment_count AS comment_attachment_count, said.is_deleted AS comment_is_deleted,
       said.is_moderated AS comment_is_moderated, said.is_unread AS comment_is_unread,
       said.parent_kind AS comment_parent_kind, said.parent_id AS comment_parent_id,
       said.parent_title AS comment_parent_title, said.markdown AS comment_markdown, said.html AS comment_html,
       said.edited_at AS comment_edited_at,
       said.author_id AS comment_author_id, said.author_user_id AS comment_author_user_id,
       said.author_name AS comment_author_name, said.author_is_visible AS comment_author_is_visible,
       said.author_avatar_url AS comment_author_avatar_url,
       said.editor_id AS comment_editor_id, said.editor_user_id AS comment_editor_user_id,
       said.editor_name AS comment_editor_name, said.editor_is_visible AS comment_editor_is_visible,
       said.editor_avatar_url AS comment_editor_avatar_url,
       said.in_reply_to_id AS comment_in_reply_to_id, said.reply_author_id AS comment_reply_author_id,
       said.reply_author_name AS comment_reply_author_name,
       summary.*
FROM readable
CROSS JOIN page
LEFT JOIN LATERAL fn.summary_rows(readable.ids, page.kinds, page.ids, %(profile_id)s::bigint) AS summary ON true
LEFT JOIN entries ON entries.position = summary.position
LEFT JOIN profiles_profile AS actor ON actor.id = entries.created_by_id
LEFT JOIN LATERAL fn.comment_rows(ARRAY[entries.comment_id], entries.read_at) AS said ON entries.comment_id IS NOT NULL
ORDER BY summary.position

-- name: browsers
-- In which browsers to push some updates of members of the site. Uses: updates_update_pkey,
-- updates_push_subscription_endpoint.
SELECT news.profile_id, browser.id AS subscription_id, news.id AS update_id
FROM updates_update AS news
JOIN profiles_profile AS reader ON reader.id = news.profile_id AND reader.site_id = %(site_id)s::bigint
JOIN updates_pushsubscription AS browser ON browser.profile_id = reader.id
WHERE news.id = ANY (%(update_ids)s::bigint[])
ORDER BY news.id, browser.id
