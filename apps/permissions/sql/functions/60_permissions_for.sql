-- The question of `GET /permission` (A 15, 31.5): what may someone do with a thing of some type, or in a microcosm.
-- Types are the numbers of the contract; 0 asks for a microcosm without a thing.
CREATE FUNCTION fn.permissions_for(
    p_site_id bigint, p_profile_id bigint, p_kind integer, p_thing_id bigint, p_microcosm_id bigint
) RETURNS fn.permission_set
LANGUAGE plpgsql STABLE AS $$
DECLARE
    who CONSTANT fn.identity := fn.identity_of(p_site_id, p_profile_id);
    nothing fn.permission_set := ROW(false, false, false, false, false, false, false,
        who.is_guest, who.is_banned, false, false, false)::fn.permission_set;
    may fn.permission_set;
    is_own boolean;
BEGIN
    IF p_kind = 1 THEN
        RETURN fn.permissions_on_site(p_site_id, p_profile_id);
    ELSIF p_kind = 3 THEN
        RETURN fn.permissions_on_profile(p_site_id, p_profile_id, p_thing_id);
    ELSIF who.is_banned THEN
        RETURN nothing;
    ELSIF p_kind = 2 AND EXISTS (
        SELECT FROM microcosms_microcosm AS microcosm WHERE microcosm.id = p_thing_id AND microcosm.site_id = p_site_id
    ) THEN
        RETURN fn.permissions_of(who, p_site_id, p_thing_id);
    ELSIF p_kind = 4 AND p_thing_id > 0 THEN
        -- One that is missing is like one in a huddle: nothing but who asks.
        RETURN fn.permissions_on_comment(p_site_id, p_profile_id, p_thing_id);
    ELSIF p_kind IN (5, 6, 7, 9) AND EXISTS (
        SELECT FROM items_item AS item
        WHERE item.id = p_thing_id AND item.site_id = p_site_id AND item.kind = p_kind
    ) THEN
        RETURN fn.permissions_on_item(p_site_id, p_profile_id, p_thing_id);
    ELSIF p_kind = 5 THEN
        nothing.can_create := p_thing_id = 0 AND NOT who.is_guest;
        nothing.is_moderator := who.is_site_owner;
        nothing.is_site_owner := who.is_site_owner;
        RETURN nothing;
    ELSIF p_kind = 13 AND EXISTS (
        SELECT FROM items_attendee AS answer
        JOIN items_item AS item ON item.id = answer.event_id
        WHERE answer.id = p_thing_id AND item.site_id = p_site_id
    ) THEN
        RETURN fn.permissions_on_attendee(p_site_id, p_profile_id, p_thing_id);
    ELSIF p_kind = 14 THEN
        is_own := NOT who.is_guest AND who.user_id = p_thing_id;
        nothing.can_read := is_own OR who.is_site_owner;
        nothing.is_owner := is_own;
        nothing.is_moderator := who.is_site_owner;
        nothing.is_site_owner := who.is_site_owner;
        RETURN nothing;
    ELSIF p_kind IN (16, 18) THEN
        -- Updates are their receiver's alone; of their types nobody may anything.
        is_own := p_kind = 16 AND NOT who.is_guest AND EXISTS (
            SELECT FROM updates_update AS news
            WHERE news.id = p_thing_id AND news.profile_id = who.profile_id);
        RETURN ROW(false, is_own, is_own, is_own, false, false, false, who.is_guest, false, is_own,
                   who.is_site_owner, who.is_site_owner)::fn.permission_set;
    ELSIF p_kind = 19 AND p_thing_id > 0 THEN
        is_own := NOT who.is_guest AND EXISTS (
            SELECT FROM updates_watcher AS watcher
            WHERE watcher.id = p_thing_id AND watcher.profile_id = who.profile_id);
        RETURN ROW(is_own OR who.is_site_owner, is_own OR who.is_site_owner, is_own OR who.is_site_owner,
                   is_own OR who.is_site_owner, false, false, false, who.is_guest, false, is_own,
                   who.is_site_owner, who.is_site_owner)::fn.permission_set;
    ELSIF p_kind IN (6, 7, 9) AND p_thing_id = 0 AND p_microcosm_id > 0 THEN
        RETURN fn.permissions_of(who, p_site_id, p_microcosm_id);
    ELSIF p_kind = 0 AND p_microcosm_id > 0 THEN
        may := fn.permissions_of(who, p_site_id, p_microcosm_id);
        nothing.is_banned := may.is_banned;
        nothing.is_moderator := may.is_moderator;
        nothing.is_site_owner := may.is_site_owner;
        RETURN nothing;
    ELSIF p_kind = 0 THEN
        RETURN nothing;
    END IF;
    -- Collections, missing things and types without a rule of their own: the owner of the site, nobody else (REC).
    RETURN ROW(who.is_site_owner, who.is_site_owner, who.is_site_owner, who.is_site_owner,
               who.is_site_owner, who.is_site_owner, who.is_site_owner, who.is_guest, false, false,
               who.is_site_owner, who.is_site_owner)::fn.permission_set;
END $$;
