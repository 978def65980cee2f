-- name: people_by_name
-- One page of the people of a site, by name. Every row begins with
-- the caller's twelve permissions on the list, their watcher of it and the total; a page without people is one row
-- whose `id` is null. Names are unique on a site, so their order is total.
-- The placeholder for removed people and those whom the viewer ignores are left out.
-- Uses: profiles_profile_name, profiles_peoplecount_pkey, updates_watcher_target, updates_ignore_target.
WITH unlisted AS MATERIALIZED (
    SELECT ARRAY(
        SELECT ignore.target_profile_id
        FROM updates_ignore AS ignore
        JOIN profiles_profile AS target
          ON target.id = ignore.target_profile_id AND target.site_id = %(site_id)s::bigint
        WHERE ignore.profile_id = %(viewer_id)s::bigint AND ignore.kind = 3
          AND ignore.target_profile_id <> %(viewer_id)s::bigint
        UNION
        SELECT placeholder.id
        FROM profiles_profile AS placeholder
        WHERE placeholder.site_id = %(site_id)s::bigint AND lower(placeholder.name) = 'deleted'
    ) AS ids
),
listed AS NOT MATERIALIZED (
    SELECT profile.id, profile.user_id, profile.name, profile.is_visible, profile.avatar_url, profile.comment_count
    FROM profiles_profile AS profile
    WHERE profile.site_id = %(site_id)s::bigint
      AND (NOT %(is_online)s::boolean OR profile.last_active_at > %(online_since)s::timestamptz)
      AND (NOT %(is_following)s::boolean OR profile.id = ANY (ARRAY(
          SELECT followed.target_profile_id
          FROM updates_watcher AS followed
          WHERE followed.profile_id = %(viewer_id)s::bigint AND followed.kind = 3
      )))
      AND profile.id <> ALL ((SELECT unlisted.ids FROM unlisted)::bigint[])
)
SELECT may.can_create, may.can_read, may.can_update, may.can_delete, may.can_close_own, may.can_open_own,
       may.can_read_others, may.is_guest, may.is_banned, may.is_owner, may.is_moderator, may.is_site_owner,
       watcher.id IS NOT NULL AS is_watched, watcher.send_email, watcher.send_sms,
       -- Counted only for those who want few of them.
       CASE WHEN %(is_online)s::boolean OR %(is_following)s::boolean THEN (SELECT count(*) FROM listed)
       ELSE coalesce((
           SELECT everybody.profile_count FROM profiles_peoplecount AS everybody
           WHERE everybody.site_id = %(site_id)s::bigint
       ), 0) - cardinality((SELECT unlisted.ids FROM unlisted)) END AS total,
       page.id, page.user_id, page.name, page.is_visible, page.avatar_url
FROM fn.permissions_on_profile(%(site_id)s::bigint, %(viewer_id)s::bigint, 0) AS may
LEFT JOIN updates_watcher AS watcher
       ON watcher.profile_id = %(viewer_id)s::bigint AND watcher.kind = 3 AND watcher.target_profile_id IS NULL
LEFT JOIN LATERAL (
    SELECT listed.id, listed.user_id, listed.name, listed.is_visible, listed.avatar_url, listed.comment_count
    FROM listed
    ORDER BY lower(listed.name)
    LIMIT %(limit)s::bigint OFFSET %(offset)s::bigint
) AS page ON true
ORDER BY lower(page.name)

-- name: people_by_comments
-- One page of the people of a site, those who comment most first. Every row begins with
-- the caller's twelve permissions on the list, their watcher of it and the total; a page without people is one row
-- whose `id` is null. Names are unique on a site, so their order is total.
-- The placeholder for removed people and those whom the viewer ignores are left out.
-- Uses: profiles_profile_top, profiles_peoplecount_pkey, updates_watcher_target, updates_ignore_target.
WITH unlisted AS MATERIALIZED (
    SELECT ARRAY(
        SELECT ignore.target_profile_id
        FROM updates_ignore AS ignore
        JOIN profiles_profile AS target
          ON target.id = ignore.target_profile_id AND target.site_id = %(site_id)s::bigint
        WHERE ignore.profile_id = %(viewer_id)s::bigint AND ignore.kind = 3
          AND ignore.target_profile_id <> %(viewer_id)s::bigint
        UNION
        SELECT placeholder.id
        FROM profiles_profile AS placeholder
        WHERE placeholder.site_id = %(site_id)s::bigint AND lower(placeholder.name) = 'deleted'
    ) AS ids
),
listed AS NOT MATERIALIZED (
    SELECT profile.id, profile.user_id, profile.name, profile.is_visible, profile.avatar_url, profile.comment_count
    FROM profiles_profile AS profile
    WHERE profile.site_id = %(site_id)s::bigint
      AND (NOT %(is_online)s::boolean OR profile.last_active_at > %(online_since)s::timestamptz)
      AND (NOT %(is_following)s::boolean OR profile.id = ANY (ARRAY(
          SELECT followed.target_profile_id
          FROM updates_watcher AS followed
          WHERE followed.profile_id = %(viewer_id)s::bigint AND followed.kind = 3
      )))
      AND profile.id <> ALL ((SELECT unlisted.ids FROM unlisted)::bigint[])
)
SELECT may.can_create, may.can_read, may.can_update, may.can_delete, may.can_close_own, may.can_open_own,
       may.can_read_others, may.is_guest, may.is_banned, may.is_owner, may.is_moderator, may.is_site_owner,
       watcher.id IS NOT NULL AS is_watched, watcher.send_email, watcher.send_sms,
       -- Counted only for those who want few of them.
       CASE WHEN %(is_online)s::boolean OR %(is_following)s::boolean THEN (SELECT count(*) FROM listed)
       ELSE coalesce((
           SELECT everybody.profile_count FROM profiles_peoplecount AS everybody
           WHERE everybody.site_id = %(site_id)s::bigint
       ), 0) - cardinality((SELECT unlisted.ids FROM unlisted)) END AS total,
       page.id, page.user_id, page.name, page.is_visible, page.avatar_url
