-- name: comment_counts_by_author
-- How many comments that are neither deleted nor moderated each profile has on some items; nothing without comments.
-- For all sites, as the job that asks is.
-- Uses: comments_comment_page.
SELECT author.id, author.site_id, count(*) AS comment_count
FROM comments_comment AS comment
JOIN profiles_profile AS author ON author.id = comment.created_by_id
WHERE comment.item_id = ANY (%(item_ids)s::bigint[]) AND NOT comment.is_deleted AND NOT comment.is_moderated
GROUP BY author.id
ORDER BY author.id

-- name: links_to_files
-- How often each file is attached to comments on some items; nothing without attachments. For all sites, as above.
-- Uses: comments_comment_page, comments_attachment_pair.
SELECT attachment.file_id, comment.site_id, count(*) AS link_count
FROM comments_comment AS comment
JOIN comments_attachment AS attachment ON attachment.comment_id = comment.id
WHERE comment.item_id = ANY (%(item_ids)s::bigint[])
GROUP BY attachment.file_id, comment.site_id
