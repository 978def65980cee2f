-- name: differing_files
-- Those of some files that are attached to more or fewer things than is kept: both numbers, as `repair` wants them.
-- Uses: files_file_pkey, and the keys of the attachments' files.
SELECT file.id, file.attach_count, on_comments.number + on_profiles.number AS counted_attach_count
FROM files_file AS file
CROSS JOIN LATERAL (
    SELECT count(*) AS number FROM comments_attachment AS attached WHERE attached.file_id = file.id
) AS on_comments
CROSS JOIN LATERAL (
    SELECT count(*) AS number FROM profiles_attachment AS attached WHERE attached.file_id = file.id
) AS on_profiles
WHERE file.id = ANY (%(file_ids)s::bigint[]) AND file.site_id = %(site_id)s::bigint
  AND file.attach_count <> on_comments.number + on_profiles.number
ORDER BY file.id
