-- name: readable_file
-- The file of a site with a hash, and whether guests may read it as well; nothing if there is none or it is hidden.
-- Uses: files_file_hash.
SELECT file.id, file.hash, file.name, file.mime_type, file.extension, file.size, file.width, file.height, file.created_at,
       (%(profile_id)s::bigint = 0 OR fn.file_is_readable(file.site_id, 0, file.id)) AS is_public
  FROM files_file AS file
 WHERE file.site_id = %(site_id)s::bigint
   AND file.hash = %(hash)s::text
   AND fn.file_is_readable(file.site_id, %(profile_id)s::bigint, file.id);

-- name: thumbnail
-- One smaller copy of a file; nothing if it has not been made yet.
-- Uses: files_thumbnail_side.
SELECT thumbnail.side, thumbnail.mime_type, thumbnail.size, thumbnail.width, thumbnail.height
  FROM files_thumbnail AS thumbnail
  JOIN files_file AS file ON file.id = thumbnail.file_id
 WHERE file.site_id = %(site_id)s::bigint
   AND thumbnail.file_id = %(file_id)s::bigint
   AND thumbnail.side = %(side)s::integer;
