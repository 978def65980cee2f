-- name: people_by_name
-- One page of the people of a site, by name. Every row begins with
-- the caller's twelve permissions on the list, their watcher of it and the total; a page without people is one row
-- whose `id` is null. Names are unique on a site, so their order is total.
-- The placeholder for removed people and those whom the viewer ignores are left out.
-- A page far in begins at the last block (docs/decisions/0066) that does not begin beyond it.
-- Uses: profiles_profile_name, profiles_peopleblock_first, profiles_peoplecount_pkey, updates_watcher_target,
-- updates_ignore_target.
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
-- How many stand before each block; who is not listed stands nowhere.
block AS MATERIALIZED (
    SELECT walked.first_name, walked.before_count
    FROM (
        SELECT step.first_name, step.is_block,
               sum(step.people) OVER (ORDER BY step.first_name, step.is_block DESC ROWS UNBOUNDED PRECEDING)
                   - step.people AS before_count
        FROM (
            SELECT known.first_name, known.people_count AS people, true AS is_block
            FROM profiles_peopleblock AS known
            WHERE known.site_id = %(site_id)s::bigint
            UNION ALL
            SELECT lower(hidden.name), -1, false
            FROM unnest((SELECT unlisted.ids FROM unlisted)) AS gone (id)
            JOIN profiles_profile AS hidden ON hidden.id = gone.id
        ) AS step
    ) AS walked
    WHERE %(offset)s::bigint > 0 AND walked.is_block AND walked.before_count <= %(offset)s::bigint
    ORDER BY walked.first_name DESC
    LIMIT 1
),
-- An array, which is a few ids to the planner; values, so that the index is read in its order, no further than needed
-- and, for those who are not on the page, nothing but it.
picked AS MATERIALIZED (
    SELECT CASE WHEN %(is_before)s::boolean THEN ARRAY(
        SELECT nearest.id
        FROM (
            SELECT profile.id, lower(profile.name) AS sort_name
            FROM profiles_profile AS profile
            WHERE profile.site_id = %(site_id)s::bigint AND lower(profile.name) < %(from_name)s::text
              AND profile.id <> ALL ((SELECT unlisted.ids FROM unlisted)::bigint[])
            ORDER BY lower(profile.name) DESC
            LIMIT %(limit)s::bigint
        ) AS nearest
        ORDER BY nearest.sort_name
    ) ELSE ARRAY(
        SELECT profile.id
        FROM profiles_profile AS profile
        WHERE profile.site_id = %(site_id)s::bigint
          AND lower(profile.name) >= coalesce((SELECT block.first_name FROM block), '')
          AND lower(profile.name) > coalesce(%(from_name)s::text, '')
          AND profile.id <> ALL ((SELECT unlisted.ids FROM unlisted)::bigint[])
        ORDER BY lower(profile.name)
        LIMIT %(limit)s::bigint
        OFFSET %(offset)s::bigint - coalesce((SELECT block.before_count FROM block), 0)
    ) END AS ids
)
SELECT may.can_create, may.can_read, may.can_update, may.can_delete, may.can_close_own, may.can_open_own,
       may.can_read_others, may.is_guest, may.is_banned, may.is_owner, may.is_moderator, may.is_site_owner,
       watcher.id IS NOT NULL AS is_watched, watcher.send_email, watcher.send_sms,
       coalesce((
           SELECT everybody.profile_count FROM profiles_peoplecount AS everybody
           WHERE everybody.site_id = %(site_id)s::bigint
       ), 0) - cardinality((SELECT unlisted.ids FROM unlisted)) AS total,
       page.id, page.user_id, page.name, page.is_visible, page.avatar_url, page.comment_count,
       lower(page.name) AS sort_name
FROM fn.permissions_on_profile(%(site_id)s::bigint, %(viewer_id)s::bigint, 0) AS may
CROSS JOIN picked
LEFT JOIN updates_watcher AS watcher
       ON watcher.profile_id = %(viewer_id)s::bigint AND watcher.kind = 3 AND watcher.target_profile_id IS NULL
