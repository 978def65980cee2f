-- name: create_profiles
-- Makes profiles of users on a site under the given names; answers with those that were made, leaving out users who
-- have a profile there and names that somebody has. Uses: profiles_profile_user, profiles_profile_name.
INSERT INTO profiles_profile (
    site_id, user_id, name, gender, is_visible, style_id, avatar_url, item_count, comment_count, unread_huddle_count,
    created_at, last_active_at, read_all_at
)
SELECT %(site_id)s::bigint, new.user_id, new.name, '', true, 0, '', 0, 0, 0,
       %(now)s::timestamptz, %(now)s::timestamptz, %(now)s::timestamptz
FROM unnest(%(user_ids)s::bigint[], %(names)s::text[]) AS new (user_id, name)
ORDER BY new.user_id
ON CONFLICT DO NOTHING
RETURNING id, user_id
