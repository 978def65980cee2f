-- name: unread_huddle_counts
-- How many huddles hold something new for each of some profiles of a site (contract B 8.5); a row a profile.
-- Uses: profiles_profile_pkey, huddles_participant_profile_id.
SELECT profile.id, (
           SELECT count(*) FROM fn.unread_huddles(%(site_id)s::bigint, profile.id)
       ) AS unread_count
FROM profiles_profile AS profile
WHERE profile.id = ANY (%(profile_ids)s::bigint[]) AND profile.site_id = %(site_id)s::bigint
ORDER BY profile.id

-- name: mark_all_huddles_read
-- Moves a member's mark on all huddles forward to a moment, never back; nothing for a profile of another site.
INSERT INTO huddles_allhuddlesreadmark AS mark (profile_id, read_at)
SELECT profile.id, %(at)s::timestamptz
FROM profiles_profile AS profile
WHERE profile.id = %(profile_id)s::bigint AND profile.site_id = %(site_id)s::bigint
ON CONFLICT (profile_id) DO UPDATE SET read_at = excluded.read_at WHERE mark.read_at < excluded.read_at
