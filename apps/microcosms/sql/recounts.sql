-- name: differing_microcosms
-- Those of some microcosms that hold directly inside more, fewer or newer visible things than is kept: both, as `repair`
-- wants them. Comments are summed from the counters of the items: recount those first.
-- Uses: microcosms_microcosm_pkey, items_item_place_order.
SELECT microcosm.id,
       microcosm.conversation_count, counted.conversations AS counted_conversation_count,
       microcosm.event_count, counted.events AS counted_event_count,
       microcosm.poll_count, counted.polls AS counted_poll_count,
       microcosm.comment_count, counted.comments AS counted_comment_count,
       microcosm.last_activity_at, counted.last_activity_at AS counted_last_activity_at
FROM microcosms_microcosm AS microcosm
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE item.kind = 6) AS conversations,
           count(*) FILTER (WHERE item.kind = 9) AS events,
           count(*) FILTER (WHERE item.kind = 7) AS polls,
           coalesce(sum(item.comment_count), 0)::bigint AS comments,
           max(item.last_activity_at) AS last_activity_at
    FROM items_item AS item
    WHERE item.microcosm_id = microcosm.id AND NOT item.is_deleted AND NOT item.is_moderated
) AS counted
WHERE microcosm.id = ANY (%(microcosm_ids)s::bigint[]) AND microcosm.site_id = %(site_id)s::bigint
  AND (microcosm.conversation_count, microcosm.event_count, microcosm.poll_count, microcosm.comment_count,
       microcosm.last_activity_at)
      IS DISTINCT FROM
      (counted.conversations, counted.events, counted.polls, counted.comments, counted.last_activity_at)
ORDER BY microcosm.id
