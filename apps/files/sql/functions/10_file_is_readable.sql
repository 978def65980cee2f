-- Whether someone (0: a guest) may have a file whose hash they know. Whoever knows the hash may (contract A 24.2), unless the
-- file is attached to something and they may read none of the things it is attached to (X3), or it was attached, is not any more
-- and they have not sent it themselves (A3: the end of what hid it shows it to nobody). The pictures of the site and of the
-- microcosms that they may read they may have in any case: nobody takes these away by attaching them elsewhere, and only who may
-- attach a file makes a picture of it (`files.attaching`). A comment is within reach by the rules of `comments.access`.
-- It is plpgsql so that it may name what apps above define.
CREATE FUNCTION fn.file_is_readable(p_site_id bigint, p_profile_id bigint, p_file_id bigint) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
    known record;
BEGIN
    SELECT file.hash, file.is_withdrawn INTO known
    FROM files_file AS file
    WHERE file.id = p_file_id AND file.site_id = p_site_id;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF EXISTS (
        SELECT FROM profiles_attachment AS attachment
        JOIN profiles_profile AS profile ON profile.id = attachment.profile_id AND profile.site_id = p_site_id
        WHERE attachment.file_id = p_file_id
          AND (fn.permissions_on_profile(p_site_id, p_profile_id, profile.id)).can_read
    ) THEN
        RETURN true;
    END IF;
    RETURN EXISTS (
        SELECT FROM comments_attachment AS attachment
        JOIN comments_comment AS comment ON comment.id = attachment.comment_id AND comment.site_id = p_site_id
        LEFT JOIN items_item AS item ON item.id = comment.item_id
        LEFT JOIN microcosms_microcosm AS place ON place.id = item.microcosm_id
        CROSS JOIN LATERAL fn.permissions_on_comment(p_site_id, p_profile_id, comment.id) AS may
        WHERE attachment.file_id = p_file_id
          AND may.can_read AND NOT may.is_banned
          AND (may.is_moderator OR (
              NOT comment.is_deleted AND (NOT comment.is_moderated OR may.is_owner)
              AND (item.id IS NULL OR (
                  coalesce(place.is_live, true) AND NOT item.is_deleted
                  AND (NOT item.is_moderated OR (p_profile_id <> 0 AND item.created_by_id = p_profile_id))
              ))
          ))
    ) OR (
        NOT EXISTS (SELECT FROM comments_attachment AS attachment WHERE attachment.file_id = p_file_id)
        AND NOT EXISTS (SELECT FROM profiles_attachment AS attachment WHERE attachment.file_id = p_file_id)
        AND (
            NOT known.is_withdrawn
            OR EXISTS (
                SELECT FROM files_upload AS upload
                JOIN profiles_profile AS reader
                  ON reader.user_id = upload.user_id AND reader.id = p_profile_id AND reader.site_id = p_site_id
                WHERE upload.file_id = p_file_id
            )
        )
    ) OR EXISTS (
        SELECT FROM sites_site AS site
        WHERE site.id = p_site_id
          AND (
              fn.names_file(site.logo_url, known.hash, site.key, site.domain)
              OR fn.names_file(site.favicon_url, known.hash, site.key, site.domain)
              OR fn.names_file(site.background_url, known.hash, site.key, site.domain)
              OR EXISTS (
                  SELECT FROM microcosms_microcosm AS place
                  WHERE place.site_id = site.id AND place.is_live
                    AND fn.names_file(place.logo_url, known.hash, site.key, site.domain)
                    AND (fn.permissions_in(p_site_id, p_profile_id, place.id)).can_read
              )
          )
    );
END $$;
