-- The twelve booleans of contract A 7.5, in its order.
CREATE TYPE fn.permission_set AS (
    can_create boolean,
    can_read boolean,
    can_update boolean,
    can_delete boolean,
    can_close_own boolean,
    can_open_own boolean,
    can_read_others boolean,
    is_guest boolean,
    is_banned boolean,
    is_owner boolean,
    is_moderator boolean,
    is_site_owner boolean
);

-- Who someone is on a site: what every permission starts from.
CREATE TYPE fn.identity AS (
    profile_id bigint,
    user_id bigint,
    is_guest boolean,
    is_banned boolean,
    is_site_owner boolean
);
