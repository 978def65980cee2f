-- What someone may do on the site itself (A 31.6): `can_create` means "create a microcosm".
CREATE FUNCTION fn.permissions_on_site(p_site_id bigint, p_profile_id bigint) RETURNS fn.permission_set
LANGUAGE plpgsql STABLE AS $$
DECLARE
    who CONSTANT fn.identity := fn.identity_of(p_site_id, p_profile_id);
    only_admins boolean;
BEGIN
    IF who.is_banned THEN
        RETURN ROW(false, true, false, false, false, false, false, false, true, false, false, false)::fn.permission_set;
    END IF;
    SELECT site.only_admins_create INTO only_admins FROM sites_site AS site WHERE site.id = p_site_id;
    RETURN ROW(
        who.is_site_owner OR NOT (who.is_guest OR coalesce(only_admins, true)), true, who.is_site_owner, who.is_site_owner,
        false, false, false,
        who.is_guest, false, who.is_site_owner, who.is_site_owner, who.is_site_owner
    )::fn.permission_set;
END $$;

-- What somebody known may do in a microcosm: the one answer to "may they?" for everything that is filed in the tree
-- (A 31.3 to 31.6). A microcosm that is not on the site allows nothing. Whether it is deleted is not asked here.
-- Plans are generic: left to itself PostgreSQL plans it anew in every call, which takes longer than the call.
CREATE FUNCTION fn.permissions_of(p_who fn.identity, p_site_id bigint, p_microcosm_id bigint) RETURNS fn.permission_set
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    place record;
    granted record;
    is_owner boolean;
    is_ruler boolean;
BEGIN
    IF p_who.is_banned THEN
        RETURN ROW(false, false, false, false, false, false, false, false, true, false, false, false)::fn.permission_set;
    END IF;
    SELECT microcosm.path, microcosm.owner_id, microcosm.created_by_id
      INTO place
      FROM microcosms_microcosm AS microcosm
     WHERE microcosm.id = p_microcosm_id AND microcosm.site_id = p_site_id;
    IF NOT FOUND THEN
        RETURN ROW(false, false, false, false, false, false, false, p_who.is_guest, false, false,
                   p_who.is_site_owner, p_who.is_site_owner)::fn.permission_set;
    END IF;
    -- Nobody is looked up for a role that takes everyone, and no criterion is evaluated where there is none.
    SELECT coalesce(bool_or(role.is_banned), false) AS is_banned,
           coalesce(bool_or(role.is_moderator), false) AS is_moderator,
           coalesce(bool_or(role.can_create), false) AS can_create,
           coalesce(bool_or(role.can_read), false) AS can_read,
           coalesce(bool_or(role.can_update), false) AS can_update,
           coalesce(bool_or(role.can_delete), false) AS can_delete,
           coalesce(bool_or(role.can_close_own), false) AS can_close_own,
           coalesce(bool_or(role.can_open_own), false) AS can_open_own,
           coalesce(bool_or(role.can_read_others), false) AS can_read_others
      INTO granted
      FROM fn.effective_roles(place.path) AS role
     WHERE CASE WHEN p_who.is_guest THEN role.include_guests
                ELSE role.include_users
                  OR EXISTS (
                      SELECT FROM permissions_roleprofile AS named
                      WHERE named.role_id = role.id AND named.profile_id = p_who.profile_id
                  )
                  OR (
                      EXISTS (SELECT FROM permissions_criterion AS criterion WHERE criterion.role_id = role.id)
                      AND EXISTS (SELECT FROM fn.roles_by_criteria(p_who.profile_id, ARRAY[role.id]))
                  )
           END;
    -- Banned roles never apply to the owner of the site; they do to owners and moderators of microcosms.
    IF granted.is_banned AND NOT p_who.is_site_owner THEN
        RETURN ROW(false, false, false, false, false, false, false, p_who.is_guest, true, false, false, false)::fn.permission_set;
    END IF;
    is_owner := NOT p_who.is_guest AND p_who.profile_id IN (place.owner_id, place.created_by_id);
    is_ruler := is_owner OR p_who.is_site_owner;
    -- A role may name guests and grant writing by mistake: guests never write (permissions.md 4).
    RETURN ROW(
        (granted.can_create OR is_ruler) AND NOT p_who.is_guest,
        granted.can_read OR is_ruler,
        (granted.can_update OR is_ruler) AND NOT p_who.is_guest,
        (granted.can_delete OR is_ruler) AND NOT p_who.is_guest,
        (granted.can_close_own OR is_ruler) AND NOT p_who.is_guest,
        (granted.can_open_own OR is_ruler) AND NOT p_who.is_guest,
        granted.can_read_others OR is_ruler,
        p_who.is_guest, false, is_owner,
        (granted.is_moderator OR is_ruler) AND NOT p_who.is_guest,
        p_who.is_site_owner
    )::fn.permission_set;
