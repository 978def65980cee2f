-- name: differing_comments
-- Those of some comments that have more or fewer attachments than is kept: both numbers, as `repair` wants them.
-- Uses: comments_comment_pkey, comments_attachment_pair.
SELECT comment.id, comment.attachment_count, attached.number AS counted_attachment_count
FROM comments_comment AS comment
CROSS JOIN LATERAL (
    SELECT count(*) AS number FROM comments_attachment AS attachment WHERE attachment.comment_id = comment.id
) AS attached
WHERE comment.id = ANY (%(comment_ids)s::bigint[]) AND comment.site_id = %(site_id)s::bigint
  AND comment.attachment_count <> attached.number
ORDER BY comment.id
