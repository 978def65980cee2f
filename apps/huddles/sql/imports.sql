-- name: mark_huddles_of_site_read
-- Moves the mark on all huddles of everybody who is in one forward to a moment, never back.
INSERT INTO huddles_allhuddlesreadmark AS mark (profile_id, read_at)
SELECT DISTINCT profile.id, %(at)s::timestamptz
FROM profiles_profile AS profile
JOIN huddles_participant AS participant ON participant.profile_id = profile.id
WHERE profile.site_id = %(site_id)s::bigint
ON CONFLICT (profile_id) DO UPDATE SET read_at = excluded.read_at WHERE mark.read_at < excluded.read_at
