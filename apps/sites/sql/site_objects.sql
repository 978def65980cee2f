-- name: site_objects
-- Everything that site objects show, and what a profile may do on each (a guest unless it is one of that site), in the
-- order of creation; deleted sites too. The people are null where a user has no profile there.
-- Uses: sites_site_pkey, profiles_profile_user, sites_menulink_position, and those of fn.site_stats.
SELECT may.can_create, may.can_read, may.can_update, may.can_delete, may.can_close_own, may.can_open_own,
       may.can_read_others, may.is_guest, may.is_banned, may.is_owner, may.is_moderator, may.is_site_owner,
       site.id, site.key, site.domain, site.is_root, site.force_ssl, site.owner_id, site.created_by_id, site.shorten_links,
       site.title, site.description, site.theme_id, site.background_position, site.background_color, site.link_color,
       coalesce(nullif(site.logo_url, ''), theme.logo_url) AS logo_url,
       coalesce(site.favicon_url, theme.favicon_url) AS favicon_url,
       coalesce(site.background_url, theme.background_url) AS background_url,
       site.analytics_id, site.auth0_domain, site.auth0_client_id, site.contact_email, site.created_at, site.is_deleted,
       owner.id AS owner_profile_id, owner.user_id AS owner_profile_user_id, owner.name AS owner_profile_name,
       owner.is_visible AS owner_profile_is_visible, owner.avatar_url AS owner_profile_avatar_url,
       creator.id AS creator_profile_id, creator.user_id AS creator_profile_user_id, creator.name AS creator_profile_name,
       creator.is_visible AS creator_profile_is_visible, creator.avatar_url AS creator_profile_avatar_url,
       coalesce(menu.links, '[]'::json) AS menu,
       stats.active_profiles, stats.online_profiles, stats.total_profiles,
       stats.total_conversations, stats.total_events, stats.total_comments
FROM sites_site AS site
JOIN sites_theme AS theme ON theme.id = site.theme_id
LEFT JOIN profiles_profile AS owner ON owner.site_id = site.id AND owner.user_id = site.owner_id
LEFT JOIN profiles_profile AS creator ON creator.site_id = site.id AND creator.user_id = site.created_by_id
CROSS JOIN LATERAL (
    SELECT json_agg(json_build_object('href', link.href, 'title', link.title, 'text', link.text) ORDER BY link.position)
        AS links
    FROM sites_menulink AS link
    WHERE link.site_id = site.id
) AS menu
CROSS JOIN LATERAL fn.site_stats(site.id) AS stats
CROSS JOIN LATERAL fn.permissions_on_site(site.id, %(profile_id)s::bigint) AS may
WHERE site.id = ANY (%(site_ids)s::bigint[])
ORDER BY site.created_at, site.id
