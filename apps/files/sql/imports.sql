-- name: recount_files_of_site
-- Counts the comments and profiles that each file of a site is attached to again and changes the counts that differ.
UPDATE files_file AS file
SET attach_count = counted.number
FROM (
    SELECT counting.id, coalesce(posts.number, 0) + coalesce(people.number, 0) AS number
    FROM files_file AS counting
    LEFT JOIN (
        SELECT attachment.file_id, count(*) AS number
        FROM comments_attachment AS attachment
        JOIN files_file AS attached ON attached.id = attachment.file_id AND attached.site_id = %(site_id)s::bigint
        GROUP BY attachment.file_id
    ) AS posts ON posts.file_id = counting.id
    LEFT JOIN (
        SELECT attachment.file_id, count(*) AS number
        FROM profiles_attachment AS attachment
        JOIN files_file AS attached ON attached.id = attachment.file_id AND attached.site_id = %(site_id)s::bigint
        GROUP BY attachment.file_id
    ) AS people ON people.file_id = counting.id
    WHERE counting.site_id = %(site_id)s::bigint
) AS counted
WHERE file.id = counted.id AND file.site_id = %(site_id)s::bigint AND file.attach_count <> counted.number
