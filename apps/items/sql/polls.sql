-- name: store_votes
-- Makes the given choices somebody's votes in a poll and says how many votes that took away or added. The caller holds
-- the lock of the poll's item and has checked that the choices are the poll's; any other is passed over.
-- Uses: items_pollvote_voter, items_pollvote_pkey, items_item_pkey.
WITH withdrawn AS (
    DELETE FROM items_pollvote AS vote
    USING items_item AS item
    WHERE item.id = vote.poll_id AND item.site_id = %(site_id)s::bigint
      AND vote.poll_id = %(poll_id)s::bigint AND vote.profile_id = %(profile_id)s::bigint
      AND vote.choice_id <> ALL (%(choice_ids)s::bigint[])
    RETURNING vote.choice_id
),
cast_now AS (
    INSERT INTO items_pollvote (choice_id, profile_id, poll_id, created_at)
    SELECT choice.id, %(profile_id)s::bigint, choice.poll_id, %(at)s::timestamptz
    FROM items_pollchoice AS choice
    JOIN items_item AS item ON item.id = choice.poll_id AND item.site_id = %(site_id)s::bigint
    WHERE choice.poll_id = %(poll_id)s::bigint AND choice.id = ANY (%(choice_ids)s::bigint[])
    ORDER BY choice.id
    ON CONFLICT (choice_id, profile_id) DO NOTHING
    RETURNING choice_id
)
SELECT (SELECT count(*) FROM withdrawn) + (SELECT count(*) FROM cast_now) AS changes

-- name: poll_fields
-- What a poll of the site has beside what all items have, a row for each choice in their order; the poll's own columns
-- are in each row. Counts are of stored votes. `has_voted` is about the viewer.
-- Uses: items_poll_pkey, items_pollchoice_order, items_pollvote_pkey, items_pollvote_voter.
SELECT poll.question AS poll_question, poll.is_multi AS poll_is_multi, poll.is_open AS poll_is_open,
       poll.closes_at AS poll_closes_at, poll.results, item.is_open AS item_is_open,
       (
           SELECT count(DISTINCT vote.profile_id) FROM items_pollvote AS vote WHERE vote.poll_id = poll.item_id
       ) AS voter_count,
       EXISTS (
           SELECT FROM items_pollvote AS own
           WHERE own.poll_id = poll.item_id AND own.profile_id = %(profile_id)s::bigint
       ) AS has_voted,
       choice.id AS choice_id, choice.text AS choice_text, choice.position AS choice_position,
       (SELECT count(*) FROM items_pollvote AS vote WHERE vote.choice_id = choice.id) AS choice_vote_count
FROM items_poll AS poll
JOIN items_item AS item ON item.id = poll.item_id
JOIN items_pollchoice AS choice ON choice.poll_id = poll.item_id
WHERE poll.item_id = %(item_id)s::bigint AND item.site_id = %(site_id)s::bigint
ORDER BY choice.position

