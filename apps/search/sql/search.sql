-- name: limit_search
-- Limits the time of the statements of this transaction; nothing else of the site matters.
SELECT set_config('statement_timeout', %(timeout)s::text, true) AS timeout WHERE %(site_id)s::bigint > 0

-- name: search
-- One page of what a query finds among the things its viewer may see, as one statement decides it (contract B 10.5).
-- Always at least one row: `total` and `forum_ids` (the readable microcosms that the query names, and those below) are in
-- each, all else is null when the page is empty. `item_` columns are about the item found or that of the comment found,
-- `home_` about the profile found or that of the biography found, `place_` about the microcosm found.
-- A null list, id or moment stands for no condition. Guests have profile_id 0.
-- A text finds at most `max_results` things.
-- Uses: those of fn.search_items, fn.search_names, fn.search_comments and fn.search_listed.
WITH readable AS MATERIALIZED (
    SELECT granted.microcosm_id AS id
    FROM fn.readable_microcosms(%(site_id)s::bigint, %(profile_id)s::bigint) AS granted
),
ignored AS MATERIALIZED (
    SELECT coalesce(array_agg(ignore.microcosm_id) FILTER (WHERE ignore.microcosm_id IS NOT NULL), '{}')
               AS microcosm_ids,
           coalesce(array_agg(ignore.item_id) FILTER (WHERE ignore.item_id IS NOT NULL), '{}') AS item_ids,
           coalesce(array_agg(ignore.target_profile_id) FILTER (
               WHERE ignore.target_profile_id IS NOT NULL AND ignore.target_profile_id <> ignore.profile_id
           ), '{}') AS profile_ids
    FROM updates_ignore AS ignore
    WHERE ignore.profile_id = %(profile_id)s::bigint
),
places AS MATERIALIZED (
    SELECT microcosm.id
    FROM readable
    JOIN microcosms_microcosm AS microcosm ON microcosm.id = readable.id AND microcosm.site_id = %(site_id)s::bigint
    CROSS JOIN ignored
    WHERE NOT microcosm.path && ignored.microcosm_ids
      -- Those named must be readable themselves: what is below a hidden one does not tell where it is.
      AND (
          %(forum_ids)s::bigint[] IS NULL
          OR microcosm.path && ARRAY(SELECT readable.id FROM readable WHERE readable.id = ANY (%(forum_ids)s::bigint[]))
      )
),
-- What is asked for, in the language of the site, and what of it the viewer is shown. While a site changes its language,
-- words are found in both.
asked AS MATERIALIZED (
    SELECT spoken.language, words.query, (SELECT array_agg(places.id) FROM places) AS place_ids, ignored.item_ids AS ignored_item_ids,
           ignored.profile_ids AS ignored_profile_ids
    FROM ignored
    LEFT JOIN search_searchlanguage AS chosen ON chosen.site_id = %(site_id)s::bigint
    CROSS JOIN LATERAL (
        SELECT coalesce(chosen.language, 'english')::regconfig AS language,
               nullif(chosen.previous, '')::regconfig AS previous
    ) AS spoken
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN NOT %(is_text)s::boolean THEN NULL
            WHEN spoken.previous IS NULL THEN plainto_tsquery(spoken.language, %(text)s::text)
            ELSE plainto_tsquery(spoken.language, %(text)s::text) || plainto_tsquery(spoken.previous, %(text)s::text)
        END AS query
    ) AS words
),
hits AS MATERIALIZED (
    SELECT found.kind, found.id, found.id AS item_id, NULL::bigint AS home_id, found.rank, found.last_activity_at,
           found.starts_at
    FROM asked
    CROSS JOIN LATERAL fn.search_items(
        %(site_id)s::bigint, %(profile_id)s::bigint, asked.query, asked.place_ids, asked.ignored_item_ids,
        asked.ignored_profile_ids, %(in_title)s::boolean, %(hashtags)s::text[], %(kinds)s::integer[],
        %(ids)s::bigint[], %(forum_ids)s::bigint[] IS NOT NULL, %(author_id)s::bigint, %(is_following)s::boolean,
        %(since)s::timestamptz, %(until)s::timestamptz, %(event_after)s::timestamptz, %(event_before)s::timestamptz,
        %(is_attendee)s::boolean, %(max_results)s::bigint
    ) AS found
    WHERE %(is_text)s::boolean AND %(kinds)s::integer[] && '{5,6,7,9}' AND NOT %(has_attachment)s::boolean
      -- Words that are too common for the language leave nothing to look for.
      AND numnode(asked.query) > 0
    UNION ALL
    SELECT found.kind, found.id, NULL, CASE found.kind WHEN 3 THEN found.id END, found.rank, found.last_activity_at, NULL
    FROM asked
    CROSS JOIN LATERAL fn.search_names(
        %(site_id)s::bigint, %(profile_id)s::bigint, asked.query, asked.place_ids,
        asked.ignored_profile_ids, %(in_title)s::boolean, %(hashtags)s::text[], %(kinds)s::integer[],
        %(ids)s::bigint[], %(forum_ids)s::bigint[] IS NOT NULL, %(author_id)s::bigint, %(is_following)s::boolean,
        %(has_attachment)s::boolean, %(since)s::timestamptz, %(until)s::timestamptz, %(max_results)s::bigint
    ) AS found
    WHERE %(is_text)s::boolean AND %(kinds)s::integer[] && '{2,3}' AND numnode(asked.query) > 0
    UNION ALL
    -- Comments have no title, which leaves them unranked: last by relevance. Nobody follows one.
    SELECT 4, found.id, found.item_id, found.profile_id, 0, found.created_at, NULL
    FROM asked
    CROSS JOIN LATERAL fn.search_comments(
        %(site_id)s::bigint, %(profile_id)s::bigint, asked.query, asked.place_ids, asked.ignored_item_ids,
        asked.ignored_profile_ids, %(hashtags)s::text[], %(parents)s::integer[], %(ids)s::bigint[],
        %(forum_ids)s::bigint[] IS NOT NULL, %(author_id)s::bigint, %(has_attachment)s::boolean,
        %(since)s::timestamptz, %(until)s::timestamptz, %(max_results)s::bigint
    ) AS found
    WHERE %(is_text)s::boolean AND cardinality(%(parents)s::integer[]) > 0 AND NOT %(is_following)s::boolean
      AND numnode(asked.query) > 0
    UNION ALL
    SELECT found.kind, found.id, found.item_id, found.home_id, 0.5, found.last_activity_at, found.starts_at
    FROM asked
    CROSS JOIN LATERAL fn.search_listed(
        %(site_id)s::bigint, %(profile_id)s::bigint, asked.place_ids, asked.ignored_item_ids,
        asked.ignored_profile_ids, %(kinds)s::integer[], %(parents)s::integer[], %(ids)s::bigint[],
        %(forum_ids)s::bigint[] IS NOT NULL, %(author_id)s::bigint, %(is_following)s::boolean,
        %(has_attachment)s::boolean, %(since)s::timestamptz, %(until)s::timestamptz, %(event_after)s::timestamptz,
        %(event_before)s::timestamptz, %(is_attendee)s::boolean
    ) AS found
    WHERE NOT %(is_text)s::boolean
),
-- The page as arrays: unnested they are few to the planner too, which then looks up the rest of each.
picked AS MATERIALIZED (
    SELECT array_agg(best.kind ORDER BY best.position) AS kinds, array_agg(best.id ORDER BY best.position) AS ids,
           array_agg(best.item_id ORDER BY best.position) AS item_ids,
           array_agg(best.home_id ORDER BY best.position) AS home_ids,
           array_agg(best.rank ORDER BY best.position) AS ranks,
           array_agg(best.last_activity_at ORDER BY best.position) AS activities
    FROM (
        SELECT hits.kind, hits.id, hits.item_id, hits.home_id, hits.rank, hits.last_activity_at,
               row_number() OVER (
                   ORDER BY CASE WHEN %(sort)s::text = 'oldest' THEN hits.starts_at END,
                            CASE WHEN %(sort)s::text = 'newest' THEN hits.starts_at END DESC NULLS LAST,
                            CASE WHEN %(sort)s::text = 'rank' THEN hits.rank END DESC,
                            hits.last_activity_at DESC, hits.kind, hits.id DESC
               ) AS position
        FROM hits
        ORDER BY position
        LIMIT CASE WHEN %(is_text)s::boolean
              THEN least(%(limit)s::bigint, greatest(%(max_results)s::bigint - %(offset)s::bigint, 0))
              ELSE %(limit)s::bigint END
        OFFSET %(offset)s::bigint
    ) AS best
)
SELECT counted.total, counted.forum_ids, page.kind, page.rank::double precision AS rank, page.last_activity_at,
       coalesce(CASE WHEN page.kind = 2 THEN below.is_unread ELSE item.last_activity_at > seen.read_at END, false)
           AS is_unread,
       CASE WHEN %(is_text)s::boolean AND page.kind IS NOT NULL
       THEN ts_headline(
           (SELECT asked.language FROM asked),
           translate(
               CASE page.kind
                   WHEN 2 THEN CASE WHEN %(in_title)s::boolean THEN place.title
                                    ELSE place.title || ' ' || place.description END
                   WHEN 3 THEN home.name
                   WHEN 4 THEN comment.markdown
                   WHEN 9 THEN CASE WHEN %(in_title)s::boolean OR event.place = '' THEN item.title
                                    ELSE item.title || ' ' || event.place END
                   ELSE item.title
               END,
               chr(1) || chr(2), ''
           ),
           (SELECT asked.query FROM asked),
           'StartSel=' || chr(1) || ', StopSel=' || chr(2) || ', MinWords=15, MaxWords=35'
       )
       ELSE '' END AS headline,
       item.id AS item_id, item.kind AS item_kind, item.title AS item_title, item.microcosm_id AS item_microcosm_id,
       item_place.path AS item_path,
       CASE WHEN item_place.id IS NOT NULL THEN ARRAY(
           SELECT CASE WHEN step.number = 1 OR step.id IN (SELECT readable.id FROM readable) THEN ancestor.title END
           FROM unnest(item_place.path) WITH ORDINALITY AS step (id, number)
           JOIN microcosms_microcosm AS ancestor ON ancestor.id = step.id
           ORDER BY step.number
       )::text[] END AS item_path_titles, item.created_at AS item_created_at,
       item.is_sticky AS item_is_sticky, item.is_open AS item_is_open, item.is_deleted AS item_is_deleted,
       item.is_moderated AS item_is_moderated, item.comment_count AS item_comment_count,
       item.view_count AS item_view_count, item.last_comment_id AS item_last_comment_id,
       item.last_comment_at AS item_last_comment_at,
       poll.question AS item_poll_question, poll.is_multi AS item_poll_is_multi, poll.is_open AS item_poll_is_open,
       poll.closes_at AS item_poll_closes_at,
       event.when_at AS item_event_when_at, event.zone AS item_event_zone, event.starts_at AS item_event_starts_at,
       event.duration AS item_event_duration, event.place AS item_event_place,
       event.lat AS item_event_lat, event.lon AS item_event_lon, event.north AS item_event_north,
       event.east AS item_event_east, event.south AS item_event_south, event.west AS item_event_west,
       event.status AS item_event_status, event.rsvp_limit AS item_event_rsvp_limit,
       (
           SELECT count(*) FROM items_attendee AS guest WHERE guest.event_id = event.item_id AND guest.rsvp = 1
       ) AS item_event_attend_count,
       CASE WHEN %(profile_id)s::bigint > 0 THEN EXISTS (
           SELECT FROM items_attendee AS own
           WHERE own.event_id = event.item_id AND own.profile_id = %(profile_id)s::bigint AND own.rsvp = 1
       ) END AS item_event_is_attending,
       author.id AS item_author_id, author.user_id AS item_author_user_id, author.name AS item_author_name,
       author.is_visible AS item_author_is_visible, author.avatar_url AS item_author_avatar_url,
       last_author.id AS item_last_author_id, last_author.user_id AS item_last_author_user_id,
       last_author.name AS item_last_author_name, last_author.is_visible AS item_last_author_is_visible,
       last_author.avatar_url AS item_last_author_avatar_url,
       people.ids AS item_people_ids, people.user_ids AS item_people_user_ids, people.names AS item_people_names,
       people.visibilities AS item_people_visibilities, people.avatar_urls AS item_people_avatar_urls,
       coalesce(item.last_activity_at > seen.read_at, false) AS item_is_unread,
       home.id AS home_id, home.user_id AS home_user_id, home.name AS home_name, home.is_visible AS home_is_visible,
       home.avatar_url AS home_avatar_url,
       comment.id AS comment_id, comment.created_at AS comment_created_at,
       comment.revision_count AS comment_revision_count, comment.attachment_count AS comment_attachment_count,
       comment.is_deleted AS comment_is_deleted, comment.is_moderated AS comment_is_moderated,
       comment.is_unread AS comment_is_unread, comment.parent_kind AS comment_parent_kind,
       comment.parent_id AS comment_parent_id, comment.parent_title AS comment_parent_title,
       comment.markdown AS comment_markdown, comment.html AS comment_html, comment.edited_at AS comment_edited_at,
       comment.author_id AS comment_author_id, comment.author_user_id AS comment_author_user_id,
       comment.author_name AS comment_author_name, comment.author_is_visible AS comment_author_is_visible,
       comment.author_avatar_url AS comment_author_avatar_url,
       comment.editor_id AS comment_editor_id, comment.editor_user_id AS comment_editor_user_id,
       comment.editor_name AS comment_editor_name, comment.editor_is_visible AS comment_editor_is_visible,
       comment.editor_avatar_url AS comment_editor_avatar_url,
       comment.in_reply_to_id AS comment_in_reply_to_id, comment.reply_author_id AS comment_reply_author_id,
       comment.reply_author_name AS comment_reply_author_name,
       place.id AS place_id, place.path AS place_path,
       CASE WHEN place.id IS NOT NULL THEN ARRAY(
           SELECT CASE WHEN step.number = 1 OR step.id IN (SELECT readable.id FROM readable) THEN ancestor.title END
           FROM unnest(place.path) WITH ORDINALITY AS step (id, number)
           JOIN microcosms_microcosm AS ancestor ON ancestor.id = step.id
           ORDER BY step.number
       )::text[] END AS place_path_titles,
       place.title AS place_title, place.description AS place_description, place.logo_url AS place_logo_url,
       place.visibility AS place_visibility, place.item_types AS place_item_types,
       place.created_at AS place_created_at, place.is_sticky AS place_is_sticky, place.is_open AS place_is_open,
       place.is_deleted AS place_is_deleted, place.is_moderated AS place_is_moderated,
       creator.id AS place_creator_id, creator.user_id AS place_creator_user_id, creator.name AS place_creator_name,
       creator.is_visible AS place_creator_is_visible, creator.avatar_url AS place_creator_avatar_url,
       below.item_count AS place_item_count, below.comment_count AS place_comment_count,
       below.child_ids AS place_child_ids, below.child_titles AS place_child_titles,
       below.child_logo_urls AS place_child_logo_urls
