-- Whether the address of a picture stands for the file of a site with some hash: as a path, or on a host of the site.
-- `files.attaching` reads addresses in the same way.
CREATE FUNCTION fn.names_file(p_url text, p_hash text, p_key text, p_domain text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT strpos(p_url, p_hash) > 0
       AND substring(p_url FROM '^(?:https?://[^/]*)?/api/v1/files/([0-9a-f]{40})') = p_hash
       AND (
           starts_with(p_url, '/')
           OR starts_with(lower(split_part(p_url, '/', 3)), p_key || '.')
           OR lower(split_part(p_url, '/', 3)) = p_domain
       )
$$;
