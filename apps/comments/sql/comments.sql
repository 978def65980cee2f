-- name: comment_page
-- A comment that the viewer may read, the one it answers and the direct replies to it, oldest first: first what they may
-- do with the comment, then `role` (0 for the comment itself, 1 for what it answers, if that is visible and has the same
-- parent, 2 for replies), `page_rank` of the comment, its place among what the viewer sees, and the comment as
-- `shapes.comment_summary` wants it. Replies that are hidden or by somebody whom the viewer ignores are left out, and
-- everything but the comment itself when they may not read its parent: authors keep their own. Nothing for others.
-- `read_at` is up to when the viewer has read its item, null for never, for guests and biographies.
-- Uses: comments_comment_pkey, comments_comment_in_reply_to_id, and those of fn.comment_rank.
WITH muted AS MATERIALIZED (
    SELECT ARRAY(
        SELECT ignored.target_profile_id FROM updates_ignore AS ignored
        WHERE ignored.profile_id = %(profile_id)s::bigint AND ignored.kind = 3
          AND ignored.target_profile_id <> ignored.profile_id
    ) AS ids
),
asked AS MATERIALIZED (
    SELECT may.can_create, may.can_read, may.can_update, may.can_delete, may.can_close_own, may.can_open_own,
           may.can_read_others, may.is_guest, may.is_banned, may.is_owner, may.is_moderator, may.is_site_owner,
           comment.id, comment.item_id, comment.profile_id, comment.in_reply_to_id, comment.created_at,
           CASE
               WHEN reader.id IS NULL OR item.id IS NULL THEN NULL
               WHEN item.kind = 5 THEN greatest(item_mark.read_at, huddles_mark.read_at, '-infinity')
               ELSE greatest(reader.read_all_at, item_mark.read_at, place_mark.read_at)
           END AS read_at,
           -- Only being its author lets somebody read a comment whose parent they may not read.
           CASE WHEN item.id IS NULL OR NOT may.is_owner THEN true
           ELSE (fn.permissions_on_item(%(site_id)s::bigint, %(profile_id)s::bigint, item.id)).can_read
           END AS parent_is_readable
    FROM comments_comment AS comment
    CROSS JOIN LATERAL
        fn.permissions_on_comment(%(site_id)s::bigint, %(profile_id)s::bigint, comment.id) AS may
    LEFT JOIN items_item AS item ON item.id = comment.item_id
    LEFT JOIN microcosms_microcosm AS place ON place.id = item.microcosm_id
    LEFT JOIN profiles_profile AS reader ON reader.id = %(profile_id)s::bigint
    LEFT JOIN items_itemreadmark AS item_mark ON item_mark.profile_id = reader.id AND item_mark.item_id = item.id
    LEFT JOIN items_microcosmreadmark AS place_mark
      ON place_mark.profile_id = reader.id AND place_mark.microcosm_id = item.microcosm_id
    LEFT JOIN huddles_allhuddlesreadmark AS huddles_mark ON huddles_mark.profile_id = reader.id
    WHERE comment.id = %(comment_id)s::bigint AND comment.site_id = %(site_id)s::bigint
      AND may.can_read AND NOT may.is_banned
      AND (
          may.is_moderator
          OR (
              NOT comment.is_deleted AND (NOT comment.is_moderated OR may.is_owner)
              AND coalesce(place.is_live, true)
              AND (
                  item.id IS NULL
                  OR (NOT item.is_deleted AND (NOT item.is_moderated OR item.created_by_id = %(profile_id)s::bigint))
              )
          )
      )
),
related AS MATERIALIZED (
    SELECT asked.id, 0 AS role FROM asked
    UNION ALL
    SELECT answered.id, 1
    FROM asked
    JOIN comments_comment AS answered
      ON answered.id = asked.in_reply_to_id
     AND answered.item_id IS NOT DISTINCT FROM asked.item_id
     AND answered.profile_id IS NOT DISTINCT FROM asked.profile_id
    WHERE asked.parent_is_readable AND NOT answered.is_deleted AND NOT answered.is_moderated
    UNION ALL
    SELECT reply.id, 2
    FROM asked
    CROSS JOIN muted
    CROSS JOIN LATERAL (
        SELECT candidate.id
        FROM comments_comment AS candidate
        WHERE candidate.in_reply_to_id = asked.id AND NOT candidate.is_deleted AND NOT candidate.is_moderated
          AND candidate.item_id IS NOT DISTINCT FROM asked.item_id
          AND candidate.profile_id IS NOT DISTINCT FROM asked.profile_id
          AND NOT (candidate.created_by_id = ANY (muted.ids))
        ORDER BY candidate.created_at, candidate.id
        LIMIT %(max_replies)s::bigint
    ) AS reply
    WHERE asked.parent_is_readable
),
-- An array that is a column: with a subquery in its place fn.comment_rows is no longer folded into the statement.
gathered AS MATERIALIZED (
    SELECT array_agg(related.id) AS ids FROM related
)
SELECT asked.can_create, asked.can_read, asked.can_update, asked.can_delete, asked.can_close_own, asked.can_open_own,
       asked.can_read_others, asked.is_guest, asked.is_banned, asked.is_owner, asked.is_moderator, asked.is_site_owner,
       related.role,
       CASE
           WHEN related.role <> 0 THEN NULL
           WHEN asked.item_id IS NOT NULL
           THEN fn.comment_rank(asked.item_id, muted.ids, asked.created_at, asked.id)
           ELSE (
               SELECT count(*) FROM comments_comment AS earlier
               WHERE earlier.profile_id = asked.profile_id
                 AND NOT earlier.is_deleted AND NOT earlier.is_moderated
                 AND NOT (earlier.created_by_id = ANY (muted.ids))
                 AND (earlier.created_at, earlier.id) <= (asked.created_at, asked.id)
           )
       END AS page_rank,
       shown.id, shown.created_at, shown.revision_count, shown.attachment_count, shown.is_deleted, shown.is_moderated,
       shown.is_unread, shown.parent_kind, shown.parent_id,
       CASE WHEN asked.parent_is_readable THEN shown.parent_title END AS parent_title,
       shown.markdown, shown.html, shown.edited_at,
       shown.author_id, shown.author_user_id, shown.author_name, shown.author_is_visible, shown.author_avatar_url,
       shown.editor_id, shown.editor_user_id, shown.editor_name, shown.editor_is_visible, shown.editor_avatar_url,
       CASE WHEN asked.parent_is_readable THEN shown.in_reply_to_id END AS in_reply_to_id,
       shown.reply_author_id, shown.reply_author_name, nullif(asked.read_at, '-infinity') AS read_at