FROM (
    SELECT CASE WHEN %(is_text)s::boolean
           THEN least((SELECT count(*) FROM hits), %(max_results)s::bigint)
           ELSE (SELECT count(*) FROM hits) END AS total,
           CASE WHEN %(forum_ids)s::bigint[] IS NOT NULL
           THEN ARRAY(SELECT places.id FROM places ORDER BY places.id) ELSE '{}' END AS forum_ids
) AS counted
CROSS JOIN picked
LEFT JOIN LATERAL unnest(picked.kinds, picked.ids, picked.item_ids, picked.home_ids, picked.ranks, picked.activities)
    WITH ORDINALITY AS page (kind, id, item_id, home_id, rank, last_activity_at, position) ON true
LEFT JOIN profiles_profile AS reader ON reader.id = %(profile_id)s::bigint
LEFT JOIN items_item AS item ON item.id = page.item_id
LEFT JOIN microcosms_microcosm AS item_place ON item_place.id = item.microcosm_id
LEFT JOIN items_poll AS poll ON poll.item_id = item.id
LEFT JOIN items_event AS event ON event.item_id = item.id
LEFT JOIN profiles_profile AS author ON author.id = item.created_by_id
LEFT JOIN profiles_profile AS last_author ON last_author.id = item.last_comment_by_id
LEFT JOIN items_itemreadmark AS item_mark ON item_mark.profile_id = reader.id AND item_mark.item_id = item.id
LEFT JOIN items_microcosmreadmark AS place_mark
  ON place_mark.profile_id = reader.id AND place_mark.microcosm_id = item.microcosm_id
