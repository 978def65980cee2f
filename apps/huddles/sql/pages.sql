-- name: huddle_list
-- One page of the huddles a viewer is in, the most recently active first: all of them but those started by somebody
-- they ignore, or (`unread_only`) those that hold something new. Always at least one row: `total` is in each, all else
-- is null when the page is empty, as it is for guests.
-- Uses: huddles_participant_profile_id, items_item_pkey, updates_ignore_target.
WITH mine AS MATERIALIZED (
    SELECT item.id, item.last_activity_at
    FROM huddles_participant AS participant
    JOIN items_item AS item ON item.id = participant.huddle_id AND item.site_id = %(site_id)s::bigint
    WHERE participant.profile_id = %(profile_id)s::bigint AND NOT item.is_deleted AND NOT item.is_moderated
      AND CASE
          WHEN %(unread_only)s::boolean THEN EXISTS (
              SELECT FROM fn.unread_huddles(%(site_id)s::bigint, %(profile_id)s::bigint) AS unread
              WHERE unread.huddle_id = item.id
          )
          ELSE item.created_by_id <> ALL (ARRAY(
              SELECT ignored.target_profile_id
              FROM updates_ignore AS ignored
              WHERE ignored.profile_id = %(profile_id)s::bigint AND ignored.kind = 3
                AND ignored.target_profile_id <> ignored.profile_id
          ))
      END
),
-- All are at hand, so the place of a cursor is found by counting who stands before it or, for pages after it, at it.
counted AS MATERIALIZED (
    SELECT listed.total, bounds.skipped, bounds.taken
    FROM (
        SELECT count(*) AS total,
               count(*) FILTER (WHERE CASE
                   WHEN %(is_before)s::boolean
                   THEN (mine.last_activity_at, mine.id) > (%(from_at)s::timestamptz, %(from_id)s::bigint)
                   ELSE (mine.last_activity_at, mine.id) >= (%(from_at)s::timestamptz, %(from_id)s::bigint)
               END) AS passed
        FROM mine
    ) AS listed
    CROSS JOIN LATERAL
        fn.page_bounds(%(limit)s::bigint, %(offset)s::bigint, %(is_before)s::boolean, listed.passed) AS bounds
),
picked AS MATERIALIZED (
    SELECT ARRAY(
        SELECT mine.id
        FROM mine
        ORDER BY mine.last_activity_at DESC, mine.id DESC
        LIMIT counted.taken OFFSET counted.skipped
    ) AS ids
    FROM counted
)
SELECT counted.total,
       CASE WHEN item.id IS NOT NULL THEN unread.huddle_id IS NOT NULL END AS is_unread,
       item.id, item.title, item.created_at, item.comment_count,
       item.last_comment_id, item.last_comment_at, item.last_activity_at,
       author.id AS author_id, author.user_id AS author_user_id, author.name AS author_name,
       author.is_visible AS author_is_visible, author.avatar_url AS author_avatar_url,
       last_author.id AS last_author_id, last_author.user_id AS last_author_user_id,
       last_author.name AS last_author_name, last_author.is_visible AS last_author_is_visible,
       last_author.avatar_url AS last_author_avatar_url,
       people.ids AS people_ids, people.user_ids AS people_user_ids, people.names AS people_names,
       people.visibilities AS people_visibilities, people.avatar_urls AS people_avatar_urls
FROM counted
CROSS JOIN picked
LEFT JOIN LATERAL unnest(picked.ids) WITH ORDINALITY AS entry (id, position) ON true
LEFT JOIN items_item AS item ON item.id = entry.id
LEFT JOIN profiles_profile AS author ON author.id = item.created_by_id
LEFT JOIN profiles_profile AS last_author ON last_author.id = item.last_comment_by_id
LEFT JOIN LATERAL fn.people_in_huddle(item.id) AS people ON true
LEFT JOIN LATERAL (
    SELECT candidate.huddle_id
    FROM fn.unread_huddles(%(site_id)s::bigint, %(profile_id)s::bigint) AS candidate
    WHERE candidate.huddle_id = item.id
    LIMIT 1
) AS unread ON true
ORDER BY entry.position

