-- name: create_links
-- Makes those of these addresses that a site does not have yet, in the order given.
-- Uses: links_link_url.
INSERT INTO links_link (site_id, url, domain, text, salt, created_at, hit_count)
SELECT %(site_id)s::bigint, wanted.url, wanted.domain, wanted.text, wanted.salt, %(now)s::timestamptz, 0
FROM unnest(%(urls)s::text[], %(domains)s::text[], %(texts)s::text[], %(salts)s::text[])
     WITH ORDINALITY AS wanted (url, domain, text, salt, position)
ORDER BY wanted.position
ON CONFLICT DO NOTHING

-- name: links_of_urls
-- The links that a site has for these addresses.
-- Uses: links_link_url.
SELECT link.id, link.url, link.salt
FROM unnest(%(urls)s::text[]) AS wanted (url)
JOIN links_link AS link
  ON link.site_id = %(site_id)s::bigint AND md5(link.url) = md5(wanted.url) AND link.url = wanted.url

-- name: target_of_link
-- Where a link leads, and whose it is: of any site if none is named; no row if there is none.
-- Uses: links_link_pkey.
SELECT link.id, link.site_id, link.url, link.domain
FROM links_link AS link
WHERE link.id = %(link_id)s::bigint AND link.salt = %(salt)s::text
  AND (%(site_id)s::bigint IS NULL OR link.site_id = %(site_id)s::bigint)

-- name: add_hits
-- Adds to the hits of links of several sites; what is gone is forgotten.
-- Uses: links_link_pkey.
WITH locked AS MATERIALIZED (
    -- In one order, so that two of these never wait for each other.
    SELECT link.id, followed.hit_count
    FROM unnest(%(site_ids)s::bigint[], %(link_ids)s::bigint[], %(hit_counts)s::bigint[])
         AS followed (site_id, link_id, hit_count)
    JOIN links_link AS link ON link.id = followed.link_id AND link.site_id = followed.site_id
    ORDER BY link.id
    FOR NO KEY UPDATE OF link
)
UPDATE links_link AS link
SET hit_count = link.hit_count + locked.hit_count
FROM locked
WHERE link.id = locked.id
