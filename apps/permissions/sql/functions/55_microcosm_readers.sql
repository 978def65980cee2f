-- Some people on a site, at once, as `fn.identity_of` knows them: those who are banned from it are left out. An unknown
-- profile, such as 0, is a guest.
-- Not a plain SQL function, here and below: the planner would fold it into the caller, think of a few rows, and loop.
CREATE FUNCTION fn.people_on_site(p_site_id bigint, p_profile_ids bigint[])
RETURNS TABLE (profile_id bigint, is_guest boolean, is_site_owner boolean)
LANGUAGE plpgsql STABLE ROWS 1000 SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
        SELECT wanted.id, profile.id IS NULL,
               coalesce(profile.user_id IN (site.owner_id, site.created_by_id), false)
        FROM (SELECT DISTINCT given.id FROM unnest(p_profile_ids) AS given (id)) AS wanted
        JOIN sites_site AS site ON site.id = p_site_id
        LEFT JOIN profiles_profile AS profile ON profile.id = wanted.id AND profile.site_id = p_site_id
        LEFT JOIN permissions_ban AS ban
          ON ban.site_id = p_site_id AND ban.user_id = profile.user_id
         AND (ban.expires_at IS NULL OR ban.expires_at > statement_timestamp())
        WHERE ban.id IS NULL OR profile.user_id IN (site.owner_id, site.created_by_id);
END $$;

-- `fn.permissions_in` for many people and many microcosms at once: who may read, who moderates, whom a role shuts out.
-- A row for each pair, none for people who are banned from the site.
CREATE FUNCTION fn.microcosm_readers(p_site_id bigint, p_microcosm_ids bigint[], p_profile_ids bigint[])
RETURNS TABLE (microcosm_id bigint, profile_id bigint, can_read boolean, is_moderator boolean, is_banned boolean)
LANGUAGE plpgsql STABLE ROWS 1000 SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
        WITH who AS MATERIALIZED (
            SELECT person.profile_id, person.is_guest, person.is_site_owner
            FROM fn.people_on_site(p_site_id, p_profile_ids) AS person
        ),
        place AS MATERIALIZED (
            SELECT microcosm.id, microcosm.path, microcosm.owner_id, microcosm.created_by_id
            FROM microcosms_microcosm AS microcosm
            WHERE microcosm.site_id = p_site_id AND microcosm.id = ANY (p_microcosm_ids)
        ),
        role AS MATERIALIZED (
            SELECT place.id AS place_id, effective.id, effective.is_moderator, effective.is_banned, effective.can_read,
                   effective.include_guests, effective.include_users, EXISTS (
                       SELECT FROM permissions_criterion AS criterion WHERE criterion.role_id = effective.id
                   ) AS has_criteria
            FROM place
            CROSS JOIN LATERAL fn.effective_roles(place.path) AS effective
        ),
        -- What roles that take everybody mean, for guests and for members.
        wide AS MATERIALIZED (
            SELECT place.id AS place_id, kind.is_guest,
                   coalesce(bool_or(role.can_read), false) AS can_read,
                   coalesce(bool_or(role.is_moderator), false) AS is_moderator,
                   coalesce(bool_or(role.is_banned), false) AS is_banned
            FROM place
            CROSS JOIN (VALUES (true), (false)) AS kind (is_guest)
            LEFT JOIN role
              ON role.place_id = place.id
             AND CASE WHEN kind.is_guest THEN role.include_guests ELSE role.include_users END
            GROUP BY place.id, kind.is_guest
        ),
        -- With those that take some; summed up, not joined: there may be many of both.
        sign AS (
            SELECT wide.place_id, who.profile_id, who.is_guest, who.is_site_owner, wide.can_read, wide.is_moderator,
                   wide.is_banned
            FROM wide
            JOIN who ON who.is_guest = wide.is_guest
            UNION ALL
            SELECT role.place_id, named.profile_id, false, false, role.can_read, role.is_moderator, role.is_banned
            FROM role
            JOIN permissions_roleprofile AS named ON named.role_id = role.id
            WHERE NOT role.include_users
              AND named.profile_id IN (SELECT who.profile_id FROM who WHERE NOT who.is_guest)
            UNION ALL
            SELECT role.place_id, who.profile_id, false, false, role.can_read, role.is_moderator, role.is_banned
            FROM role
            JOIN who ON NOT who.is_guest AND EXISTS (SELECT FROM fn.roles_by_criteria(who.profile_id, ARRAY[role.id]))
            WHERE role.has_criteria AND NOT role.include_users
        ),
        answer AS (
            SELECT sign.place_id, sign.profile_id, bool_or(sign.is_guest) AS is_guest,
                   bool_or(sign.is_site_owner) AS is_site_owner, bool_or(sign.can_read) AS can_read,
                   bool_or(sign.is_moderator) AS is_moderator,
                   bool_or(sign.is_banned) AND NOT bool_or(sign.is_site_owner) AS is_banned
            FROM sign
            GROUP BY sign.place_id, sign.profile_id
        ),
        ruled AS (
            SELECT answer.place_id, answer.profile_id, answer.is_guest, answer.can_read, answer.is_moderator,
                   answer.is_banned,
                   answer.is_site_owner OR (
                       NOT answer.is_guest AND answer.profile_id IN (place.owner_id, place.created_by_id)
                   ) AS is_ruler
            FROM answer
            JOIN place ON place.id = answer.place_id
        )
        SELECT ruled.place_id, ruled.profile_id,
               NOT ruled.is_banned AND (ruled.can_read OR ruled.is_ruler),
               NOT ruled.is_banned AND NOT ruled.is_guest AND (ruled.is_moderator OR ruled.is_ruler),
               ruled.is_banned
        FROM ruled;
END $$;