-- name: huddle_page
-- A huddle that the viewer is in and one page of its visible comments by authors they do not ignore, oldest first;
-- nothing for everybody else, whoever they are. The huddle's columns are null in every row but the first, the comment's
-- are null in the only row of a huddle without comments on this page. `news_at` is when something happened last that
-- reading the huddle clears, of the viewer's own updates and mails too.
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
    SELECT 1 AS first_place, item.id, item.title, item.created_at, huddle.is_confidential,
           author.id AS author_id, author.user_id AS author_user_id, author.name AS author_name,
           author.is_visible AS author_is_visible, author.avatar_url AS author_avatar_url,
           may.can_create, may.can_read, may.can_update, may.can_delete, may.can_close_own, may.can_open_own,
           may.can_read_others, may.is_guest, may.is_banned, may.is_owner, may.is_moderator, may.is_site_owner,
           watcher.id IS NOT NULL AS is_watched,
           coalesce(watcher.send_email, false) AS send_email,
           coalesce(watcher.send_sms, false) AS send_sms,
           muted.ids AS muted_ids,
           -- Counting is for those who ignore somebody; for everybody else the counter is the answer.
           CASE WHEN cardinality(muted.ids) = 0 THEN item.comment_count
           ELSE item.comment_count - fn.hushed_count(item.id, muted.ids) END::bigint AS comment_total,
           greatest(item_mark.read_at, all_mark.read_at) AS read_at,
           greatest(item.last_activity_at, watcher.last_notified_at, told.told_at) AS news_at
    FROM items_item AS item
    JOIN huddles_huddle AS huddle ON huddle.item_id = item.id
    JOIN profiles_profile AS author ON author.id = item.created_by_id
    CROSS JOIN LATERAL fn.permissions_on_item(%(site_id)s::bigint, %(profile_id)s::bigint, item.id) AS may
    LEFT JOIN items_itemreadmark AS item_mark
      ON item_mark.profile_id = %(profile_id)s::bigint AND item_mark.item_id = item.id
    LEFT JOIN huddles_allhuddlesreadmark AS all_mark ON all_mark.profile_id = %(profile_id)s::bigint
    LEFT JOIN updates_watcher AS watcher
      ON watcher.profile_id = %(profile_id)s::bigint AND watcher.kind = item.kind AND watcher.item_id = item.id
    CROSS JOIN LATERAL fn.told_of_item(%(profile_id)s::bigint, item.id) AS told
    CROSS JOIN muted
    WHERE item.id = %(huddle_id)s::bigint AND item.site_id = %(site_id)s::bigint AND item.kind = 5
      AND may.can_read AND NOT may.is_banned AND NOT item.is_deleted AND NOT item.is_moderated
),
picked AS MATERIALIZED (
    SELECT fn.comment_ids(
               viewed.id, viewed.muted_ids, %(limit)s::bigint, %(offset)s::bigint,
               %(from_at)s::timestamptz, %(from_id)s::bigint, %(is_before)s::boolean
           ) AS ids,
           coalesce(viewed.read_at, '-infinity') AS read_at
    FROM viewed
),
page AS (
    SELECT array_position(picked.ids, shown.id) AS place, shown.*
    FROM picked
    CROSS JOIN LATERAL fn.comment_rows(picked.ids, picked.read_at) AS shown
)
SELECT viewed.id, viewed.title, viewed.created_at, viewed.is_confidential,
       viewed.author_id, viewed.author_user_id, viewed.author_name, viewed.author_is_visible, viewed.author_avatar_url,
       viewed.can_create, viewed.can_read, viewed.can_update, viewed.can_delete, viewed.can_close_own,
       viewed.can_open_own, viewed.can_read_others, viewed.is_guest, viewed.is_banned, viewed.is_owner,
       viewed.is_moderator, viewed.is_site_owner,
       viewed.is_watched, viewed.send_email, viewed.send_sms, viewed.comment_total, viewed.read_at, viewed.news_at,
       people.ids AS people_ids, people.user_ids AS people_user_ids, people.names AS people_names,
       people.visibilities AS people_visibilities, people.avatar_urls AS people_avatar_urls,
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
LEFT JOIN LATERAL fn.people_in_huddle(viewed.id) AS people ON viewed.id IS NOT NULL
ORDER BY coalesce(page.place, 0)

-- name: participant_page
-- One page of who is in a huddle, by id. Always at least one row: `total` is in each, all else is null when the page is
-- empty. Who may know is the caller's business.
-- Uses: huddles_participant_pair.
WITH people AS MATERIALIZED (
    SELECT participant.profile_id
    FROM huddles_participant AS participant
    JOIN items_item AS item ON item.id = participant.huddle_id AND item.site_id = %(site_id)s::bigint
    WHERE participant.huddle_id = %(huddle_id)s::bigint
),
-- All are at hand, so the place of a cursor is found by counting who stands before it or, for pages after it, at it.
counted AS MATERIALIZED (
    SELECT listed.total, bounds.skipped, bounds.taken
    FROM (
        SELECT count(*) AS total,
               count(*) FILTER (WHERE CASE WHEN %(is_before)s::boolean THEN people.profile_id < %(from_id)s::bigint
                                           ELSE people.profile_id <= %(from_id)s::bigint END) AS passed
        FROM people
    ) AS listed
    CROSS JOIN LATERAL
        fn.page_bounds(%(limit)s::bigint, %(offset)s::bigint, %(is_before)s::boolean, listed.passed) AS bounds
),
page AS (
    SELECT people.profile_id
    FROM people
    ORDER BY people.profile_id
    LIMIT (SELECT counted.taken FROM counted) OFFSET (SELECT counted.skipped FROM counted)
)
SELECT counted.total, person.id AS person_id, person.user_id AS person_user_id, person.name AS person_name,
       person.is_visible AS person_is_visible, person.avatar_url AS person_avatar_url
FROM counted
LEFT JOIN page ON true
LEFT JOIN profiles_profile AS person ON person.id = page.profile_id
ORDER BY person.id
