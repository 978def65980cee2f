-- name: site_of_id
-- The same of a site by its id, deleted or not; nothing when there is none. Uses: sites_site_pkey.
SELECT site.id, site.key, site.domain, site.is_root, site.force_ssl, site.owner_id, site.created_by_id, site.shorten_links
FROM sites_site AS site
WHERE site.id = %(site_id)s::bigint

-- name: site_of_host
-- The live site with a key (of a platform subdomain) or a custom domain; nothing when there is none.
-- Uses: sites_site_key, sites_site_domain.
SELECT site.id, site.key, site.domain, site.is_root, site.force_ssl, site.owner_id, site.created_by_id, site.shorten_links
FROM sites_site AS site
WHERE NOT site.is_deleted
  AND CASE
      WHEN %(is_root)s::boolean THEN site.is_root
      WHEN %(key)s::text <> '' THEN site.key = %(key)s::text AND NOT site.is_root
      ELSE lower(site.domain) = %(domain)s::text
  END