LEFT JOIN LATERAL unnest(picked.ids) WITH ORDINALITY AS entry (id, position) ON true
LEFT JOIN profiles_profile AS page ON page.id = entry.id
ORDER BY entry.position

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
counted AS MATERIALIZED (
    SELECT coalesce((
               SELECT everybody.profile_count FROM profiles_peoplecount AS everybody
               WHERE everybody.site_id = %(site_id)s::bigint
           ), 0) - cardinality(unlisted.ids) AS total
    FROM unlisted
),
-- How the page is read: on from the place of a cursor or from the beginning, or back from there or from the end, to which
-- the second half of the pages is nearer.
span AS MATERIALIZED (
    SELECT CASE WHEN %(from_name)s::text IS NULL THEN %(offset)s::bigint > counted.total / 2
                ELSE %(is_before)s::boolean END AS goes_back,
           CASE WHEN %(from_name)s::text IS NULL
                THEN greatest(counted.total - %(offset)s::bigint - %(limit)s::bigint, 0) ELSE 0 END AS back_offset,
           CASE WHEN %(from_name)s::text IS NULL
                THEN least(%(limit)s::bigint, greatest(counted.total - %(offset)s::bigint, 0))
                ELSE %(limit)s::bigint END AS back_limit
    FROM counted
),
picked AS MATERIALIZED (
    SELECT CASE WHEN span.goes_back THEN ARRAY(
        SELECT nearest.id
        FROM (
            SELECT profile.id, profile.comment_count, lower(profile.name) AS sort_name
            FROM profiles_profile AS profile
            WHERE profile.site_id = %(site_id)s::bigint
              AND (- profile.comment_count, lower(profile.name))
                  < (coalesce(- %(from_count)s::integer, 1), coalesce(%(from_name)s::text, ''))
              AND profile.id <> ALL ((SELECT unlisted.ids FROM unlisted)::bigint[])
            ORDER BY - profile.comment_count DESC, lower(profile.name) DESC
            LIMIT (SELECT span.back_limit FROM span) OFFSET (SELECT span.back_offset FROM span)
        ) AS nearest
        ORDER BY nearest.comment_count DESC, nearest.sort_name
    ) ELSE ARRAY(
        SELECT profile.id
        FROM profiles_profile AS profile
        WHERE profile.site_id = %(site_id)s::bigint
          AND (- profile.comment_count, lower(profile.name))
              > (coalesce(- %(from_count)s::integer, -2147483647), coalesce(%(from_name)s::text, ''))
          AND profile.id <> ALL ((SELECT unlisted.ids FROM unlisted)::bigint[])
        ORDER BY - profile.comment_count, lower(profile.name)
        LIMIT %(limit)s::bigint OFFSET %(offset)s::bigint
    ) END AS ids
    FROM span
)
SELECT may.can_create, may.can_read, may.can_update, may.can_delete, may.can_close_own, may.can_open_own,
       may.can_read_others, may.is_guest, may.is_banned, may.is_owner, may.is_moderator, may.is_site_owner,
       watcher.id IS NOT NULL AS is_watched, watcher.send_email, watcher.send_sms,
       counted.total,
       page.id, page.user_id, page.name, page.is_visible, page.avatar_url, page.comment_count,
       lower(page.name) AS sort_name
FROM fn.permissions_on_profile(%(site_id)s::bigint, %(viewer_id)s::bigint, 0) AS may
CROSS JOIN counted
CROSS JOIN picked
LEFT JOIN updates_watcher AS watcher
       ON watcher.profile_id = %(viewer_id)s::bigint AND watcher.kind = 3 AND watcher.target_profile_id IS NULL
LEFT JOIN LATERAL unnest(picked.ids) WITH ORDINALITY AS entry (id, position) ON true
LEFT JOIN profiles_profile AS page ON page.id = entry.id
ORDER BY entry.position

