-- What lists of mixed things need to show each of them: a row for every pair of p_kinds and p_ids that exists, at its
-- place in the arrays. Whether the things may be seen is the caller's business; `p_readable` are the microcosms that
-- the reader may read, which decides over titles of ancestors, totals and children; `p_profile_id` is the reader, without
-- whom nothing is said of their answer to an event.
-- Columns without prefix are about an item: the thing itself or, for a microcosm, the most recent one in it, as
-- `items.shapes.item_summary` wants them; `place_` about a microcosm (`microcosms.shapes.microcosm_summary`), `person_`
-- about a profile (`profiles.shapes.profile_summary_of`), `people_` about the people of a huddle.
-- One SELECT, so that the planner folds it into the statements that use it.
CREATE FUNCTION fn.summary_rows(
    p_readable bigint[], p_kinds smallint[], p_ids bigint[], p_profile_id bigint DEFAULT NULL
) RETURNS TABLE (
    "position" bigint,
    id bigint,
    kind smallint,
    title text,
    microcosm_id bigint,
    path bigint[],
    path_titles text[],
    created_at timestamptz,
    is_sticky boolean,
    is_open boolean,
    is_deleted boolean,
    is_moderated boolean,
    is_unread boolean,
    comment_count integer,
    view_count integer,
    last_comment_id bigint,
    last_comment_at timestamptz,
    author_id bigint,
    author_user_id bigint,
    author_name text,
    author_is_visible boolean,
    author_avatar_url text,
    last_author_id bigint,
    last_author_user_id bigint,
    last_author_name text,
    last_author_is_visible boolean,
    last_author_avatar_url text,
    poll_question text,
    poll_is_multi boolean,
    poll_is_open boolean,
    poll_closes_at timestamptz,
    event_when_at timestamptz,
    event_zone text,
    event_starts_at timestamptz,
    event_duration integer,
    event_place text,
    event_lat double precision,
    event_lon double precision,
    event_north double precision,
    event_east double precision,
    event_south double precision,
    event_west double precision,
    event_status text,
    event_rsvp_limit integer,
    event_attend_count bigint,
    event_is_attending boolean,
    place_id bigint,
    place_path bigint[],
    place_path_titles text[],
    place_title text,
    place_description text,
    place_logo_url text,
    place_visibility text,
    place_item_types text[],
    place_created_at timestamptz,
    place_is_sticky boolean,
    place_is_open boolean,
    place_is_deleted boolean,
    place_is_moderated boolean,
    place_creator_id bigint,
    place_creator_user_id bigint,
    place_creator_name text,
    place_creator_is_visible boolean,
    place_creator_avatar_url text,
    place_item_count bigint,
    place_comment_count bigint,
    place_child_ids bigint[],
    place_child_titles text[],
    place_child_logo_urls text[],
    person_id bigint,
    person_user_id bigint,
    person_name text,
    person_is_visible boolean,
    person_avatar_url text,
    people_ids bigint[],
    people_user_ids bigint[],
    people_names text[],
    people_visibilities boolean[],
    people_avatar_urls text[]
)
LANGUAGE sql STABLE ROWS 25 AS $$
    SELECT wanted.position,
           item.id, item.kind, item.title::text, item.microcosm_id, item_place.path,
           ARRAY(
               SELECT CASE WHEN step.level = 1 OR step.id = ANY (p_readable) THEN ancestor.title END
               FROM unnest(item_place.path) WITH ORDINALITY AS step (id, level)
               JOIN microcosms_microcosm AS ancestor ON ancestor.id = step.id
               ORDER BY step.level
           )::text[],
           item.created_at, item.is_sticky, item.is_open, item.is_deleted, item.is_moderated, NULL::boolean,
           item.comment_count, item.view_count, item.last_comment_id, item.last_comment_at,
           author.id, author.user_id, author.name::text, author.is_visible, author.avatar_url::text,
           last_author.id, last_author.user_id, last_author.name::text, last_author.is_visible,
           last_author.avatar_url::text,
           poll.question::text, poll.is_multi, poll.is_open, poll.closes_at,
           event.when_at, event.zone::text, event.starts_at, event.duration::integer, event.place::text,
           event.lat, event.lon, event.north, event.east, event.south, event.west,
           event.status::text, event.rsvp_limit::integer,
           (SELECT count(*) FROM items_attendee AS guest WHERE guest.event_id = event.item_id AND guest.rsvp = 1),
           CASE WHEN p_profile_id > 0 THEN EXISTS (
               SELECT FROM items_attendee AS own
               WHERE own.event_id = event.item_id AND own.profile_id = p_profile_id AND own.rsvp = 1
           ) END,
           place.id, place.path,
           ARRAY(
               SELECT CASE WHEN step.level = 1 OR step.id = ANY (p_readable) THEN ancestor.title END
               FROM unnest(place.path) WITH ORDINALITY AS step (id, level)
               JOIN microcosms_microcosm AS ancestor ON ancestor.id = step.id
               ORDER BY step.level
           )::text[],
           place.title::text, place.description, place.logo_url::text, place.visibility::text, place.item_types::text[],
           place.created_at, place.is_sticky, place.is_open, place.is_deleted, place.is_moderated,
           creator.id, creator.user_id, creator.name::text, creator.is_visible, creator.avatar_url::text,
           inside.item_count, inside.comment_count, inside.child_ids, inside.child_titles, inside.child_logo_urls,
           person.id, person.user_id, person.name::text, person.is_visible, person.avatar_url::text,
           crowd.ids, crowd.user_ids, crowd.names, crowd.visibilities, crowd.avatar_urls
    FROM unnest(p_kinds, p_ids) WITH ORDINALITY AS wanted (kind, id, position)
    LEFT JOIN microcosms_microcosm AS place ON wanted.kind = 2 AND place.id = wanted.id
    LEFT JOIN profiles_profile AS creator ON creator.id = place.created_by_id
    LEFT JOIN LATERAL (
        SELECT sum(below.conversation_count + below.event_count + below.poll_count)::bigint AS item_count,
               sum(below.comment_count)::bigint AS comment_count,
               array_agg(below.id ORDER BY below.is_sticky DESC, below.comment_count DESC, below.title, below.id)
                   FILTER (WHERE below.parent_id = place.id) AS child_ids,
               array_agg(below.title ORDER BY below.is_sticky DESC, below.comment_count DESC, below.title, below.id)
                   FILTER (WHERE below.parent_id = place.id)::text[] AS child_titles,
               array_agg(below.logo_url ORDER BY below.is_sticky DESC, below.comment_count DESC, below.title, below.id)
                   FILTER (WHERE below.parent_id = place.id)::text[] AS child_logo_urls
        FROM microcosms_microcosm AS below
        WHERE below.path @> ARRAY[place.id] AND below.id = ANY (p_readable)
    ) AS inside ON place.id IS NOT NULL
    LEFT JOIN LATERAL (
        SELECT newest.id
        FROM microcosms_microcosm AS below
        CROSS JOIN LATERAL (
            -- Once for pinned and once for other items, so that each reads one row of the index.
            (
                SELECT inner_item.id, inner_item.last_activity_at FROM items_item AS inner_item
                WHERE inner_item.microcosm_id = below.id AND inner_item.is_sticky
                  AND NOT inner_item.is_deleted AND NOT inner_item.is_moderated
                ORDER BY inner_item.last_activity_at DESC, inner_item.id DESC LIMIT 1
            )
            UNION ALL
            (
                SELECT inner_item.id, inner_item.last_activity_at FROM items_item AS inner_item
                WHERE inner_item.microcosm_id = below.id AND NOT inner_item.is_sticky
                  AND NOT inner_item.is_deleted AND NOT inner_item.is_moderated
                ORDER BY inner_item.last_activity_at DESC, inner_item.id DESC LIMIT 1
            )
        ) AS newest
        WHERE below.path @> ARRAY[place.id] AND below.id = ANY (p_readable)
        ORDER BY newest.last_activity_at DESC, newest.id DESC
        LIMIT 1
    ) AS recent ON place.id IS NOT NULL
    LEFT JOIN items_item AS item
      ON item.id = CASE WHEN wanted.kind IN (5, 6, 7, 9) THEN wanted.id ELSE recent.id END
    LEFT JOIN items_poll AS poll ON poll.item_id = item.id
    LEFT JOIN items_event AS event ON event.item_id = item.id
    LEFT JOIN microcosms_microcosm AS item_place ON item_place.id = item.microcosm_id
    LEFT JOIN profiles_profile AS author ON author.id = item.created_by_id
    LEFT JOIN profiles_profile AS last_author ON last_author.id = item.last_comment_by_id
    LEFT JOIN profiles_profile AS person ON wanted.kind = 3 AND person.id = wanted.id
    LEFT JOIN LATERAL (
        SELECT array_agg(member.id ORDER BY member.id) AS ids,
               array_agg(member.user_id ORDER BY member.id) AS user_ids,
               array_agg(member.name::text ORDER BY member.id) AS names,
               array_agg(member.is_visible ORDER BY member.id) AS visibilities,
               array_agg(member.avatar_url::text ORDER BY member.id) AS avatar_urls
        FROM huddles_participant AS participant
        JOIN profiles_profile AS member ON member.id = participant.profile_id
        WHERE participant.huddle_id = item.id
    ) AS crowd ON wanted.kind = 5
$$;