END $$;

-- The same for a profile of the site, or a guest: id 0.
CREATE FUNCTION fn.permissions_in(p_site_id bigint, p_profile_id bigint, p_microcosm_id bigint) RETURNS fn.permission_set
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN fn.permissions_of(fn.identity_of(p_site_id, p_profile_id), p_site_id, p_microcosm_id);
END $$;

-- What a participant may do in a huddle; nobody else may anything there, the owner of the site included.
CREATE FUNCTION fn.permissions_in_huddle(p_who fn.identity, p_item_id bigint, p_owner_id bigint) RETURNS fn.permission_set
LANGUAGE plpgsql STABLE AS $$
DECLARE
    is_in CONSTANT boolean := NOT p_who.is_guest AND NOT p_who.is_banned AND EXISTS (
        SELECT FROM huddles_participant AS participant
        WHERE participant.huddle_id = p_item_id AND participant.profile_id = p_who.profile_id
    );
BEGIN
    RETURN ROW(
        is_in, is_in, is_in, is_in, false, false, false,
        p_who.is_guest, p_who.is_banned, is_in AND p_who.profile_id = p_owner_id,
        p_who.is_site_owner, p_who.is_site_owner
    )::fn.permission_set;
END $$;

-- What someone may do with an item: as in its microcosm, and authors may read, edit and discuss their own.
-- Authors may delete their own open item as long as nobody else has commented on it.
CREATE FUNCTION fn.permissions_on_item(p_site_id bigint, p_profile_id bigint, p_item_id bigint) RETURNS fn.permission_set
LANGUAGE plpgsql STABLE AS $$
DECLARE
    who CONSTANT fn.identity := fn.identity_of(p_site_id, p_profile_id);
    item record;
    may fn.permission_set;
BEGIN
    SELECT i.kind, i.microcosm_id, i.created_by_id, i.is_open
      INTO item FROM items_item AS i WHERE i.id = p_item_id AND i.site_id = p_site_id;
    IF NOT FOUND THEN
        RETURN fn.permissions_of(who, p_site_id, 0);
    END IF;
    IF item.kind = 5 THEN
        RETURN fn.permissions_in_huddle(who, p_item_id, item.created_by_id);
    END IF;
    may := fn.permissions_of(who, p_site_id, item.microcosm_id);
    IF may.is_banned THEN
        RETURN may;
    END IF;
    may.is_owner := NOT may.is_guest AND item.created_by_id = p_profile_id;
    IF may.is_owner THEN
        may.can_create := true;
        may.can_read := true;
        may.can_update := true;
        may.can_delete := may.can_delete OR (item.is_open AND NOT EXISTS (
            SELECT FROM comments_comment AS comment
            WHERE comment.item_id = p_item_id AND comment.created_by_id <> p_profile_id
              AND NOT comment.is_deleted AND NOT comment.is_moderated
        ));
    END IF;
    RETURN may;
END $$;

-- What someone may do with an answer to an event (A 31.6): as with the event, with the person it is of, or who gave it for
-- them, as its owner. The author of the event, its host, changes and deletes the answers of others.
CREATE FUNCTION fn.permissions_on_attendee(p_site_id bigint, p_profile_id bigint, p_attendee_id bigint) RETURNS fn.permission_set
LANGUAGE plpgsql STABLE AS $$
DECLARE
    who CONSTANT fn.identity := fn.identity_of(p_site_id, p_profile_id);
    answer record;
    may fn.permission_set;
    is_own boolean;
    is_host boolean;
