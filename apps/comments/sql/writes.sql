-- name: repeated_comment
-- The comment with which somebody has said the very same in the same place since a moment; null if there is none. Found
-- by an aggregate: for the first in order the planner reads all comments in order.
-- Uses: comments_revision_same, comments_comment_pkey.
SELECT min(comment.id) AS id
FROM comments_revision AS first
JOIN comments_comment AS comment ON comment.id = first.comment_id
WHERE first.created_by_id = %(author_id)s::bigint AND first.number = 1
  AND hashtextextended(first.markdown, 0) = hashtextextended(%(markdown)s::text, 0)
  AND first.created_at > %(since)s::timestamptz AND first.markdown = %(markdown)s::text
  AND comment.site_id = %(site_id)s::bigint AND NOT comment.is_deleted
  AND comment.item_id IS NOT DISTINCT FROM %(item_id)s::bigint
  AND comment.profile_id IS NOT DISTINCT FROM %(home_id)s::bigint

-- name: next_comment
-- The id of a new comment, and what it answers: nothing unless that is visible and on the same parent (contract B 5.4).
-- Uses: comments_comment_pkey.
SELECT nextval('comments_comment_id_seq') AS id,
       (
           SELECT answered.id FROM comments_comment AS answered
           WHERE answered.id = %(in_reply_to_id)s::bigint AND answered.site_id = %(site_id)s::bigint
             AND answered.item_id IS NOT DISTINCT FROM %(item_id)s::bigint
             AND answered.profile_id IS NOT DISTINCT FROM %(home_id)s::bigint
             AND NOT answered.is_deleted AND NOT answered.is_moderated
       ) AS in_reply_to_id

-- name: insert_comment
-- Stores a new comment with its first version and the people it names.
WITH made AS (
    INSERT INTO comments_comment (
        id, site_id, item_id, profile_id, in_reply_to_id, created_at, created_by_id, revision_count, attachment_count,
        is_deleted, is_moderated
    )
    VALUES (
        %(id)s::bigint, %(site_id)s::bigint, %(item_id)s::bigint, %(home_id)s::bigint, %(in_reply_to_id)s::bigint,
        %(at)s::timestamptz, %(author_id)s::bigint, 1, 0, %(is_deleted)s::boolean, %(is_moderated)s::boolean
    )
),
versioned AS (
    INSERT INTO comments_revision (comment_id, number, markdown, html, renderer_version, created_at, created_by_id)
    VALUES (
        %(id)s::bigint, 1, %(markdown)s::text, %(html)s::text, %(renderer_version)s::smallint, %(at)s::timestamptz,
        %(author_id)s::bigint
    )
)
INSERT INTO comments_mention (comment_id, profile_id)
SELECT %(id)s::bigint, mentioned.id FROM unnest(%(mentioned_ids)s::bigint[]) AS mentioned (id)
