-- Comments that hold all words of `p_query` and that the viewer may see (contract B 10.5): the `p_max` newest, in no order,
-- with the item or the profile they are on. `p_place_ids` are the microcosms that are searched; a null list, id or moment
-- stands for no condition.
-- Planned once for any values (0046), so how frequent a word is decides here and not in the plan (0047). A few of the newest
-- comments are looked at first. If many of them hold it the next newest follow, until there are enough; if few do, or if
-- that takes too long, the index says where it is, unless that names too many.
-- Uses: search_comment_newest, search_comment_words, search_commentwords_pkey, items_item_pkey, comments_comment_page,
-- comments_comment_biography, comments_comment_author.
CREATE FUNCTION fn.search_comments(
    p_site_id bigint, p_profile_id bigint, p_query tsquery, p_place_ids bigint[], p_ignored_item_ids bigint[],
    p_ignored_profile_ids bigint[], p_hashtags text[], p_parents integer[], p_ids bigint[], p_has_forum boolean,
    p_author_id bigint, p_has_attachment boolean, p_since timestamptz, p_until timestamptz, p_max bigint
) RETURNS TABLE (id bigint, item_id bigint, profile_id bigint, created_at timestamptz)
LANGUAGE plpgsql STABLE ROWS 100 AS $$
DECLARE
    -- How many are looked at first, of how many of those one has to hold the words to go on, and how many follow at most.
    sample CONSTANT integer := 256;
    rarity CONSTANT integer := 64;
    enough CONSTANT integer := 20000;
    -- How many of all sites the index may name: if there are more, the newest are the shorter way.
    many CONSTANT integer := 20000;
    held_count integer;
    -- What things or a person with fewer comments than this have is looked at as a whole.
    few CONSTANT integer := 20000;
    since CONSTANT timestamptz := coalesce(p_since, '-infinity');
    before_at timestamptz := coalesce(p_until, 'infinity');
    before_id bigint := 9223372036854775807;
    looked_ids bigint[];
    -- What is asked next: these, and so many of the next newest.
    candidate_ids bigint[];
    walk integer := 0;
    is_last boolean := false;
    found_now bigint;
    found_count bigint := 0;
