-- name: ban
-- The ban in force of a profile of the site, with its author if there is one; nothing if the profile is not banned.
-- Uses: permissions_ban_user.
SELECT ban.reason, ban.created_at, ban.expires_at,
       member.id AS member_id, member.user_id AS member_user_id, member.name AS member_name,
       member.is_visible AS member_is_visible, member.avatar_url AS member_avatar_url,
       author.id AS author_id, author.user_id AS author_user_id, author.name AS author_name,
       author.is_visible AS author_is_visible, author.avatar_url AS author_avatar_url
FROM profiles_profile AS member
JOIN permissions_ban AS ban ON ban.site_id = member.site_id AND ban.user_id = member.user_id
LEFT JOIN profiles_profile AS author ON author.id = ban.created_by_id
WHERE member.id = %(profile_id)s::bigint AND member.site_id = %(site_id)s::bigint
  AND (ban.expires_at IS NULL OR ban.expires_at > %(now)s::timestamptz)

-- name: ban_page
-- A page of the bans in force, newest first; one row with no profile when it is empty.
-- Uses: permissions_ban_user, profiles_profile_user.
WITH in_force AS MATERIALIZED (
    SELECT ban.id, ban.reason, ban.created_at, ban.expires_at, ban.created_by_id, member.id AS member_id
    FROM permissions_ban AS ban
    JOIN profiles_profile AS member ON member.site_id = ban.site_id AND member.user_id = ban.user_id
    WHERE ban.site_id = %(site_id)s::bigint
      AND (ban.expires_at IS NULL OR ban.expires_at > %(now)s::timestamptz)
),
-- All are at hand, so the place of a cursor is found by counting who stands before it or, for pages after it, at it.
counted AS MATERIALIZED (
    SELECT listed.total, bounds.skipped, bounds.taken
    FROM (
        SELECT count(*) AS total,
               count(*) FILTER (WHERE CASE
                   WHEN %(is_before)s::boolean
                   THEN (in_force.created_at, in_force.id) > (%(from_at)s::timestamptz, %(from_id)s::bigint)
                   ELSE (in_force.created_at, in_force.id) >= (%(from_at)s::timestamptz, %(from_id)s::bigint)
               END) AS passed
        FROM in_force
    ) AS listed
    CROSS JOIN LATERAL
        fn.page_bounds(%(limit)s::bigint, %(offset)s::bigint, %(is_before)s::boolean, listed.passed) AS bounds
)
SELECT counted.total, page.id AS ban_id, page.reason, page.created_at, page.expires_at,
       member.id AS member_id, member.user_id AS member_user_id, member.name AS member_name,
       member.is_visible AS member_is_visible, member.avatar_url AS member_avatar_url,
       author.id AS author_id, author.user_id AS author_user_id, author.name AS author_name,
       author.is_visible AS author_is_visible, author.avatar_url AS author_avatar_url
FROM counted
LEFT JOIN (
    SELECT in_force.* FROM in_force
    ORDER BY in_force.created_at DESC, in_force.id DESC
    LIMIT (SELECT counted.taken FROM counted) OFFSET (SELECT counted.skipped FROM counted)
) AS page ON true
LEFT JOIN profiles_profile AS member ON member.id = page.member_id
LEFT JOIN profiles_profile AS author ON author.id = page.created_by_id
ORDER BY page.created_at DESC, page.id DESC
