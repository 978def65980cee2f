-- Who of some people (0 is a guest) may read each of some items of a site now, as `fn.permissions_on_item` and what is
-- hidden say: a row for each item that anybody of them may read.
CREATE FUNCTION fn.item_readers(p_site_id bigint, p_item_ids bigint[], p_profile_ids bigint[])
RETURNS TABLE (item_id bigint, profile_ids bigint[])
LANGUAGE sql STABLE ROWS 100 AS $$
    WITH item AS MATERIALIZED (
        SELECT wanted.id, wanted.kind, wanted.microcosm_id, wanted.created_by_id, wanted.is_moderated, place.is_live
        FROM items_item AS wanted
        LEFT JOIN microcosms_microcosm AS place ON place.id = wanted.microcosm_id
        WHERE wanted.site_id = p_site_id AND wanted.id = ANY (p_item_ids) AND NOT wanted.is_deleted
    )
    SELECT item.id, array_agg(reader.profile_id)
    FROM item
    JOIN fn.microcosm_readers(p_site_id, ARRAY(SELECT item.microcosm_id FROM item), p_profile_ids) AS reader
      ON reader.microcosm_id = item.microcosm_id
    WHERE NOT reader.is_banned
      AND (reader.can_read OR (reader.profile_id <> 0 AND reader.profile_id = item.created_by_id))
      AND (item.is_live OR reader.is_moderator)
      AND (NOT item.is_moderated OR reader.is_moderator OR reader.profile_id = item.created_by_id)
    GROUP BY item.id
    UNION ALL
    SELECT item.id, array_agg(member.profile_id)
    FROM item
    JOIN huddles_participant AS member ON member.huddle_id = item.id
    CROSS JOIN LATERAL fn.identity_of(p_site_id, member.profile_id) AS who
    WHERE item.kind = 5 AND NOT item.is_moderated AND member.profile_id = ANY (p_profile_ids) AND NOT who.is_banned
    GROUP BY item.id
$$;