BEGIN
    SELECT a.profile_id, a.created_by_id, item.microcosm_id, item.created_by_id AS host_id
      INTO answer
      FROM items_attendee AS a
      JOIN items_item AS item ON item.id = a.event_id
     WHERE a.id = p_attendee_id AND item.site_id = p_site_id;
    IF NOT FOUND THEN
        RETURN fn.permissions_of(who, p_site_id, 0);
    END IF;
    may := fn.permissions_of(who, p_site_id, answer.microcosm_id);
    IF may.is_banned THEN
        RETURN may;
    END IF;
    is_own := NOT may.is_guest AND p_profile_id IN (answer.profile_id, answer.created_by_id);
    is_host := NOT may.is_guest AND p_profile_id = answer.host_id;
    may.is_owner := is_own;
    IF is_own OR is_host THEN
        may.can_create := true;
        may.can_read := true;
        may.can_update := true;
        may.can_delete := may.can_delete OR is_host OR p_profile_id = answer.profile_id;
    END IF;
    RETURN may;
END $$;

-- What someone may do with a profile; id 0 asks for the list of people.
CREATE FUNCTION fn.permissions_on_profile(p_site_id bigint, p_profile_id bigint, p_target_id bigint) RETURNS fn.permission_set
LANGUAGE plpgsql STABLE AS $$
DECLARE
    who CONSTANT fn.identity := fn.identity_of(p_site_id, p_profile_id);
    is_self CONSTANT boolean := NOT who.is_guest AND who.profile_id = p_target_id;
BEGIN
    IF who.is_banned THEN
        RETURN ROW(false, is_self, false, false, false, false, false, false, true, false, false, false)::fn.permission_set;
    END IF;
    RETURN ROW(
        is_self OR who.is_site_owner, true, is_self OR who.is_site_owner, who.is_site_owner,
        false, false, false,
        who.is_guest, false, is_self, who.is_site_owner, who.is_site_owner
    )::fn.permission_set;
END $$;

-- What someone may do with a comment: as on its parent, with the comment's author as owner.
-- In huddles authors edit and nobody deletes; elsewhere authors delete their own unless the item is closed.
CREATE FUNCTION fn.permissions_on_comment(p_site_id bigint, p_profile_id bigint, p_comment_id bigint) RETURNS fn.permission_set
LANGUAGE plpgsql STABLE AS $$
DECLARE
    who CONSTANT fn.identity := fn.identity_of(p_site_id, p_profile_id);
    comment record;
    may fn.permission_set;
    is_author boolean;
BEGIN
    SELECT c.created_by_id, c.item_id, item.kind, item.microcosm_id, item.is_open, item.created_by_id AS item_author_id
      INTO comment
      FROM comments_comment AS c
      LEFT JOIN items_item AS item ON item.id = c.item_id
     WHERE c.id = p_comment_id AND c.site_id = p_site_id;
    IF NOT FOUND THEN
        RETURN fn.permissions_of(who, p_site_id, 0);
    END IF;
    is_author := NOT who.is_guest AND who.profile_id = comment.created_by_id;
    IF comment.item_id IS NULL THEN
        may := fn.permissions_on_profile(p_site_id, p_profile_id, 0);
        IF may.is_banned THEN
            RETURN may;
        END IF;
        may.is_owner := is_author;
        may.can_create := is_author OR who.is_site_owner;
        may.can_update := is_author OR who.is_site_owner;
        may.can_delete := is_author OR who.is_site_owner;
        RETURN may;
    END IF;
    IF comment.kind = 5 THEN
        may := fn.permissions_in_huddle(who, comment.item_id, comment.item_author_id);
        may.is_owner := may.can_read AND is_author;
        may.can_create := may.is_owner;
        may.can_update := may.is_owner;
        may.can_delete := false;
        RETURN may;
    END IF;
    may := fn.permissions_of(who, p_site_id, comment.microcosm_id);
    IF may.is_banned THEN
        RETURN may;
    END IF;
    -- The author of the item reads all of it, even after losing access to the microcosm.
    may.can_read := may.can_read OR (NOT who.is_guest AND who.profile_id = comment.item_author_id);
    may.is_owner := is_author;
    IF is_author THEN
        may.can_create := true;
        may.can_read := true;
        may.can_update := true;
        may.can_delete := may.can_delete OR comment.is_open;
    END IF;
    RETURN may;
END $$;