-- name: polls
-- One page of the visible polls that the viewer may read and does not ignore, in the order of their creation. Always at
-- least one row: `total` is in each, all else is null when the page is empty.
-- Uses: items_item_poll_order.
WITH readable AS MATERIALIZED (
    SELECT granted.microcosm_id
    FROM fn.readable_microcosms(%(site_id)s::bigint, %(profile_id)s::bigint) AS granted
),
places AS MATERIALIZED (
    SELECT place.id,
           place.poll_count
    FROM readable
    JOIN microcosms_microcosm AS place ON place.id = readable.microcosm_id
    WHERE NOT EXISTS (
        SELECT FROM updates_ignore AS ignored
        WHERE ignored.profile_id = %(profile_id)s::bigint AND ignored.kind = 2
          AND ignored.microcosm_id = ANY (place.path)
    )
),
counted AS (
    SELECT coalesce(sum(places.poll_count), 0) - (
               SELECT count(*)
               FROM updates_ignore AS ignored
               JOIN items_item AS item ON item.id = ignored.item_id AND item.kind = 7
               JOIN places AS visible_place ON visible_place.id = item.microcosm_id
               WHERE ignored.profile_id = %(profile_id)s::bigint AND ignored.kind = 7
                 AND NOT item.is_deleted AND NOT item.is_moderated
           ) AS total
    FROM places
),
unseen AS MATERIALIZED (
    SELECT ignored.item_id
    FROM updates_ignore AS ignored
    WHERE ignored.profile_id = %(profile_id)s::bigint AND ignored.item_id IS NOT NULL
),
-- How the page is read: on from the place of a cursor or from the beginning, or back from there or from the end, to which
-- the second half of the pages is nearer.
span AS MATERIALIZED (
    SELECT CASE WHEN %(from_id)s::bigint IS NULL THEN %(offset)s::bigint > counted.total / 2
                ELSE %(is_before)s::boolean END AS goes_back,
           CASE WHEN %(from_id)s::bigint IS NULL
                THEN greatest(counted.total::bigint - %(offset)s::bigint - %(limit)s::bigint, 0) ELSE 0 END AS back_offset,
           CASE WHEN %(from_id)s::bigint IS NULL
                THEN least(%(limit)s::bigint, greatest(counted.total::bigint - %(offset)s::bigint, 0))
                ELSE %(limit)s::bigint END AS back_limit
    FROM counted
),
-- An array, which is a few ids to the planner: it looks up the rest of each instead of reading whole tables. Values, not
-- joins, so that the index is read in its order and no further than needed, and nothing but the index.
picked AS MATERIALIZED (
    SELECT CASE WHEN span.goes_back THEN ARRAY(
        SELECT nearest.id
        FROM (
            SELECT item.id, item.created_at
            FROM items_item AS item
            WHERE item.site_id = %(site_id)s::bigint AND item.kind = 7
              AND NOT item.is_deleted AND NOT item.is_moderated
              AND (item.created_at, item.id) < (coalesce(%(from_at)s::timestamptz, 'infinity'), coalesce(%(from_id)s::bigint, 0))
              AND (item.microcosm_id IN (SELECT places.id FROM places)) IS TRUE
              AND (item.id IN (SELECT unseen.item_id FROM unseen)) IS NOT TRUE
            ORDER BY item.created_at DESC, item.id DESC
            LIMIT (SELECT span.back_limit FROM span) OFFSET (SELECT span.back_offset FROM span)
        ) AS nearest
        ORDER BY nearest.created_at, nearest.id
    ) ELSE ARRAY(
        SELECT item.id
        FROM items_item AS item
        WHERE item.site_id = %(site_id)s::bigint AND item.kind = 7
          AND NOT item.is_deleted AND NOT item.is_moderated
          AND (item.created_at, item.id) > (coalesce(%(from_at)s::timestamptz, '-infinity'), coalesce(%(from_id)s::bigint, 0))
          AND (item.microcosm_id IN (SELECT places.id FROM places)) IS TRUE
          AND (item.id IN (SELECT unseen.item_id FROM unseen)) IS NOT TRUE
        ORDER BY item.created_at, item.id
        LIMIT %(limit)s::bigint OFFSET %(offset)s::bigint
    ) END AS ids
    FROM span
)
SELECT counted.total::bigint AS total,
       page.id, page.kind, page.title, page.microcosm_id, place.path,
       ARRAY(
           SELECT CASE WHEN step.level = 1 OR step.id IN (SELECT readable.microcosm_id FROM readable) THEN ancestor.title END
           FROM unnest(place.path) WITH ORDINALITY AS step (id, level)
           JOIN microcosms_microcosm AS ancestor ON ancestor.id = step.id
           ORDER BY step.level
       )::text[] AS path_titles,
       page.created_at, page.is_sticky, page.is_open, page.is_deleted, page.is_moderated,
       page.comment_count, page.view_count, page.last_comment_id, page.last_comment_at,
       poll.question AS poll_question, poll.is_multi AS poll_is_multi, poll.is_open AS poll_is_open,
       poll.closes_at AS poll_closes_at,
       author.id AS author_id, author.user_id AS author_user_id, author.name AS author_name,
       author.is_visible AS author_is_visible, author.avatar_url AS author_avatar_url,
       last_author.id AS last_author_id, last_author.user_id AS last_author_user_id,
       last_author.name AS last_author_name, last_author.is_visible AS last_author_is_visible,
       last_author.avatar_url AS last_author_avatar_url
FROM counted
CROSS JOIN picked
LEFT JOIN LATERAL unnest(picked.ids) WITH ORDINALITY AS entry (id, position) ON true
LEFT JOIN items_item AS page ON page.id = entry.id
LEFT JOIN microcosms_microcosm AS place ON place.id = page.microcosm_id
LEFT JOIN items_poll AS poll ON poll.item_id = page.id
LEFT JOIN profiles_profile AS author ON author.id = page.created_by_id
LEFT JOIN profiles_profile AS last_author ON last_author.id = page.last_comment_by_id
ORDER BY entry.position
