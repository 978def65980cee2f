-- name: role
-- One role with its microcosm's title, author and last editor; nothing if the site has none of that id.
-- Uses: permissions_role_pkey.
SELECT role.id, role.title, role.microcosm_id, microcosm.title AS microcosm_title,
       role.is_moderator, role.is_banned, role.include_guests, role.include_users,
       role.can_create, role.can_read, role.can_update, role.can_delete,
       role.can_close_own, role.can_open_own, role.can_read_others,
       role.created_at, role.edited_at, role.edit_reason,
       author.id AS author_id, author.user_id AS author_user_id, author.name AS author_name,
       author.is_visible AS author_is_visible, author.avatar_url AS author_avatar_url,
       editor.id AS editor_id, editor.user_id AS editor_user_id, editor.name AS editor_name,
       editor.is_visible AS editor_is_visible, editor.avatar_url AS editor_avatar_url
FROM permissions_role AS role
JOIN microcosms_microcosm AS microcosm ON microcosm.id = role.microcosm_id
JOIN profiles_profile AS author ON author.id = role.created_by_id
LEFT JOIN profiles_profile AS editor ON editor.id = role.edited_by_id
WHERE role.id = %(role_id)s::bigint AND role.site_id = %(site_id)s::bigint

-- name: role_page
-- A page of the roles that count in a microcosm (its `path`), each as often as it has people on its first page of
-- `member_limit`; `total` counts roles, `member_total` people. One row without a role when there is none on the page.
-- Order: moderators, regular, banned; then title. Uses: permissions_role_microcosm_id, permissions_roleprofile_pair.
WITH effective AS MATERIALIZED (
    SELECT role.id, role.title, role.microcosm_id,
           role.is_moderator, role.is_banned, role.include_guests, role.include_users,
           role.can_create, role.can_read, role.can_update, role.can_delete,
           role.can_close_own, role.can_open_own, role.can_read_others,
           role.created_at, role.created_by_id, role.edited_at, role.edited_by_id, role.edit_reason
    FROM fn.effective_roles(%(path)s::bigint[]) AS role
    WHERE role.site_id = %(site_id)s::bigint
),
page AS (
    SELECT effective.*, microcosm.title AS microcosm_title
    FROM effective
    JOIN microcosms_microcosm AS microcosm ON microcosm.id = effective.microcosm_id
    ORDER BY effective.is_moderator DESC, effective.is_banned, effective.title, effective.id
    LIMIT %(limit)s::bigint OFFSET %(offset)s::bigint
)
SELECT counted.total,
       page.id, page.title, page.microcosm_id, page.microcosm_title,
       page.is_moderator, page.is_banned, page.include_guests, page.include_users,
       page.can_create, page.can_read, page.can_update, page.can_delete,
       page.can_close_own, page.can_open_own, page.can_read_others,
       page.created_at, page.edited_at, page.edit_reason,
       author.id AS author_id, author.user_id AS author_user_id, author.name AS author_name,
       author.is_visible AS author_is_visible, author.avatar_url AS author_avatar_url,
       editor.id AS editor_id, editor.user_id AS editor_user_id, editor.name AS editor_name,
       editor.is_visible AS editor_is_visible, editor.avatar_url AS editor_avatar_url,
       inside.total AS member_total,
       member.id AS member_id, member.user_id AS member_user_id, member.name AS member_name,
       member.is_visible AS member_is_visible, member.avatar_url AS member_avatar_url
FROM (SELECT count(*) AS total FROM effective) AS counted
LEFT JOIN page ON true
LEFT JOIN profiles_profile AS author ON author.id = page.created_by_id
LEFT JOIN profiles_profile AS editor ON editor.id = page.edited_by_id
LEFT JOIN LATERAL fn.role_members(page.id, %(member_limit)s::bigint, 0) AS inside ON page.id IS NOT NULL
LEFT JOIN profiles_profile AS member ON member.id = inside.profile_id
ORDER BY page.is_moderator DESC, page.is_banned, page.title, page.id, member.id

-- name: member_page
-- A page of the people in a role, named or by rule, guests left out, by id; one row with no profile when it is empty.
SELECT inside.total,
       member.id AS member_id, member.user_id AS member_user_id, member.name AS member_name,
       member.is_visible AS member_is_visible, member.avatar_url AS member_avatar_url
FROM fn.role_members(
    %(role_id)s::bigint, %(limit)s::bigint, %(offset)s::bigint, %(from_id)s::bigint, %(is_before)s::boolean
) AS inside
LEFT JOIN profiles_profile AS member ON member.id = inside.profile_id AND member.site_id = %(site_id)s::bigint
ORDER BY member.id

-- name: named_page
-- A page of the people named in a role, by id; one row with no profile when it is empty.
-- Uses: permissions_roleprofile_pair.
WITH named AS MATERIALIZED (
    SELECT pair.profile_id
    FROM permissions_roleprofile AS pair
    JOIN permissions_role AS role ON role.id = pair.role_id
    WHERE pair.role_id = %(role_id)s::bigint AND role.site_id = %(site_id)s::bigint
),
-- All are at hand, so the place of a cursor is found by counting who stands before it or, for pages after it, at it.
counted AS MATERIALIZED (
    SELECT listed.total, bounds.skipped, bounds.taken
    FROM (
        SELECT count(*) AS total,
               count(*) FILTER (WHERE CASE WHEN %(is_before)s::boolean THEN named.profile_id < %(from_id)s::bigint
                                           ELSE named.profile_id <= %(from_id)s::bigint END) AS passed
        FROM named
    ) AS listed
    CROSS JOIN LATERAL
        fn.page_bounds(%(limit)s::bigint, %(offset)s::bigint, %(is_before)s::boolean, listed.passed) AS bounds
)
SELECT counted.total,
       member.id AS member_id, member.user_id AS member_user_id, member.name AS member_name,
       member.is_visible AS member_is_visible, member.avatar_url AS member_avatar_url
FROM counted
LEFT JOIN (
    SELECT named.profile_id FROM named ORDER BY named.profile_id
    LIMIT (SELECT counted.taken FROM counted) OFFSET (SELECT counted.skipped FROM counted)
) AS page ON true
LEFT JOIN profiles_profile AS member ON member.id = page.profile_id
ORDER BY member.id

-- name: criterion_page
-- A page of the criteria of a role, by group, column, key and id; one row with no id when it is empty.
WITH own AS MATERIALIZED (
    SELECT criterion.id, criterion.or_group, criterion.profile_column, criterion.attribute_key,
           criterion.predicate, criterion.value
    FROM permissions_criterion AS criterion
    JOIN permissions_role AS role ON role.id = criterion.role_id
    WHERE criterion.role_id = %(role_id)s::bigint AND role.site_id = %(site_id)s::bigint
)
SELECT counted.total, page.id, page.or_group, page.profile_column, page.attribute_key, page.predicate, page.value
FROM (SELECT count(*) AS total FROM own) AS counted
LEFT JOIN (
    SELECT own.* FROM own
    ORDER BY own.or_group, own.profile_column, own.attribute_key, own.id
    LIMIT %(limit)s::bigint OFFSET %(offset)s::bigint
) AS page ON true
ORDER BY page.or_group, page.profile_column, page.attribute_key, page.id
