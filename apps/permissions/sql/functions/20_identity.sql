-- The identity of a profile on a site; 0, an unknown profile or one of another site is a guest.
-- A ban that has expired is none, and the owner of a site cannot be banned from it.
CREATE FUNCTION fn.identity_of(p_site_id bigint, p_profile_id bigint) RETURNS fn.identity
LANGUAGE plpgsql STABLE AS $$
DECLARE
    who fn.identity;
BEGIN
    SELECT profile.id, profile.user_id, false,
           EXISTS (
               SELECT FROM permissions_ban AS ban
               WHERE ban.site_id = p_site_id AND ban.user_id = profile.user_id
                 AND (ban.expires_at IS NULL OR ban.expires_at > statement_timestamp())
           ),
           profile.user_id IN (site.owner_id, site.created_by_id)
      INTO who
      FROM profiles_profile AS profile
      JOIN sites_site AS site ON site.id = profile.site_id
     WHERE profile.id = p_profile_id AND profile.site_id = p_site_id;
    IF NOT FOUND THEN
        RETURN ROW(0, 0, true, false, false)::fn.identity;
    END IF;
    IF who.is_site_owner THEN
        who.is_banned := false;
    END IF;
    RETURN who;
END $$;
