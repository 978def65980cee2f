-- name: user_record
-- A user who has a profile on a site, for those who may read the record; nothing for everybody else.
-- Uses: profiles_profile_user, permissions_ban_user.
SELECT holder.id, holder.email, holder.canonical_email, holder.email_confirmed_at, holder.language, holder.gender,
       holder.birth_year, holder.birth_month, holder.birth_day, holder.created_at,
       EXISTS (
           SELECT FROM permissions_ban AS ban
           JOIN sites_site AS site ON site.id = ban.site_id
           WHERE ban.site_id = %(site_id)s::bigint AND ban.user_id = holder.id
             AND holder.id NOT IN (site.owner_id, site.created_by_id)
             AND (ban.expires_at IS NULL OR ban.expires_at > %(now)s::timestamptz)
       ) AS is_banned
FROM profiles_profile AS profile
JOIN accounts_user AS holder ON holder.id = profile.user_id
CROSS JOIN LATERAL fn.permissions_for(
    %(site_id)s::bigint, %(viewer_id)s::bigint, 14, profile.user_id, 0
) AS may
WHERE profile.site_id = %(site_id)s::bigint AND profile.user_id = %(user_id)s::bigint AND may.can_read