LEFT JOIN huddles_allhuddlesreadmark AS huddles_mark ON huddles_mark.profile_id = reader.id AND item.kind = 5
-- Null for guests, for whom nothing is unread.
LEFT JOIN LATERAL (
    SELECT CASE
        WHEN reader.id IS NULL THEN NULL
        WHEN item.kind = 5 THEN coalesce(greatest(item_mark.read_at, huddles_mark.read_at), '-infinity')
        ELSE greatest(reader.read_all_at, item_mark.read_at, place_mark.read_at)
    END AS read_at
) AS seen ON true
LEFT JOIN LATERAL (
    SELECT array_agg(person.id ORDER BY person.id) AS ids,
           array_agg(person.user_id ORDER BY person.id) AS user_ids,
           array_agg(person.name::text ORDER BY person.id) AS names,
           array_agg(person.is_visible ORDER BY person.id) AS visibilities,
           array_agg(person.avatar_url::text ORDER BY person.id) AS avatar_urls
    FROM huddles_participant AS participant
    JOIN profiles_profile AS person ON person.id = participant.profile_id
    WHERE participant.huddle_id = item.id
) AS people ON item.kind = 5
LEFT JOIN profiles_profile AS home ON home.id = page.home_id
LEFT JOIN LATERAL fn.comment_rows(ARRAY[page.id], seen.read_at) AS comment ON page.kind = 4
LEFT JOIN microcosms_microcosm AS place ON page.kind = 2 AND place.id = page.id
LEFT JOIN profiles_profile AS creator ON creator.id = place.created_by_id
LEFT JOIN LATERAL (
    SELECT coalesce(sum(inside.conversation_count + inside.event_count + inside.poll_count), 0)::bigint AS item_count,
           coalesce(sum(inside.comment_count), 0)::bigint AS comment_count,
           array_agg(inside.id ORDER BY inside.is_sticky DESC, inside.sequence, inside.id)
               FILTER (WHERE inside.parent_id = place.id) AS child_ids,
           array_agg(inside.title ORDER BY inside.is_sticky DESC, inside.sequence, inside.id)
               FILTER (WHERE inside.parent_id = place.id) AS child_titles,
           array_agg(inside.logo_url ORDER BY inside.is_sticky DESC, inside.sequence, inside.id)
               FILTER (WHERE inside.parent_id = place.id) AS child_logo_urls,
           coalesce(bool_or(reader.id IS NOT NULL AND EXISTS (
               SELECT
               FROM items_item AS fresh
               LEFT JOIN items_itemreadmark AS mark ON mark.profile_id = reader.id AND mark.item_id = fresh.id
               LEFT JOIN items_microcosmreadmark AS whole
                 ON whole.profile_id = reader.id AND whole.microcosm_id = inside.id
               WHERE fresh.microcosm_id = inside.id AND NOT fresh.is_deleted AND NOT fresh.is_moderated
                 AND fresh.last_activity_at > greatest(reader.read_all_at, mark.read_at, whole.read_at)
                 AND fresh.id <> ALL (ignored.item_ids)
           )), false) AS is_unread
    FROM microcosms_microcosm AS inside
    JOIN readable ON readable.id = inside.id
    CROSS JOIN ignored
    WHERE inside.path @> ARRAY[place.id] AND inside.site_id = %(site_id)s::bigint
      AND NOT inside.path && ignored.microcosm_ids
) AS below ON place.id IS NOT NULL
ORDER BY page.position

-- name: profiles_by_email
-- One page of the profiles of a site whose user has one of some canonical addresses, by name; for owners of the site
-- alone. Always at least one row: `total` is in each, all else is null when the page is empty.
-- Uses: accounts_user_canonical_email, profiles_profile_user.
WITH found AS MATERIALIZED (
    SELECT profile.id, profile.user_id, profile.name, profile.is_visible, profile.avatar_url, profile.last_active_at
    FROM accounts_user AS person
    JOIN profiles_profile AS profile ON profile.user_id = person.id AND profile.site_id = %(site_id)s::bigint
    WHERE person.canonical_email = ANY (%(emails)s::text[])
),
page AS (
    SELECT found.id, found.user_id, found.name, found.is_visible, found.avatar_url, found.last_active_at
    FROM found
    ORDER BY lower(found.name), found.id
    LIMIT %(limit)s::bigint OFFSET %(offset)s::bigint
)
SELECT counted.total, page.id AS home_id, page.user_id AS home_user_id, page.name AS home_name,
       page.is_visible AS home_is_visible, page.avatar_url AS home_avatar_url, page.last_active_at
FROM (SELECT count(*) AS total FROM found) AS counted
LEFT JOIN page ON true
ORDER BY lower(page.name), page.id
