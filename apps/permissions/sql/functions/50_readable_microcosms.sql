-- The live microcosms of a site that someone may read: `fn.permissions_in(...).can_read` for all of them at once.
-- Plans are generic: left to itself PostgreSQL plans it anew in every call, which takes longer than the call.
CREATE FUNCTION fn.readable_microcosms(p_site_id bigint, p_profile_id bigint) RETURNS TABLE (microcosm_id bigint)
LANGUAGE plpgsql STABLE ROWS 100 SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    who CONSTANT fn.identity := fn.identity_of(p_site_id, p_profile_id);
    by_criteria bigint[];
BEGIN
    IF who.is_banned THEN
        RETURN;
    END IF;
    IF who.is_site_owner THEN
        RETURN QUERY
            SELECT microcosm.id FROM microcosms_microcosm AS microcosm
            WHERE microcosm.site_id = p_site_id AND microcosm.is_live;
        RETURN;
    END IF;
    IF NOT who.is_guest THEN
        by_criteria := ARRAY(SELECT fn.roles_by_criteria(who.profile_id, ARRAY(
            SELECT role.id FROM permissions_role AS role
            WHERE role.site_id = p_site_id AND NOT role.include_users
              AND EXISTS (SELECT FROM permissions_criterion AS criterion WHERE criterion.role_id = role.id)
        )));
    END IF;
    RETURN QUERY
        -- What the roles of one microcosm mean for this person: once for each, not once for each descendant.
        WITH sign AS MATERIALIZED (
            SELECT role.microcosm_id,
                   bool_or(role.is_banned AND role.contains) AS bans,
                   bool_or(role.is_moderator AND role.can_read AND role.contains) AS lets_moderators_read,
                   bool_or(NOT role.is_moderator AND NOT role.is_banned) AS is_source,
                   bool_or(NOT role.is_moderator AND NOT role.is_banned AND role.can_read AND role.contains) AS lets_read
            FROM (
                SELECT r.microcosm_id, r.is_moderator, r.is_banned, r.can_read,
                       CASE WHEN who.is_guest THEN r.include_guests
                            ELSE r.include_users
                              OR r.id = ANY (by_criteria)
                              OR r.id IN (SELECT named.role_id FROM permissions_roleprofile AS named
                                          WHERE named.profile_id = who.profile_id)
                       END AS contains
                FROM permissions_role AS r
                WHERE r.site_id = p_site_id
            ) AS role
            GROUP BY role.microcosm_id
        )
        SELECT microcosm.id
        FROM microcosms_microcosm AS microcosm
        CROSS JOIN LATERAL unnest(microcosm.path) WITH ORDINALITY AS step (microcosm_id, depth)
        LEFT JOIN sign ON sign.microcosm_id = step.microcosm_id
        WHERE microcosm.site_id = p_site_id AND microcosm.is_live
        GROUP BY microcosm.id
        HAVING NOT coalesce(bool_or(sign.bans), false)
           AND (
               (NOT who.is_guest AND who.profile_id IN (microcosm.owner_id, microcosm.created_by_id))
               OR bool_or(sign.lets_moderators_read)
               -- The deepest source decides: its depth doubled, plus one if it lets read, is the largest.
               OR max(step.depth * 2 + sign.lets_read::integer) FILTER (WHERE sign.is_source) % 2 = 1
           );
END $$;
