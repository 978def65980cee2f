-- name: adjust_counts
-- Adds to what a member has written that is visible; negative numbers take away. Uses: profiles_profile_pkey.
UPDATE profiles_profile
SET item_count = greatest(item_count + %(items)s::integer, 0),
    comment_count = greatest(comment_count + %(comments)s::integer, 0)
WHERE id = %(profile_id)s::bigint AND site_id = %(site_id)s::bigint

-- name: touch_profile
-- Notes that a member is here, never earlier than what is noted. Uses: profiles_profile_pkey.
UPDATE profiles_profile
SET last_active_at = %(now)s::timestamptz
WHERE id = %(profile_id)s::bigint AND site_id = %(site_id)s::bigint AND last_active_at < %(now)s::timestamptz
