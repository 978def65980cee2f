-- name: count_people
-- Counts the people of some sites again: all of them, those active since a moment, those here since another. The profile
-- named `deleted` stands for nobody. Changes the rows that differ, in the order of the sites.
-- Uses: profiles_profile_active, profiles_profile_name.
INSERT INTO sites_sitestatistics AS stored (site_id, profile_count, active_profile_count, online_profile_count)
SELECT site.id, people.total - placeholder.total, people.active - placeholder.active, people.online - placeholder.online
FROM sites_site AS site
CROSS JOIN LATERAL (
    SELECT count(*) AS total,
           count(*) FILTER (WHERE profile.last_active_at > %(active_since)s::timestamptz) AS active,
           count(*) FILTER (WHERE profile.last_active_at > %(online_since)s::timestamptz) AS online
    FROM profiles_profile AS profile
    WHERE profile.site_id = site.id
) AS people
-- Looked up by itself, so that the count above needs nothing but an index.
CROSS JOIN LATERAL (
    SELECT count(*) AS total,
           count(*) FILTER (WHERE profile.last_active_at > %(active_since)s::timestamptz) AS active,
           count(*) FILTER (WHERE profile.last_active_at > %(online_since)s::timestamptz) AS online
    FROM profiles_profile AS profile
    WHERE profile.site_id = site.id AND lower(profile.name) = 'deleted'
) AS placeholder
WHERE site.id = ANY (%(site_ids)s::bigint[])
ORDER BY site.id
ON CONFLICT (site_id) DO UPDATE
SET profile_count = excluded.profile_count, active_profile_count = excluded.active_profile_count,
    online_profile_count = excluded.online_profile_count
WHERE (stored.profile_count, stored.active_profile_count, stored.online_profile_count)
      IS DISTINCT FROM (excluded.profile_count, excluded.active_profile_count, excluded.online_profile_count)

-- name: count_people_online
-- The same for those who are here alone, of sites whose people were counted before; 0 where there is nobody.
-- Uses: profiles_profile_active, profiles_profile_name.
INSERT INTO sites_sitestatistics AS stored (site_id, profile_count, active_profile_count, online_profile_count)
SELECT known.site_id, known.profile_count, known.active_profile_count, people.online
FROM sites_sitestatistics AS known
CROSS JOIN LATERAL (
    SELECT count(*) AS online
    FROM profiles_profile AS profile
    WHERE profile.site_id = known.site_id AND profile.last_active_at > %(online_since)s::timestamptz
      AND lower(profile.name) <> 'deleted'
) AS people
WHERE known.site_id = ANY (%(site_ids)s::bigint[])
ORDER BY known.site_id
ON CONFLICT (site_id) DO UPDATE SET online_profile_count = excluded.online_profile_count
WHERE stored.online_profile_count <> excluded.online_profile_count

-- name: record_metrics
-- Counts what there is on all live sites but the root, and what happened there since a moment, and writes it as the row of
-- a day, over what was counted earlier that day. The profile named `deleted` stands for nobody; huddles do not count.
-- Uses: profiles_profile_active, comments_comment_author, items_item_author.
WITH live AS (
    SELECT site.id AS site_id FROM sites_site AS site WHERE NOT site.is_deleted AND NOT site.is_root
),
people AS (
    SELECT count(*) AS total,
           count(*) FILTER (WHERE profile.created_at > %(since)s::timestamptz) AS new,
           count(*) FILTER (WHERE profile.name !~ '^user[0-9]+(x[0-9]+)?$' OR profile.gender <> '') AS edited,
           count(*) FILTER (WHERE profile.last_active_at > %(since)s::timestamptz) AS active
    FROM live
    JOIN profiles_profile AS profile ON profile.site_id = live.site_id
    WHERE lower(profile.name) <> 'deleted'
),
-- Who wrote something was here then; the moment of a visit is written once a minute.
writers AS MATERIALIZED (
    SELECT profile.site_id, said.comment_count, started.item_count, started.conversation_count
    FROM live
    JOIN profiles_profile AS profile
      ON profile.site_id = live.site_id
     AND profile.last_active_at > %(since)s::timestamptz - interval '1 minute'
    CROSS JOIN LATERAL (
        SELECT count(*) AS comment_count
        FROM comments_comment AS comment
        LEFT JOIN items_item AS item ON item.id = comment.item_id
        WHERE comment.created_by_id = profile.id AND comment.created_at > %(since)s::timestamptz
          AND NOT comment.is_deleted AND NOT comment.is_moderated AND item.kind IS DISTINCT FROM 5
    ) AS said
    CROSS JOIN LATERAL (
        SELECT count(*) AS item_count, count(*) FILTER (WHERE item.kind = 6) AS conversation_count
        FROM items_item AS item
        WHERE item.created_by_id = profile.id AND item.created_at > %(since)s::timestamptz
          AND NOT item.is_deleted AND NOT item.is_moderated AND item.kind <> 5
    ) AS started
)
INSERT INTO sites_daymetrics (
    taken_on, taken_at, profile_count, new_profile_count, edited_profile_count, sign_in_count,
    comment_count, conversation_count, site_count, engaged_site_count
)
SELECT %(day)s::date, %(now)s::timestamptz, people.total, people.new, people.edited, people.active,
       written.comments, written.conversations, (SELECT count(*) FROM live), written.sites
FROM people
CROSS JOIN (
    SELECT coalesce(sum(writers.comment_count), 0) AS comments,
           coalesce(sum(writers.conversation_count), 0) AS conversations,
           count(DISTINCT writers.site_id) FILTER (WHERE writers.comment_count + writers.item_count > 0) AS sites
    FROM writers
) AS written
ON CONFLICT (taken_on) DO UPDATE
SET taken_at = excluded.taken_at, profile_count = excluded.profile_count,
    new_profile_count = excluded.new_profile_count, edited_profile_count = excluded.edited_profile_count,
    sign_in_count = excluded.sign_in_count, comment_count = excluded.comment_count,
    conversation_count = excluded.conversation_count, site_count = excluded.site_count,
    engaged_site_count = excluded.engaged_site_count