FROM asked
CROSS JOIN muted
CROSS JOIN gathered
CROSS JOIN LATERAL fn.comment_rows(gathered.ids, asked.read_at) AS shown
JOIN related ON related.id = shown.id
ORDER BY related.role, shown.created_at, shown.id

-- name: comment_to_jump_to
-- The first visible comment on an item that is new to the viewer, by somebody they do not ignore; the last one when all
-- are read or `from_the_end` asks for it. `page_rank` is its place among what the viewer sees, from 1.
-- Nothing when the viewer sees no comments there. Uses: comments_comment_page, and those of fn.comment_rank.
WITH asked AS MATERIALIZED (
    SELECT item.id AS item_id,
           CASE
               WHEN %(from_the_end)s::boolean THEN 'infinity'
               WHEN item.kind = 5 THEN greatest(item_mark.read_at, huddles_mark.read_at, '-infinity')
               ELSE greatest(reader.read_all_at, item_mark.read_at, place_mark.read_at, '-infinity')
           END AS read_at,
           ARRAY(
               SELECT ignored.target_profile_id FROM updates_ignore AS ignored
               WHERE ignored.profile_id = %(profile_id)s::bigint AND ignored.kind = 3
                 AND ignored.target_profile_id <> ignored.profile_id
           ) AS muted_ids
    FROM items_item AS item
    LEFT JOIN profiles_profile AS reader ON reader.id = %(profile_id)s::bigint
    LEFT JOIN items_itemreadmark AS item_mark ON item_mark.profile_id = reader.id AND item_mark.item_id = item.id
    LEFT JOIN items_microcosmreadmark AS place_mark
      ON place_mark.profile_id = reader.id AND place_mark.microcosm_id = item.microcosm_id
    LEFT JOIN huddles_allhuddlesreadmark AS huddles_mark ON huddles_mark.profile_id = reader.id
    WHERE item.id = %(item_id)s::bigint AND item.site_id = %(site_id)s::bigint
),
target AS MATERIALIZED (
    SELECT coalesce(
        (
            SELECT comment.id FROM comments_comment AS comment
            WHERE comment.item_id = asked.item_id AND comment.created_at > asked.read_at
              AND NOT comment.is_deleted AND NOT comment.is_moderated
              AND NOT (comment.created_by_id = ANY (asked.muted_ids))
            ORDER BY comment.created_at, comment.id
            LIMIT 1
        ),
        (
            SELECT comment.id FROM comments_comment AS comment
            WHERE comment.item_id = asked.item_id AND NOT comment.is_deleted AND NOT comment.is_moderated
              AND NOT (comment.created_by_id = ANY (asked.muted_ids))
            ORDER BY comment.created_at DESC, comment.id DESC
            LIMIT 1
        )
    ) AS comment_id, asked.muted_ids
    FROM asked
)
SELECT comment.id,
       fn.comment_rank(comment.item_id, target.muted_ids, comment.created_at, comment.id) AS page_rank
FROM target
JOIN comments_comment AS comment ON comment.id = target.comment_id

-- name: profiles_by_name
-- Which of these lower-case names, escaped as names are stored, belong to profiles of a site.
-- Uses: profiles_profile_name.
SELECT lower(profile.name) AS name, profile.id
FROM profiles_profile AS profile
WHERE profile.site_id = %(site_id)s::bigint AND lower(profile.name) = ANY (%(names)s::text[])
