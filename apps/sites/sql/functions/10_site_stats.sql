-- How many people a site has and how much they wrote, for everybody to see (A 16.1): whole-site sums that name nothing.
-- People are as a job counted them last, what they wrote is as it is now. Uses: sites_sitestatistics_pkey.
CREATE FUNCTION fn.site_stats(p_site_id bigint) RETURNS TABLE (
    active_profiles integer, online_profiles integer, total_profiles integer,
    total_conversations bigint, total_events bigint, total_comments bigint
)
LANGUAGE sql STABLE ROWS 1 AS $$
    SELECT coalesce(people.active_profile_count, 0), coalesce(people.online_profile_count, 0),
           coalesce(people.profile_count, 0), written.conversations, written.events, written.comments
    FROM (
        SELECT coalesce(sum(microcosm.conversation_count), 0)::bigint AS conversations,
               coalesce(sum(microcosm.event_count), 0)::bigint AS events,
               coalesce(sum(microcosm.comment_count), 0)::bigint AS comments
        FROM microcosms_microcosm AS microcosm
        WHERE microcosm.site_id = p_site_id AND microcosm.is_live
    ) AS written
    LEFT JOIN sites_sitestatistics AS people ON people.site_id = p_site_id
$$;