FROM fn.permissions_on_profile(%(site_id)s::bigint, %(viewer_id)s::bigint, 0) AS may
LEFT JOIN updates_watcher AS watcher
       ON watcher.profile_id = %(viewer_id)s::bigint AND watcher.kind = 3 AND watcher.target_profile_id IS NULL
LEFT JOIN LATERAL (
    SELECT listed.id, listed.user_id, listed.name, listed.is_visible, listed.avatar_url, listed.comment_count
    FROM listed
    ORDER BY listed.comment_count DESC, lower(listed.name)
    LIMIT %(limit)s::bigint OFFSET %(offset)s::bigint
) AS page ON true
ORDER BY page.comment_count DESC, lower(page.name)

-- name: people_found
-- One page of the people of a site whose name starts with something, the exact match first. Every row begins with
-- the caller's twelve permissions on the list, their watcher of it and the total; a page without people is one row
-- whose `id` is null. Names are unique on a site, so their order is total.
-- The placeholder for removed people and those whom the viewer ignores are left out.
-- Uses: profiles_profile_prefix, updates_watcher_target, updates_ignore_target.
WITH unlisted AS MATERIALIZED (
    SELECT ARRAY(
        SELECT ignore.target_profile_id
        FROM updates_ignore AS ignore
        JOIN profiles_profile AS target
          ON target.id = ignore.target_profile_id AND target.site_id = %(site_id)s::bigint
        WHERE ignore.profile_id = %(viewer_id)s::bigint AND ignore.kind = 3
          AND ignore.target_profile_id <> %(viewer_id)s::bigint
        UNION
        SELECT placeholder.id
        FROM profiles_profile AS placeholder
        WHERE placeholder.site_id = %(site_id)s::bigint AND lower(placeholder.name) = 'deleted'
    ) AS ids
),
listed AS NOT MATERIALIZED (
    SELECT profile.id, profile.user_id, profile.name, profile.is_visible, profile.avatar_url, profile.comment_count
    FROM profiles_profile AS profile
    WHERE profile.site_id = %(site_id)s::bigint
      -- A range instead of LIKE: no character of it is a wildcard, and a generic plan can use the index.
      AND lower(profile.name) ~>=~ lower(%(start)s::text)
      AND lower(profile.name) ~<~ (lower(%(start)s::text) || chr(1114111))
      AND (NOT %(is_online)s::boolean OR profile.last_active_at > %(online_since)s::timestamptz)
      AND (NOT %(is_following)s::boolean OR profile.id = ANY (ARRAY(
          SELECT followed.target_profile_id
          FROM updates_watcher AS followed
          WHERE followed.profile_id = %(viewer_id)s::bigint AND followed.kind = 3
      )))
      AND profile.id <> ALL ((SELECT unlisted.ids FROM unlisted)::bigint[])
)
SELECT may.can_create, may.can_read, may.can_update, may.can_delete, may.can_close_own, may.can_open_own,
       may.can_read_others, may.is_guest, may.is_banned, may.is_owner, may.is_moderator, may.is_site_owner,
       watcher.id IS NOT NULL AS is_watched, watcher.send_email, watcher.send_sms,
       (SELECT count(*) FROM listed) AS total,
       page.id, page.user_id, page.name, page.is_visible, page.avatar_url
FROM fn.permissions_on_profile(%(site_id)s::bigint, %(viewer_id)s::bigint, 0) AS may
LEFT JOIN updates_watcher AS watcher
       ON watcher.profile_id = %(viewer_id)s::bigint AND watcher.kind = 3 AND watcher.target_profile_id IS NULL
LEFT JOIN LATERAL (
    SELECT listed.id, listed.user_id, listed.name, listed.is_visible, listed.avatar_url, listed.comment_count
    FROM listed
    ORDER BY lower(listed.name) = lower(%(start)s::text) DESC,
             CASE WHEN %(is_top)s::boolean THEN listed.comment_count END DESC, lower(listed.name)
    LIMIT %(limit)s::bigint OFFSET %(offset)s::bigint
) AS page ON true
ORDER BY lower(page.name) = lower(%(start)s::text) DESC,
         CASE WHEN %(is_top)s::boolean THEN page.comment_count END DESC, lower(page.name)
