-- What some changes of a site are about and where that is now, in the order of their positions. Who may know is the
-- caller's business. Uses: core_change_order.
CREATE FUNCTION fn.change_facts(p_site_id bigint, p_positions bigint[]) RETURNS TABLE (
    "position" bigint, kind text, ids jsonb, actor_id bigint, created_at timestamptz,
    comment_id bigint, home_id bigint, item_id bigint, item_kind smallint, microcosm_id bigint, source_id bigint
)
LANGUAGE sql STABLE ROWS 100 AS $$
    SELECT logged.position, logged.kind::text, logged.ids, logged.actor_id, logged.created_at,
           (logged.ids ->> 'comment_id')::bigint, comment.profile_id,
           coalesce(item.id, (logged.ids ->> 'item_id')::bigint), item.kind,
           coalesce(item.microcosm_id, (logged.ids ->> 'microcosm_id')::bigint),
           fn.change_source(logged.kind, logged.ids, item.microcosm_id)
    FROM core_change AS logged
    LEFT JOIN comments_comment AS comment
      ON comment.id = (logged.ids ->> 'comment_id')::bigint AND comment.site_id = logged.site_id
    LEFT JOIN items_item AS item
      ON item.id = coalesce(comment.item_id, (logged.ids ->> 'item_id')::bigint) AND item.site_id = logged.site_id
    WHERE logged.site_id = p_site_id AND logged.position = ANY (p_positions)
    ORDER BY logged.position
$$;
