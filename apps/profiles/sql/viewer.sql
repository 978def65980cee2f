-- name: viewer
-- Who holds a token, and who that is on a site; nothing for an unknown or revoked token.
-- profile_id is null when the user has no profile there yet. `has_written` is true in a transaction that has written
-- something, whose versions are only known when it commits.
-- Uses: accounts_accesstoken_token_hash, profiles_profile_user, core_version_pkey.
SELECT token.id AS token_id, token.expires_at, member.id AS user_id, member.is_staff, member.is_active,
       profile.id AS profile_id, profile.created_at AS joined_at, profile.last_active_at,
       pg_current_xact_id_if_assigned() IS NOT NULL AS has_written,
       coalesce((
           SELECT known.version FROM core_version AS known
           WHERE known.site_id = %(site_id)s::bigint AND known.profile_id = 0
       ), 0) AS site_version,
       coalesce((
           SELECT known.version FROM core_version AS known
           WHERE known.site_id = %(site_id)s::bigint AND known.profile_id = profile.id
       ), 0) AS own_version,
       EXISTS (
           SELECT FROM permissions_ban AS ban
           JOIN sites_site AS site ON site.id = ban.site_id
           WHERE ban.site_id = %(site_id)s::bigint AND ban.user_id = member.id
             AND member.id NOT IN (site.owner_id, site.created_by_id)
             AND (ban.expires_at IS NULL OR ban.expires_at > %(now)s::timestamptz)
       ) AS is_banned
FROM accounts_accesstoken AS token
JOIN accounts_user AS member ON member.id = token.user_id
LEFT JOIN profiles_profile AS profile ON profile.user_id = member.id AND profile.site_id = %(site_id)s::bigint
WHERE token.token_hash = %(token_hash)s::text AND token.revoked_at IS NULL
