-- Microcosms (kind 2) and people (3) that hold all words of `p_query` and that the viewer may see (contract B 10.5): of each
-- the `p_max` most recently active ones, in no order. `p_place_ids`
-- are the microcosms that are searched; a null list, id or moment stands for no condition.
-- Uses: search_microcosm_words, search_profile_words, microcosms_microcosm_pkey, profiles_profile_pkey.
CREATE FUNCTION fn.search_names(
    p_site_id bigint, p_profile_id bigint, p_query tsquery, p_place_ids bigint[],
    p_ignored_profile_ids bigint[], p_in_title boolean, p_hashtags text[], p_kinds integer[], p_ids bigint[],
    p_has_forum boolean, p_author_id bigint, p_is_following boolean, p_has_attachment boolean, p_since timestamptz,
    p_until timestamptz, p_max bigint
) RETURNS TABLE (kind integer, id bigint, rank double precision, last_activity_at timestamptz)
LANGUAGE plpgsql STABLE ROWS 10 AS $$
BEGIN
    IF 2 = ANY (p_kinds) AND NOT p_has_attachment THEN
        RETURN QUERY
            WITH named AS MATERIALIZED (
                SELECT known.microcosm_id, known.words
                FROM search_microcosmwords AS known
                WHERE known.words @@ p_query AND known.site_id = p_site_id
            )
            SELECT 2, microcosm.id, ts_rank(named.words, p_query)::double precision, microcosm.active_at
            FROM named
            CROSS JOIN LATERAL (
                SELECT live.id, live.title, live.description, live.created_by_id,
                       coalesce(live.last_activity_at, live.created_at) AS active_at
                FROM microcosms_microcosm AS live
                WHERE live.id = named.microcosm_id
                LIMIT 1
            ) AS microcosm
            -- Not a join, which would go through all of them for each: a table to look them up in.
            WHERE (microcosm.id IN (SELECT unnest(p_place_ids))) IS TRUE
              AND (NOT p_in_title OR ts_filter(named.words, '{a}') @@ p_query)
              AND (p_hashtags IS NULL OR NOT EXISTS (
                  SELECT FROM unnest(p_hashtags) AS tag (name)
                  WHERE strpos(lower(microcosm.title || ' ' || microcosm.description), lower(tag.name)) = 0
              ))
              AND (p_ids IS NULL OR microcosm.id = ANY (p_ids))
              AND (p_author_id IS NULL OR microcosm.created_by_id = p_author_id)
              AND (NOT p_is_following OR EXISTS (
                  SELECT FROM updates_watcher AS watcher
                  WHERE watcher.microcosm_id = microcosm.id AND watcher.profile_id = p_profile_id
              ))
              AND (p_since IS NULL OR microcosm.active_at >= p_since)
              AND (p_until IS NULL OR microcosm.active_at <= p_until)
            ORDER BY microcosm.active_at DESC, microcosm.id DESC
            LIMIT p_max;
    END IF;
    IF 3 = ANY (p_kinds) AND NOT p_has_forum THEN
        RETURN QUERY
            WITH named AS MATERIALIZED (
                SELECT known.profile_id, known.words
                FROM search_profilewords AS known
                WHERE known.words @@ p_query AND known.site_id = p_site_id
            )
            SELECT 3, profile.id, ts_rank(named.words, p_query)::double precision, profile.last_active_at
            FROM named
            CROSS JOIN LATERAL (
                SELECT live.id, live.name, live.last_active_at
                FROM profiles_profile AS live
                WHERE live.id = named.profile_id
                LIMIT 1
            ) AS profile
            WHERE lower(profile.name) <> 'deleted' AND profile.id <> ALL (p_ignored_profile_ids)
              AND (p_hashtags IS NULL OR NOT EXISTS (
                  SELECT FROM unnest(p_hashtags) AS tag (name) WHERE strpos(lower(profile.name), lower(tag.name)) = 0
              ))
              AND (p_ids IS NULL OR profile.id = ANY (p_ids))
              AND (p_author_id IS NULL OR profile.id = p_author_id)
              AND (NOT p_is_following OR EXISTS (
                  SELECT FROM updates_watcher AS watcher
                  WHERE watcher.target_profile_id = profile.id AND watcher.profile_id = p_profile_id
              ))
              AND (NOT p_has_attachment OR EXISTS (
                  SELECT FROM profiles_attachment AS attachment WHERE attachment.profile_id = profile.id
              ))
              AND (p_since IS NULL OR profile.last_active_at >= p_since)
              AND (p_until IS NULL OR profile.last_active_at <= p_until)
            ORDER BY profile.last_active_at DESC, profile.id DESC
            LIMIT p_max;
    END IF;
END $$;
