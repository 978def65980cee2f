-- name: profile_page
-- Profiles of a site as one viewer may see them: first the twelve permissions, then the profile with its holder's
-- address, the viewer's watcher and ignore, and the newest live comment on it as `biography_*` (null without one).
-- Those that the viewer may not read are left out, on the root site all but the viewer's own.
-- Uses: profiles_profile_pkey, profiles_attribute_key, updates_watcher_target, updates_ignore_target,
-- comments_comment_biography, comments_revision_number.
SELECT may.can_create, may.can_read, may.can_update, may.can_delete, may.can_close_own, may.can_open_own,
       may.can_read_others, may.is_guest, may.is_banned, may.is_owner, may.is_moderator, may.is_site_owner,
       profile.id, profile.user_id, profile.name, profile.gender, profile.is_visible, profile.style_id,
       profile.avatar_url, profile.item_count, profile.comment_count, profile.unread_huddle_count,
       profile.created_at, profile.last_active_at, holder.email,
       EXISTS (
           SELECT FROM profiles_profileattribute AS attribute
           WHERE attribute.profile_id = profile.id AND attribute.key = 'is_member' AND attribute.bool_value
       ) AS is_member,
       watcher.id IS NOT NULL AS is_watched, watcher.send_email, watcher.send_sms,
       EXISTS (
           SELECT FROM updates_ignore AS ignore
           WHERE ignore.profile_id = %(viewer_id)s::bigint AND ignore.kind = 3 AND ignore.target_profile_id = profile.id
             AND profile.id <> %(viewer_id)s::bigint
       ) AS is_ignored,
       comment.id AS biography_id, 3 AS biography_parent_kind, profile.id AS biography_parent_id,
       profile.name AS biography_parent_title, comment.created_at AS biography_created_at,
       comment.revision_count AS biography_revision_count, comment.attachment_count AS biography_attachment_count,
       comment.is_deleted AS biography_is_deleted, comment.is_moderated AS biography_is_moderated,
       revision.markdown AS biography_markdown, revision.html AS biography_html,
       revision.created_at AS biography_edited_at,
       author.id AS biography_author_id, author.user_id AS biography_author_user_id,
       author.name AS biography_author_name, author.is_visible AS biography_author_is_visible,
       author.avatar_url AS biography_author_avatar_url,
       editor.id AS biography_editor_id, editor.user_id AS biography_editor_user_id,
       editor.name AS biography_editor_name, editor.is_visible AS biography_editor_is_visible,
       editor.avatar_url AS biography_editor_avatar_url,
       answered.id AS biography_in_reply_to_id, answered_author.id AS biography_reply_author_id,
       answered_author.name AS biography_reply_author_name, false AS biography_is_unread
FROM profiles_profile AS profile
JOIN accounts_user AS holder ON holder.id = profile.user_id
CROSS JOIN LATERAL fn.permissions_on_profile(%(site_id)s::bigint, %(viewer_id)s::bigint, profile.id) AS may
LEFT JOIN updates_watcher AS watcher
       ON watcher.profile_id = %(viewer_id)s::bigint AND watcher.kind = 3 AND watcher.target_profile_id = profile.id
LEFT JOIN LATERAL (
    SELECT c.id, c.created_at, c.created_by_id, c.revision_count, c.attachment_count, c.is_deleted, c.is_moderated,
           c.in_reply_to_id
    FROM comments_comment AS c
    WHERE c.site_id = %(site_id)s::bigint AND c.profile_id = profile.id AND NOT c.is_deleted AND NOT c.is_moderated
    ORDER BY c.created_at DESC, c.id DESC
    LIMIT 1
) AS comment ON true
LEFT JOIN comments_revision AS revision
       ON revision.comment_id = comment.id AND revision.number = comment.revision_count
LEFT JOIN profiles_profile AS author ON author.id = comment.created_by_id
LEFT JOIN profiles_profile AS editor ON editor.id = revision.created_by_id
LEFT JOIN comments_comment AS answered
       ON answered.id = comment.in_reply_to_id AND answered.profile_id = profile.id
      AND NOT answered.is_deleted AND NOT answered.is_moderated
LEFT JOIN profiles_profile AS answered_author ON answered_author.id = answered.created_by_id
WHERE profile.site_id = %(site_id)s::bigint AND profile.id = ANY (%(profile_ids)s::bigint[]) AND may.can_read
  AND (NOT %(only_own)s::boolean OR profile.id = %(viewer_id)s::bigint)
ORDER BY profile.id
