-- Who may know now of some changes of a site, of the people asked about (0 is a guest): a row for each change and
-- verdict. Verdicts:
--
-- * see: they may see what it is about;
-- * gone: they could see that until this change, and can no longer: a tombstone;
-- * access: what they may do somewhere may have changed; they learn that, and not where.
--
-- What was never theirs to see has no verdict, and neither have kinds that are not named here. `knows_source` is true
-- where they may also read the microcosm that something was moved out of (fn.change_source).
-- What depends on where something is, is asked of where it is now. Uses: core_change_order, microcosms_microcosm_pkey.
CREATE FUNCTION fn.change_audience(p_site_id bigint, p_positions bigint[], p_profile_ids bigint[])
RETURNS TABLE ("position" bigint, verdict text, knows_source boolean, profile_ids bigint[])
LANGUAGE plpgsql STABLE ROWS 100 SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH change AS MATERIALIZED (
        SELECT logged.position, logged.kind, logged.ids, logged.actor_id,
               split_part(logged.kind, '.', 1) AS family, split_part(logged.kind, '.', 2) AS action,
               comment.id AS comment_id, comment.profile_id AS home_id, comment.created_by_id AS comment_author_id,
               comment.is_deleted AS comment_is_deleted, comment.is_moderated AS comment_is_moderated,
               item.id AS item_id, item.kind AS item_kind, item.created_by_id AS item_author_id,
               item.is_deleted AS item_is_deleted, item.is_moderated AS item_is_moderated,
               place.id AS place_id, place.is_live AS place_is_live, place.is_deleted AS place_is_deleted,
               source.id AS source_id, source.is_live AS source_is_live,
               coalesce((logged.ids ->> 'was_visible')::boolean, false) AS was_visible,
               (logged.ids ->> 'profile_id')::bigint AS profile_id
        FROM core_change AS logged
        LEFT JOIN comments_comment AS comment
          ON comment.id = (logged.ids ->> 'comment_id')::bigint AND comment.site_id = logged.site_id
        LEFT JOIN items_item AS item
          ON item.id = coalesce(comment.item_id, (logged.ids ->> 'item_id')::bigint) AND item.site_id = logged.site_id
        LEFT JOIN microcosms_microcosm AS place
          ON place.id = CASE WHEN item.id IS NOT NULL THEN item.microcosm_id
                             ELSE (logged.ids ->> 'microcosm_id')::bigint END
         AND place.site_id = logged.site_id
        LEFT JOIN microcosms_microcosm AS source
          ON source.id = fn.change_source(logged.kind, logged.ids, item.microcosm_id) AND source.site_id = logged.site_id
        WHERE logged.site_id = p_site_id AND logged.position = ANY (p_positions)
    ),
    site AS MATERIALIZED (
        SELECT site.is_root FROM sites_site AS site WHERE site.id = p_site_id
    ),
    who AS MATERIALIZED (
        SELECT person.profile_id, person.is_guest, person.is_site_owner
        FROM fn.people_on_site(p_site_id, p_profile_ids) AS person
    ),
    -- Microcosms that are hidden or shown with all that is below them.
    below AS MATERIALIZED (
        SELECT change.position, place.id AS place_id
        FROM change
        JOIN microcosms_microcosm AS place ON place.site_id = p_site_id AND place.path @> ARRAY[change.place_id]
        WHERE change.family = 'microcosm' AND change.action <> 'created' AND change.was_visible <> change.place_is_live
    ),
    reader AS MATERIALIZED (
        SELECT found.microcosm_id, found.profile_id, found.can_read, found.is_moderator, found.is_banned
        FROM fn.microcosm_readers(
            p_site_id,
            ARRAY(
                SELECT change.place_id FROM change
                UNION SELECT change.source_id FROM change
                UNION SELECT below.place_id FROM below
            ),
            p_profile_ids
        ) AS found
    ),
    -- Who may read something below such a microcosm, or has started something there, perhaps without reading the one above.
    concerned AS MATERIALIZED (
        SELECT below.position, reader.profile_id
        FROM below
        JOIN reader ON reader.microcosm_id = below.place_id
        WHERE reader.can_read
        UNION
        SELECT below.position, item.created_by_id
        FROM below
        JOIN items_item AS item ON item.microcosm_id = below.place_id
        WHERE item.created_by_id = ANY (p_profile_ids)
    ),
    participant AS MATERIALIZED (
        SELECT member.huddle_id, member.profile_id
        FROM huddles_participant AS member
        WHERE member.huddle_id IN (SELECT change.item_id FROM change WHERE change.item_kind = 5)
          AND member.profile_id = ANY (p_profile_ids)
    ),
    pair AS (
        SELECT change.position, change.kind, change.ids, change.actor_id, change.family, change.action,
               change.comment_id, change.home_id, change.item_id, change.item_kind, change.place_id,
               change.was_visible, change.profile_id AS about_id,
               coalesce(change.ids -> 'profile_ids' @> to_jsonb(who.profile_id), false) AS is_named,
               who.profile_id, who.is_guest, who.is_site_owner, site.is_root,
               coalesce(here.can_read, false) AS can_read_place,
               coalesce(here.is_moderator, false) AS is_moderator,
               coalesce(here.can_read AND change.place_is_live, false) AS place_is_visible,
               coalesce(here.can_read AND (change.place_is_live OR (here.is_moderator AND NOT change.place_is_deleted)),
                        false) AS place_is_within_reach,
               coalesce(source.can_read, false) AS can_read_source,
               coalesce(source.can_read AND change.source_is_live, false) AS source_is_visible,
               coalesce(source.is_moderator, false) AS is_source_moderator,
               participant.profile_id IS NOT NULL AS is_in_huddle,
               -- Authors read what is theirs even where they may not read the rest.
               NOT coalesce(here.is_banned, false) AND (
                   coalesce(here.can_read, false) OR (NOT who.is_guest AND who.profile_id = change.item_author_id)
               ) AS can_read_item,
               NOT coalesce(here.is_banned, false) AND NOT who.is_guest
                   AND who.profile_id = change.comment_author_id AS is_comment_author,
               NOT who.is_guest AND who.profile_id = change.item_author_id AS is_item_author,
               CASE
                   WHEN change.item_kind = 5
                   THEN participant.profile_id IS NOT NULL AND NOT change.item_is_deleted AND NOT change.item_is_moderated
                   ELSE coalesce(NOT change.item_is_deleted AND (change.place_is_live OR here.is_moderator) AND (
                       NOT change.item_is_moderated OR here.is_moderator OR who.profile_id = change.item_author_id
                   ), false)
               END AS item_is_there,
               coalesce(NOT change.comment_is_deleted AND (
                   NOT change.comment_is_moderated OR here.is_moderator OR who.profile_id = change.comment_author_id
               ), false) AS comment_is_there
        FROM change
        CROSS JOIN site
        CROSS JOIN who
        LEFT JOIN reader AS here ON here.microcosm_id = change.place_id AND here.profile_id = who.profile_id
        LEFT JOIN reader AS source ON source.microcosm_id = change.source_id AND source.profile_id = who.profile_id
        LEFT JOIN participant ON participant.huddle_id = change.item_id AND participant.profile_id = who.profile_id
    ),
    judged AS (
        SELECT pair.position, pair.profile_id, pair.can_read_source,
               CASE
                   WHEN pair.family IN ('comment', 'update') AND pair.comment_id IS NOT NULL THEN
                       CASE
                           WHEN pair.family = 'update' AND NOT pair.is_named THEN NULL
                           -- On a profile: everybody reads those, on the root site only one's own.
                           WHEN pair.item_id IS NULL THEN CASE
                               WHEN pair.is_root AND pair.home_id <> pair.profile_id THEN NULL
                               WHEN pair.comment_is_there THEN 'see'
                               WHEN pair.action IN ('flagged', 'deleted')
                                AND (pair.was_visible OR pair.is_comment_author) THEN 'gone'
                           END
                           WHEN NOT pair.item_is_there
                             OR NOT (pair.item_kind = 5 OR pair.can_read_item OR pair.is_comment_author) THEN NULL
                           WHEN pair.comment_is_there THEN 'see'
                           -- Moderators and authors had it, too, when it was only held back.
                           WHEN pair.action IN ('flagged', 'deleted')
                            AND (pair.was_visible OR pair.is_moderator OR pair.is_comment_author) THEN 'gone'
                       END
                   WHEN pair.family IN ('conversation', 'poll', 'event', 'update') THEN
                       CASE
                           WHEN pair.family = 'update' AND NOT pair.is_named THEN NULL
                           WHEN pair.item_is_there AND (pair.item_kind = 5 OR pair.can_read_item) THEN 'see'
                           -- Authors had it, too, wherever it was.
                           WHEN pair.action = 'moved' AND (pair.is_item_author OR (
                               pair.can_read_source AND (pair.was_visible OR pair.is_source_moderator)
                           )) THEN 'gone'
                           WHEN pair.action IN ('flagged', 'deleted') AND pair.can_read_item AND (
                               pair.is_moderator OR pair.is_item_author OR (pair.was_visible AND pair.place_is_visible)
                           ) THEN 'gone'
                           -- Moved since, perhaps to where they do not get.
                           WHEN pair.action IN ('flagged', 'deleted') AND pair.was_visible AND pair.source_is_visible
                           THEN 'gone'
                       END
                   WHEN pair.family = 'huddle' THEN
                       CASE
                           WHEN pair.item_is_there THEN 'see'
                           WHEN pair.action = 'participant_left' AND pair.actor_id = pair.profile_id
                            AND NOT pair.is_in_huddle THEN 'gone'
                       END
                   WHEN pair.family = 'microcosm' THEN
                       CASE
                           WHEN pair.place_is_within_reach THEN 'see'
                           WHEN pair.can_read_place AND (pair.was_visible OR pair.is_moderator) THEN 'gone'
                           -- Another place in the tree is other rights for anybody.
                           WHEN (pair.ids ->> 'is_moved')::boolean THEN 'access'
                           WHEN EXISTS (
                               SELECT FROM concerned
                               WHERE concerned.position = pair.position AND concerned.profile_id = pair.profile_id
                           ) THEN 'access'
                       END
                   WHEN pair.family = 'role' THEN
                       CASE
                           WHEN pair.is_moderator AND pair.can_read_place THEN 'see'
                           WHEN CASE WHEN pair.is_guest THEN (pair.ids ->> 'takes_guests')::boolean
                                     ELSE (pair.ids ->> 'takes_members')::boolean
                                       OR pair.is_named
                                       OR EXISTS (
                                           SELECT FROM permissions_roleprofile AS named
                                           WHERE named.role_id = (pair.ids ->> 'role_id')::bigint
                                             AND named.profile_id = pair.profile_id
                                       )
                                END THEN 'access'
                       END
                   WHEN pair.kind IN ('profile.created', 'profile.edited') THEN
                       CASE WHEN NOT pair.is_root OR pair.about_id = pair.profile_id THEN 'see' END
                   WHEN pair.kind IN ('profile.banned', 'profile.unbanned') THEN
                       CASE WHEN pair.is_site_owner THEN 'see' WHEN pair.about_id = pair.profile_id THEN 'access' END
                   WHEN pair.kind IN ('site.edited', 'forum.imported') THEN 'see'
                   -- What somebody does with their own lists and marks.
                   WHEN pair.family IN ('inbox', 'watcher', 'ignored') THEN
                       CASE WHEN NOT pair.is_guest AND pair.about_id = pair.profile_id THEN 'see' END
               END AS verdict
        FROM pair
    )
    SELECT judged.position, judged.verdict, judged.can_read_source, array_agg(judged.profile_id)
    FROM judged
    WHERE judged.verdict IS NOT NULL
    GROUP BY judged.position, judged.verdict, judged.can_read_source;
END $$;