BEGIN
    IF p_ids IS NOT NULL AND few > coalesce(
        (SELECT sum(item.comment_count) FROM items_item AS item WHERE item.id = ANY (p_ids)), 0
    ) THEN
        candidate_ids := ARRAY(
            SELECT comment.id FROM comments_comment AS comment
            WHERE comment.item_id = ANY (p_ids) AND NOT comment.is_deleted AND NOT comment.is_moderated
            UNION
            SELECT comment.id FROM comments_comment AS comment
            WHERE comment.profile_id = ANY (p_ids) AND NOT comment.is_deleted AND NOT comment.is_moderated
        );
        is_last := true;
    ELSIF p_author_id IS NOT NULL AND few > coalesce(
        (SELECT author.comment_count FROM profiles_profile AS author WHERE author.id = p_author_id), 0
    ) THEN
        candidate_ids := ARRAY(
            SELECT comment.id FROM comments_comment AS comment WHERE comment.created_by_id = p_author_id
        );
        is_last := true;
    ELSE
        SELECT array_agg(newest.comment_id), array_agg(newest.comment_id) FILTER (WHERE newest.is_held),
               min(newest.created_at)
        INTO looked_ids, candidate_ids, before_at
        FROM (
            SELECT known.comment_id, known.created_at, known.words @@ p_query AS is_held
            FROM search_commentwords AS known
            WHERE known.site_id = p_site_id AND known.created_at >= since AND known.created_at <= before_at
            ORDER BY known.created_at DESC, known.comment_id DESC
            LIMIT sample
        ) AS newest;
        before_id := looked_ids[cardinality(looked_ids)];
        is_last := coalesce(cardinality(looked_ids), 0) < sample;
    END IF;
    LOOP
        IF walk IS NULL OR walk > 0 OR cardinality(candidate_ids) > 0 THEN
            RETURN QUERY
                SELECT said.comment_id, said.item_id, said.profile_id, said.created_at
                FROM (
                    (
                        SELECT newest.comment_id, newest.item_id, newest.profile_id, newest.author_id,
                               newest.created_at, newest.words
                        FROM search_commentwords AS newest
                        WHERE newest.site_id = p_site_id AND newest.created_at >= since
                          AND (newest.created_at, newest.comment_id) < (before_at, before_id)
                        ORDER BY newest.created_at DESC, newest.comment_id DESC
                        LIMIT walk
                    )
                    UNION ALL
                    (
                        SELECT known.comment_id, known.item_id, known.profile_id, known.author_id, known.created_at,
                               known.words
                        FROM unnest(candidate_ids) AS candidate (id)
                        -- Looked up one by one: a plan for any values would read all there are instead.
                        CROSS JOIN LATERAL (
                            SELECT one.comment_id, one.item_id, one.profile_id, one.author_id, one.created_at, one.words
                            FROM search_commentwords AS one
                            WHERE one.comment_id = candidate.id AND one.site_id = p_site_id
                            LIMIT 1
                        ) AS known
                        ORDER BY known.created_at DESC, known.comment_id DESC
                    )
                ) AS said
                LEFT JOIN LATERAL (
                    SELECT live.id, live.kind, live.microcosm_id, live.created_by_id
                    FROM items_item AS live
                    WHERE live.id = said.item_id AND NOT live.is_deleted AND NOT live.is_moderated
                    LIMIT 1
                ) AS item ON true
                WHERE said.words @@ p_query
                  AND CASE
                      WHEN said.profile_id IS NOT NULL THEN 3 = ANY (p_parents) AND NOT p_has_forum
                      WHEN item.kind = 5 THEN
                          5 = ANY (p_parents) AND NOT p_has_forum AND item.created_by_id <> ALL (p_ignored_profile_ids)
                          AND EXISTS (
                              SELECT FROM huddles_participant AS participant
                              WHERE participant.huddle_id = item.id AND participant.profile_id = p_profile_id
                          )
                      ELSE item.kind = ANY (p_parents) AND item.microcosm_id IN (SELECT unnest(p_place_ids))
                  END
                  AND (said.item_id IS NULL OR said.item_id <> ALL (p_ignored_item_ids))
                  AND said.author_id <> ALL (p_ignored_profile_ids)
                  AND (p_hashtags IS NULL OR EXISTS (
                      SELECT FROM comments_comment AS comment
                      JOIN comments_revision AS revision
                        ON revision.comment_id = comment.id AND revision.number = comment.revision_count
                      WHERE comment.id = said.comment_id AND NOT EXISTS (
                          SELECT FROM unnest(p_hashtags) AS tag (name)
                          WHERE strpos(lower(revision.markdown), lower(tag.name)) = 0
                      )
                  ))
                  AND (p_ids IS NULL OR said.item_id = ANY (p_ids) OR said.profile_id = ANY (p_ids))
                  AND (p_author_id IS NULL OR said.author_id = p_author_id)
                  AND (NOT p_has_attachment OR EXISTS (
                      SELECT FROM comments_comment AS comment
                      WHERE comment.id = said.comment_id AND comment.attachment_count > 0
                  ))
                  AND said.created_at >= since
                  AND (p_until IS NULL OR said.created_at <= p_until)
                ORDER BY said.created_at DESC, said.comment_id DESC
                LIMIT p_max - found_count;
            GET DIAGNOSTICS found_now = ROW_COUNT;
            found_count := found_count + found_now;
        END IF;
        EXIT WHEN is_last OR found_count >= p_max;
        IF walk = 0 AND coalesce(cardinality(candidate_ids), 0) * rarity >= sample THEN
            candidate_ids := NULL;
            walk := enough;
        ELSE
            IF walk > 0 THEN
                SELECT newest.created_at, newest.comment_id INTO before_at, before_id
                FROM search_commentwords AS newest
                WHERE newest.site_id = p_site_id AND newest.created_at >= since
                  AND (newest.created_at, newest.comment_id) < (before_at, before_id)
                ORDER BY newest.created_at DESC, newest.comment_id DESC
                LIMIT 1 OFFSET walk - 1;
                EXIT WHEN NOT FOUND;
                walk := 0;
            END IF;
            -- Nothing but the words first: with the site or the limit beside them, a plan for any values would go along
            -- the newest instead.
            WITH holding AS MATERIALIZED (
                SELECT known.comment_id, known.site_id, known.created_at
                FROM search_commentwords AS known
                WHERE known.words @@ p_query
            )
            SELECT array_agg(bounded.comment_id) FILTER (
                       WHERE bounded.site_id = p_site_id AND bounded.created_at >= since
                         AND (bounded.created_at, bounded.comment_id) < (before_at, before_id)
                   ),
                   count(*)
            INTO candidate_ids, held_count
            FROM (SELECT holding.comment_id, holding.site_id, holding.created_at FROM holding LIMIT many + 1) AS bounded;
            IF held_count > many THEN
                candidate_ids := NULL;
                -- All the others.
                walk := NULL;
            END IF;
            is_last := true;
        END IF;
    END LOOP;
END $$;
