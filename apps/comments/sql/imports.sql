-- name: thread_imported_replies
-- Sets what imported comments answer, where it is imported too and has the same parent; again is the same.
-- Uses: transfer_importeditem_old_id.
UPDATE comments_comment AS comment
SET in_reply_to_id = answered.id
FROM transfer_origin AS origin
JOIN transfer_pendingreply AS pending ON pending.origin_id = origin.id
JOIN transfer_importeditem AS imported
  ON imported.origin_id = origin.id AND imported.kind = 4 AND imported.old_id = pending.old_id
JOIN comments_comment AS answered ON answered.id = imported.new_id AND answered.site_id = %(site_id)s::bigint
WHERE origin.site_id = %(site_id)s::bigint AND comment.id = pending.comment_id AND comment.site_id = %(site_id)s::bigint
  AND comment.id <> answered.id
  AND (comment.item_id = answered.item_id OR comment.profile_id = answered.profile_id)
  AND comment.in_reply_to_id IS DISTINCT FROM answered.id

-- name: recount_attachments_of_site
-- Counts the files on each comment of a site again and changes the counts that differ.
-- Uses: comments_attachment_pair.
UPDATE comments_comment AS comment
SET attachment_count = counted.number
FROM (
    SELECT counting.id, count(attachment.id) AS number
    FROM comments_comment AS counting
    LEFT JOIN comments_attachment AS attachment ON attachment.comment_id = counting.id
    WHERE counting.site_id = %(site_id)s::bigint
    GROUP BY counting.id
) AS counted
WHERE comment.id = counted.id AND comment.site_id = %(site_id)s::bigint AND comment.attachment_count <> counted.number
