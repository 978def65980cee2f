-- The `p_max` items that are most talked about (contract B 11) in some microcosms, best first: comments of the last 14 days
-- without those of some people, faded by the half-days since the last activity, over the age of the item.
-- Comments are counted for those items alone that may be among the best: as if all their comments were recent, the others
-- would still be behind.
-- Uses: items_item_recent, comments_comment_page, comments_comment_said.
CREATE FUNCTION fn.trending_items(
    p_site_id bigint, p_now timestamptz, p_place_ids bigint[], p_ignored_item_ids bigint[],
    p_ignored_profile_ids bigint[], p_max integer
) RETURNS TABLE (id bigint, last_activity_at timestamptz, score double precision)
LANGUAGE plpgsql STABLE ROWS 25 AS $$
DECLARE
    since CONSTANT timestamptz := p_now - interval '14 days';
    counted integer := 0;
    -- How many are counted next.
    step integer := p_max;
    -- All that may trend, by the best score that they can have.
    ids bigint[];
    activities timestamptz[];
    weights double precision[];
    bounds double precision[];
    -- The best so far.
    best_ids bigint[];
    best_activities timestamptz[];
    best_scores double precision[];
BEGIN
    SELECT array_agg(item.id), array_agg(item.last_activity_at), array_agg(item.weight), array_agg(item.bound)
    INTO ids, activities, weights, bounds
    FROM (
        SELECT live.id, live.last_activity_at, factor.weight, live.comment_count * factor.weight AS bound
        FROM (
            SELECT newest.id, newest.kind, newest.microcosm_id, newest.created_at, newest.last_activity_at,
                   newest.comment_count
            FROM items_item AS newest
            -- The newest comment is the last activity.
            WHERE newest.site_id = p_site_id AND NOT newest.is_deleted AND NOT newest.is_moderated
              AND newest.last_activity_at > since
            -- Read along the newest: a plan for any values would go through one microcosm after the other.
            OFFSET 0
        ) AS live
        CROSS JOIN LATERAL (
            SELECT exp(-0.25 * date_part('epoch', p_now - live.last_activity_at) / 43200)
                   -- An item of this very moment has no age yet.
                   / greatest(date_part('epoch', p_now - live.created_at), 1) AS weight
        ) AS factor
        WHERE live.kind IN (6, 7, 9) AND live.comment_count > 0
          AND live.microcosm_id IN (SELECT unnest(p_place_ids)) AND live.id <> ALL (p_ignored_item_ids)
        ORDER BY bound DESC
    ) AS item;
    WHILE counted < coalesce(cardinality(ids), 0) LOOP
        SELECT array_agg(best.id), array_agg(best.last_activity_at), array_agg(best.score)
        INTO best_ids, best_activities, best_scores
        FROM (
            SELECT ranked.id, ranked.last_activity_at, ranked.score
            FROM (
                SELECT known.id, known.last_activity_at, known.score
                FROM unnest(best_ids, best_activities, best_scores) AS known (id, last_activity_at, score)
                UNION ALL
                SELECT item.id, item.last_activity_at, recent.comment_count * item.weight
                FROM unnest(
                    ids[counted + 1 : counted + step], activities[counted + 1 : counted + step],
                    weights[counted + 1 : counted + step]
                ) AS item (id, last_activity_at, weight)
                CROSS JOIN LATERAL (
                    SELECT (
                        SELECT count(*) FROM comments_comment AS comment
                        WHERE comment.item_id = item.id AND NOT comment.is_deleted AND NOT comment.is_moderated
                          AND comment.created_at > since
                    ) - CASE WHEN cardinality(p_ignored_profile_ids) = 0 THEN 0 ELSE (
                        SELECT count(*)
                        -- Person by person: a plan for any values would read all that is said in the item.
                        FROM unnest(p_ignored_profile_ids) AS person (id)
                        CROSS JOIN LATERAL (
                            SELECT comment.created_at FROM comments_comment AS comment
                            WHERE comment.item_id = item.id AND comment.created_by_id = person.id
                              AND NOT comment.is_deleted AND NOT comment.is_moderated
                            OFFSET 0
                        ) AS unwanted
                        WHERE unwanted.created_at > since
                    ) END AS comment_count
                    OFFSET 0
                ) AS recent
                WHERE recent.comment_count > 0
            ) AS ranked
            ORDER BY ranked.score DESC, ranked.last_activity_at DESC, ranked.id DESC
            LIMIT p_max
        ) AS best;
        counted := counted + step;
        -- Those that may still be before the last of the best.
        step := (
            SELECT count(*) FROM unnest(bounds[counted + 1 : counted + 15]) AS bound
            WHERE cardinality(best_ids) < p_max OR bound >= best_scores[p_max]
        );
        EXIT WHEN step = 0;
    END LOOP;
    RETURN QUERY
        SELECT best.id, best.last_activity_at, best.score
        FROM unnest(best_ids, best_activities, best_scores) AS best (id, last_activity_at, score);
END $$;