-- name: people_among
-- One page of those of a site's people who were here lately, whom the viewer watches, or whose name starts with something:
-- all of it that is asked for. The exact match of the name comes first, then those who comment most if `is_top` says so,
-- then by name. Every row begins with the caller's twelve permissions on the list, their watcher of it and the total; a
-- page without people is one row whose `id` is null. Names are unique on a site, so their order is total.
-- The placeholder for removed people and those whom the viewer ignores are left out.
-- Uses: profiles_profile_prefix, profiles_profile_active, updates_watcher_target, updates_ignore_target.
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
-- Each of the three by its own index; the others' branches are not run.
candidates AS MATERIALIZED (
    SELECT profile.id, profile.name, profile.comment_count, profile.last_active_at
    FROM profiles_profile AS profile
    WHERE %(start)s::text <> '' AND profile.site_id = %(site_id)s::bigint
      -- A range instead of LIKE: no character of it is a wildcard, and a generic plan can use the index.
      AND lower(profile.name) ~>=~ lower(%(start)s::text)
      AND lower(profile.name) ~<~ (lower(%(start)s::text) || chr(1114111))
    UNION ALL
    SELECT profile.id, profile.name, profile.comment_count, profile.last_active_at
    FROM updates_watcher AS followed
    JOIN profiles_profile AS profile ON profile.id = followed.target_profile_id AND profile.site_id = %(site_id)s::bigint
    WHERE %(start)s::text = '' AND %(is_following)s::boolean
      AND followed.profile_id = %(viewer_id)s::bigint AND followed.kind = 3
    UNION ALL
    SELECT profile.id, profile.name, profile.comment_count, profile.last_active_at
    FROM profiles_profile AS profile
    WHERE %(start)s::text = '' AND NOT %(is_following)s::boolean AND %(is_online)s::boolean
      AND profile.site_id = %(site_id)s::bigint AND profile.last_active_at > %(online_since)s::timestamptz
),
-- The sort key, in which everything goes up.
listed AS MATERIALIZED (
    SELECT person.id, lower(person.name) <> lower(%(start)s::text) AS is_other,
           CASE WHEN %(is_top)s::boolean THEN - person.comment_count ELSE 0 END AS rank, lower(person.name) AS sort_name
    FROM candidates AS person
    WHERE (NOT %(is_online)s::boolean OR person.last_active_at > %(online_since)s::timestamptz)
      AND (NOT %(is_following)s::boolean OR person.id IN (
          SELECT followed.target_profile_id
          FROM updates_watcher AS followed
          WHERE followed.profile_id = %(viewer_id)s::bigint AND followed.kind = 3
      ))
      AND person.id <> ALL ((SELECT unlisted.ids FROM unlisted)::bigint[])
),
-- All are at hand, so the place of a cursor is found by counting who stands before it or, for pages after it, at it.
counted AS MATERIALIZED (
    SELECT found.total, bounds.skipped, bounds.taken
    FROM (
        SELECT count(*) AS total,
               count(*) FILTER (WHERE CASE
                   WHEN %(is_before)s::boolean
                   THEN (listed.is_other, listed.rank, listed.sort_name)
                        < (%(from_other)s::boolean, %(from_rank)s::integer, %(from_name)s::text)
                   ELSE (listed.is_other, listed.rank, listed.sort_name)
                        <= (%(from_other)s::boolean, %(from_rank)s::integer, %(from_name)s::text)
               END) AS passed
        FROM listed
    ) AS found
    CROSS JOIN LATERAL
        fn.page_bounds(%(limit)s::bigint, %(offset)s::bigint, %(is_before)s::boolean, found.passed) AS bounds
),
picked AS MATERIALIZED (
    SELECT ARRAY(
        SELECT listed.id
        FROM listed
        ORDER BY listed.is_other, listed.rank, listed.sort_name
        LIMIT counted.taken OFFSET counted.skipped
    ) AS ids
    FROM counted
)
SELECT may.can_create, may.can_read, may.can_update, may.can_delete, may.can_close_own, may.can_open_own,
       may.can_read_others, may.is_guest, may.is_banned, may.is_owner, may.is_moderator, may.is_site_owner,
       watcher.id IS NOT NULL AS is_watched, watcher.send_email, watcher.send_sms,
       counted.total,
       page.id, page.user_id, page.name, page.is_visible, page.avatar_url, page.comment_count,
       lower(page.name) AS sort_name, lower(page.name) <> lower(%(start)s::text) AS is_other
FROM fn.permissions_on_profile(%(site_id)s::bigint, %(viewer_id)s::bigint, 0) AS may
CROSS JOIN counted
CROSS JOIN picked
LEFT JOIN updates_watcher AS watcher
       ON watcher.profile_id = %(viewer_id)s::bigint AND watcher.kind = 3 AND watcher.target_profile_id IS NULL
LEFT JOIN LATERAL unnest(picked.ids) WITH ORDINALITY AS entry (id, position) ON true
LEFT JOIN profiles_profile AS page ON page.id = entry.id
ORDER BY entry.position
