-- name: exported_site
-- The site with a key, the placeholder for removed people, the owner's profile and the root; no row if there is none.
-- Uses: sites_site_key, profiles_profile_name, profiles_profile_user, microcosms_microcosm_one_root.
SELECT site.id, placeholder.id AS placeholder_id, owner.id AS owner_id, site.title, site.description, site.domain,
       site.logo_url, site.favicon_url, site.background_url, site.background_position, site.background_color,
       site.link_color, site.analytics_id, site.contact_email, site.only_admins_create, site.send_email, site.send_sms,
       site.shorten_links, root.id AS root_id,
       (
           SELECT jsonb_agg(
               jsonb_build_object('href', link.href, 'text', link.text, 'title', link.title) ORDER BY link.position
           )
           FROM sites_menulink AS link
           WHERE link.site_id = site.id
       ) AS menu,
       (
           SELECT jsonb_agg(
               jsonb_build_object(
                   'key', attribute.key,
                   'value', coalesce(
                       to_jsonb(attribute.bool_value), to_jsonb(attribute.number_value), to_jsonb(attribute.date_value),
                       to_jsonb(attribute.text_value)
                   )
               ) ORDER BY attribute.key
           )
           FROM sites_siteattribute AS attribute
           WHERE attribute.site_id = site.id
       ) AS attributes
FROM sites_site AS site
JOIN microcosms_microcosm AS root ON root.site_id = site.id AND root.parent_id IS NULL
LEFT JOIN profiles_profile AS placeholder ON placeholder.site_id = site.id AND lower(placeholder.name) = 'deleted'
LEFT JOIN profiles_profile AS owner ON owner.site_id = site.id AND owner.user_id = site.owner_id
WHERE site.key = %(site_key)s::text AND NOT site.is_deleted

-- name: exported_root
-- The root of a site's tree.
-- Uses: microcosms_microcosm_one_root.
SELECT root.title, root.description, root.logo_url, root.visibility, root.item_types, root.is_open, root.is_sticky,
       (
           SELECT jsonb_agg(
               jsonb_build_object(
                   'key', attribute.key,
                   'value', coalesce(
                       to_jsonb(attribute.bool_value), to_jsonb(attribute.number_value), to_jsonb(attribute.date_value),
                       to_jsonb(attribute.text_value)
                   )
               ) ORDER BY attribute.key
           )
           FROM microcosms_microcosmattribute AS attribute
           WHERE attribute.microcosm_id = root.id
       ) AS attributes
FROM microcosms_microcosm AS root
WHERE root.site_id = %(site_id)s::bigint AND root.parent_id IS NULL

-- name: exported_profiles
-- Everybody on a site but the placeholder; an address that leads nowhere is none.
-- Uses: profiles_profile_user, permissions_ban_user, files_file_hash.
SELECT profile.id, profile.name, profile.created_at, profile.last_active_at,
       coalesce(options.send_email, false) AS sends_email,
       CASE WHEN member.is_active OR member.email NOT LIKE '%%.invalid' THEN member.email ELSE '' END AS email,
       ban.id IS NOT NULL AS is_banned, ban.reason AS ban_reason, ban.created_at AS banned_at,
       ban.created_by_id AS banned_by_id, ban.expires_at AS ban_expires_at,
       profile.gender, profile.is_visible, profile.style_id, coalesce(options.show_dob, false) AS shows_birthday,
       coalesce(options.show_dob_year, false) AS shows_birth_year, coalesce(options.send_sms, false) AS sends_sms,
       coalesce(options.is_discouraged, false) AS is_discouraged,
       (
           SELECT jsonb_agg(
               jsonb_build_object(
                   'key', attribute.key,
                   'value', coalesce(
                       to_jsonb(attribute.bool_value), to_jsonb(attribute.number_value), to_jsonb(attribute.date_value),
                       to_jsonb(attribute.text_value)
                   )
               ) ORDER BY attribute.key
           )
           FROM profiles_profileattribute AS attribute
           WHERE attribute.profile_id = profile.id
       ) AS attributes,
       avatar.hash AS avatar_hash, avatar.name AS avatar_file_name, avatar.mime_type AS avatar_mime_type,
       avatar.size AS avatar_size, avatar.width AS avatar_width, avatar.height AS avatar_height,
       shown.name AS avatar_name, shown.created_at AS avatar_created_at, shown.created_by_id AS avatar_created_by_id
FROM profiles_profile AS profile
LEFT JOIN files_file AS avatar
  ON avatar.site_id = profile.site_id AND avatar.hash = substring(profile.avatar_url FROM '/files/([0-9a-f]{40})')
LEFT JOIN profiles_attachment AS shown ON shown.profile_id = profile.id AND shown.file_id = avatar.id
JOIN accounts_user AS member ON member.id = profile.user_id
LEFT JOIN profiles_profileoptions AS options ON options.profile_id = profile.id
LEFT JOIN permissions_ban AS ban
  ON ban.site_id = profile.site_id AND ban.user_id = profile.user_id
 AND (ban.expires_at IS NULL OR ban.expires_at > %(now)s::timestamptz)
WHERE profile.site_id = %(site_id)s::bigint AND profile.id IS DISTINCT FROM %(placeholder_id)s::bigint
ORDER BY profile.id

-- name: exported_roles
-- The roles of a site and of its microcosms, with the members they name and their criteria.
SELECT role.id, role.title, role.is_moderator, role.is_banned, role.include_guests, role.include_users, role.can_create,
       role.can_read AND role.can_read_others AS can_view, role.can_read, role.can_read_others, role.can_update, role.can_delete, role.can_close_own,
       role.can_open_own, microcosm.parent_id IS NULL AS is_default,
       ARRAY(
           SELECT named.profile_id FROM permissions_roleprofile AS named
           WHERE named.role_id = role.id AND named.profile_id IS DISTINCT FROM %(placeholder_id)s::bigint
           ORDER BY named.profile_id
       ) AS profile_ids,
       coalesce((
           SELECT jsonb_agg(
               jsonb_build_object(
                   'orGroup', criterion.or_group, 'key', criterion.profile_column || criterion.attribute_key,
                   'predicate', criterion.predicate, 'value', criterion.value
               ) ORDER BY criterion.or_group, criterion.id
           )
           FROM permissions_criterion AS criterion
           WHERE criterion.role_id = role.id
       ), '[]'::jsonb) AS criteria
FROM permissions_role AS role
JOIN microcosms_microcosm AS microcosm ON microcosm.id = role.microcosm_id
WHERE role.site_id = %(site_id)s::bigint
ORDER BY role.id

-- name: exported_forums
-- The microcosms of a site. The root is one of them only where conversations or followers need it.
-- A microcosm with roles of its own has them in own_roles, and in other_role_ids all others that might be copied there.
-- Uses: items_item_microcosm_order, updates_watcher_target.
SELECT microcosm.id, microcosm.title, microcosm.description, microcosm.owner_id, microcosm.sequence,
       microcosm.is_open, microcosm.is_sticky, microcosm.is_moderated, microcosm.is_deleted,
       microcosm.parent_id IS NULL AS is_root, microcosm.created_at, microcosm.created_by_id, microcosm.visibility,
       microcosm.logo_url, microcosm.item_types, microcosm.edited_at, microcosm.edited_by_id, microcosm.edit_reason,
       (
           SELECT jsonb_agg(
               jsonb_build_object(
                   'key', attribute.key,
                   'value', coalesce(
                       to_jsonb(attribute.bool_value), to_jsonb(attribute.number_value), to_jsonb(attribute.date_value),
                       to_jsonb(attribute.text_value)
                   )
               ) ORDER BY attribute.key
           )
           FROM microcosms_microcosmattribute AS attribute
           WHERE attribute.microcosm_id = microcosm.id
       ) AS attributes,
       CASE WHEN parent.parent_id IS NOT NULL THEN parent.id END AS parent_id,
       own.roles AS own_roles,
       CASE WHEN own.roles IS NOT NULL THEN ARRAY(
           SELECT other.id FROM permissions_role AS other
           WHERE other.site_id = microcosm.site_id AND other.microcosm_id <> microcosm.id AND NOT other.is_banned
           ORDER BY other.id
       ) END AS other_role_ids
FROM microcosms_microcosm AS microcosm
LEFT JOIN microcosms_microcosm AS parent ON parent.id = microcosm.parent_id
CROSS JOIN LATERAL (
    SELECT jsonb_agg(
        jsonb_build_object(
            'id', role.id, 'canView', role.can_read AND role.can_read_others, 'canReadOwn', role.can_read,
            'canReadOthers', role.can_read_others, 'canPostNew', role.can_create,
            'canEditOthers', role.can_update, 'canDeleteOthers', role.can_delete, 'canCloseOwn', role.can_close_own,
            'canOpenOwn', role.can_open_own
        ) ORDER BY role.id
    ) AS roles
    FROM permissions_role AS role
    WHERE role.microcosm_id = microcosm.id AND microcosm.parent_id IS NOT NULL
) AS own
WHERE microcosm.site_id = %(site_id)s::bigint
  AND (
      microcosm.parent_id IS NOT NULL
      OR EXISTS (SELECT FROM items_item AS item WHERE item.microcosm_id = microcosm.id)
      OR EXISTS (SELECT FROM updates_watcher AS watcher WHERE watcher.microcosm_id = microcosm.id)
      OR EXISTS (SELECT FROM updates_ignore AS ignored WHERE ignored.microcosm_id = microcosm.id)
  )
ORDER BY microcosm.id

-- name: exported_conversations
-- The conversations of a site.
SELECT item.id, item.title, item.microcosm_id, item.created_by_id, item.created_at, item.view_count,
       item.is_open, item.is_sticky, item.is_moderated, item.is_deleted, item.edited_at, item.edited_by_id,
       item.edit_reason,
       (
           SELECT jsonb_agg(
               jsonb_build_object(
                   'key', attribute.key,
                   'value', coalesce(
                       to_jsonb(attribute.bool_value), to_jsonb(attribute.number_value), to_jsonb(attribute.date_value),
                       to_jsonb(attribute.text_value)
                   )
               ) ORDER BY attribute.key
           )
           FROM items_itemattribute AS attribute
           WHERE attribute.item_id = item.id
       ) AS attributes
FROM items_item AS item
WHERE item.site_id = %(site_id)s::bigint AND item.kind = 6
ORDER BY item.id

-- name: exported_events
-- The events of a site with everybody's answer.
-- Uses: items_attendee_profile.
SELECT item.id, item.title, item.microcosm_id, item.created_by_id, item.created_at, item.view_count,
       item.is_open, item.is_sticky, item.is_moderated, item.is_deleted, item.edited_at, item.edited_by_id,
       item.edit_reason, event.when_at, event.zone, event.duration, event.place, event.lat, event.lon, event.north,
       event.east, event.south, event.west, event.status, event.rsvp_limit,
       (
           SELECT jsonb_agg(
               jsonb_build_object(
                   'id', attendee.profile_id, 'rsvp', attendee.rsvp, 'dateAnswered', attendee.rsvp_at,
                   'dateCreated', attendee.created_at, 'by', attendee.created_by_id, 'queue', attendee.queue_number
               ) ORDER BY attendee.id
           )
           FROM items_attendee AS attendee
           WHERE attendee.event_id = item.id AND attendee.profile_id IS DISTINCT FROM %(placeholder_id)s::bigint
       ) AS attendees,
       (
           SELECT jsonb_agg(
               jsonb_build_object(
                   'key', attribute.key,
                   'value', coalesce(
                       to_jsonb(attribute.bool_value), to_jsonb(attribute.number_value), to_jsonb(attribute.date_value),
                       to_jsonb(attribute.text_value)
                   )
               ) ORDER BY attribute.key
           )
           FROM items_itemattribute AS attribute
           WHERE attribute.item_id = item.id
       ) AS attributes
FROM items_item AS item
JOIN items_event AS event ON event.item_id = item.id
WHERE item.site_id = %(site_id)s::bigint AND item.kind = 9
ORDER BY item.id

-- name: exported_polls
-- The polls of a site with their choices and who voted for each.
-- Uses: items_pollchoice_order, items_pollvote_voter.
SELECT item.id, item.title, item.microcosm_id, item.created_by_id, item.created_at, item.view_count,
       item.is_open, item.is_sticky, item.is_moderated, item.is_deleted, item.edited_at, item.edited_by_id,
       item.edit_reason, poll.question, poll.is_multi, poll.is_open AS is_voting_open, poll.closes_at, poll.results,
       (
           SELECT jsonb_agg(jsonb_build_object('text', choice.text, 'votes', cast_votes.votes) ORDER BY choice.position)
           FROM items_pollchoice AS choice
           CROSS JOIN LATERAL (
               SELECT coalesce(
                   jsonb_agg(
                       jsonb_build_object('id', vote.profile_id, 'dateCreated', vote.created_at) ORDER BY vote.profile_id
                   ), '[]'::jsonb
               ) AS votes
               FROM items_pollvote AS vote
               WHERE vote.choice_id = choice.id AND vote.profile_id IS DISTINCT FROM %(placeholder_id)s::bigint
           ) AS cast_votes
           WHERE choice.poll_id = item.id
       ) AS choices,
       (
           SELECT jsonb_agg(
               jsonb_build_object(
                   'key', attribute.key,
                   'value', coalesce(
                       to_jsonb(attribute.bool_value), to_jsonb(attribute.number_value), to_jsonb(attribute.date_value),
                       to_jsonb(attribute.text_value)
                   )
               ) ORDER BY attribute.key
           )
           FROM items_itemattribute AS attribute
           WHERE attribute.item_id = item.id
       ) AS attributes
FROM items_item AS item
JOIN items_poll AS poll ON poll.item_id = item.id
WHERE item.site_id = %(site_id)s::bigint AND item.kind = 7
ORDER BY item.id

-- name: exported_messages
-- The huddles that somebody is in and something is said in, with their first comment and its current text.
-- Uses: comments_revision_number, huddles_participant_pair.
SELECT item.id, item.title, item.created_by_id, item.created_at,
       said.id AS comment_id, said.created_by_id AS comment_author_id, said.created_at AS commented_at,
       said.is_deleted, said.is_moderated, revision.markdown, revision.created_by_id AS editor_id,
       revision.created_at AS written_at, huddle.is_confidential,
       (
           SELECT jsonb_agg(
               jsonb_build_object('id', participant.profile_id, 'dateJoined', participant.joined_at)
               ORDER BY participant.profile_id
           )
           FROM huddles_participant AS participant
           WHERE participant.huddle_id = item.id AND participant.profile_id IS DISTINCT FROM %(placeholder_id)s::bigint
       ) AS participants,
       CASE WHEN said.revision_count > 1 THEN (
           SELECT jsonb_agg(
               jsonb_build_object(
                   'editor', earlier.created_by_id, 'dateModified', earlier.created_at, 'text', earlier.markdown
               ) ORDER BY earlier.number
           )
           FROM comments_revision AS earlier
           WHERE earlier.comment_id = said.id AND earlier.number < revision.number
       ) END AS history,
       (
           SELECT jsonb_agg(
               jsonb_build_object(
                   'key', attribute.key,
                   'value', coalesce(
                       to_jsonb(attribute.bool_value), to_jsonb(attribute.number_value), to_jsonb(attribute.date_value),
                       to_jsonb(attribute.text_value)
                   )
               ) ORDER BY attribute.key
           )
           FROM comments_commentattribute AS attribute
           WHERE attribute.comment_id = said.id
       ) AS attributes
FROM items_item AS item
JOIN huddles_huddle AS huddle ON huddle.item_id = item.id
CROSS JOIN LATERAL (
    SELECT comment.id, comment.created_by_id, comment.created_at, comment.is_deleted, comment.is_moderated,
           comment.revision_count
    FROM comments_comment AS comment
    WHERE comment.item_id = item.id
    ORDER BY comment.created_at, comment.id
    LIMIT 1
) AS said
CROSS JOIN LATERAL (
    SELECT version.markdown, version.created_by_id, version.created_at, version.number
    FROM comments_revision AS version
    WHERE version.comment_id = said.id
    ORDER BY version.number DESC
    LIMIT 1
) AS revision
WHERE item.site_id = %(site_id)s::bigint AND item.kind = 5 AND NOT item.is_deleted
  AND EXISTS (
      SELECT FROM huddles_participant AS participant
      WHERE participant.huddle_id = item.id AND participant.profile_id IS DISTINCT FROM %(placeholder_id)s::bigint
  )
ORDER BY item.id

-- name: exported_huddles
-- The huddles that somebody is in and nothing is said in.
-- Uses: huddles_participant_pair.
SELECT item.id, item.title, item.created_by_id, item.created_at, huddle.is_confidential, inside.participants
FROM items_item AS item
JOIN huddles_huddle AS huddle ON huddle.item_id = item.id
CROSS JOIN LATERAL (
    SELECT jsonb_agg(
        jsonb_build_object('id', participant.profile_id, 'dateJoined', participant.joined_at)
        ORDER BY participant.profile_id
    ) AS participants
    FROM huddles_participant AS participant
    WHERE participant.huddle_id = item.id AND participant.profile_id IS DISTINCT FROM %(placeholder_id)s::bigint
) AS inside
WHERE item.site_id = %(site_id)s::bigint AND item.kind = 5 AND NOT item.is_deleted AND inside.participants IS NOT NULL
  AND NOT EXISTS (SELECT FROM comments_comment AS comment WHERE comment.item_id = item.id)
ORDER BY item.id

-- name: exported_comments
-- The comments on items of some kinds and perhaps those on profiles, with current texts and what they were before; of
-- exported huddles all but the first one there.
-- Uses: comments_revision_number, comments_comment_page.
SELECT said.id, said.item_id, said.profile_id, item.kind, said.in_reply_to_id, said.created_by_id,
       said.created_at, said.is_moderated, said.is_deleted, revision.markdown,
       revision.created_by_id AS editor_id, revision.created_at AS written_at,
       CASE WHEN said.revision_count > 1 THEN (
           SELECT jsonb_agg(
               jsonb_build_object(
                   'editor', earlier.created_by_id, 'dateModified', earlier.created_at, 'text', earlier.markdown
               ) ORDER BY earlier.number
           )
           FROM comments_revision AS earlier
           WHERE earlier.comment_id = said.id AND earlier.number < revision.number
       ) END AS history,
       (
           SELECT jsonb_agg(
               jsonb_build_object(
                   'key', attribute.key,
                   'value', coalesce(
                       to_jsonb(attribute.bool_value), to_jsonb(attribute.number_value), to_jsonb(attribute.date_value),
                       to_jsonb(attribute.text_value)
                   )
               ) ORDER BY attribute.key
           )
           FROM comments_commentattribute AS attribute
           WHERE attribute.comment_id = said.id
       ) AS attributes
FROM comments_comment AS said
LEFT JOIN items_item AS item ON item.id = said.item_id
CROSS JOIN LATERAL (
    SELECT version.markdown, version.created_by_id, version.created_at, version.number
    FROM comments_revision AS version
    WHERE version.comment_id = said.id
    ORDER BY version.number DESC
    LIMIT 1
) AS revision
WHERE said.site_id = %(site_id)s::bigint
  AND (
      (%(has_biographies)s::boolean AND said.profile_id <> coalesce(%(placeholder_id)s::bigint, 0))
      OR (item.kind = ANY (%(kinds)s::smallint[]) AND item.kind <> 5)
      OR (
          item.kind = ANY (%(kinds)s::smallint[]) AND item.kind = 5 AND NOT item.is_deleted
          AND EXISTS (
              SELECT FROM huddles_participant AS participant
              WHERE participant.huddle_id = item.id
                AND participant.profile_id IS DISTINCT FROM %(placeholder_id)s::bigint
          )
          AND EXISTS (
              SELECT FROM comments_comment AS earlier
              WHERE earlier.item_id = said.item_id
                AND (earlier.created_at, earlier.id) < (said.created_at, said.id)
          )
      )
  )
ORDER BY said.id

-- name: exported_follows
-- What each member follows and ignores - without a target it is all profiles, or the site - and is told of.
-- Uses: updates_watcher_target, updates_ignore_target, updates_preference_type.
SELECT profile.id, followed.targets AS followed, ignored.targets AS ignored, chosen.preferences
FROM profiles_profile AS profile
CROSS JOIN LATERAL (
    SELECT jsonb_agg(
        jsonb_build_object(
            'kind', watcher.kind, 'notify', watcher.send_email, 'sms', watcher.send_sms,
            'id', coalesce(watcher.item_id, watcher.microcosm_id, watcher.target_profile_id)
        ) ORDER BY watcher.id
    ) AS targets
    FROM updates_watcher AS watcher
    WHERE watcher.profile_id = profile.id AND (watcher.kind <> 5 OR %(has_huddles)s::boolean)
      AND watcher.target_profile_id IS DISTINCT FROM coalesce(%(placeholder_id)s::bigint, 0)
) AS followed
CROSS JOIN LATERAL (
    SELECT jsonb_agg(
        jsonb_build_object(
            'kind', ignore.kind, 'id', coalesce(ignore.item_id, ignore.microcosm_id, ignore.target_profile_id)
        ) ORDER BY ignore.id
    ) AS targets
    FROM updates_ignore AS ignore
    WHERE ignore.profile_id = profile.id AND (ignore.kind <> 5 OR %(has_huddles)s::boolean)
      AND num_nonnulls(ignore.item_id, ignore.microcosm_id, ignore.target_profile_id) = 1
      AND ignore.target_profile_id IS DISTINCT FROM coalesce(%(placeholder_id)s::bigint, 0)
) AS ignored
CROSS JOIN LATERAL (
    SELECT jsonb_agg(
        jsonb_build_object('type', preference.type, 'notify', preference.send_email, 'sms', preference.send_sms)
        ORDER BY preference.type
    ) AS preferences
    FROM updates_preference AS preference
    WHERE preference.profile_id = profile.id
) AS chosen
WHERE profile.site_id = %(site_id)s::bigint AND profile.id IS DISTINCT FROM %(placeholder_id)s::bigint
  AND (followed.targets IS NOT NULL OR ignored.targets IS NOT NULL OR chosen.preferences IS NOT NULL)
ORDER BY profile.id

-- name: exported_attachments
-- What is attached to exported comments and to profiles. Their two tables count apart: the ids here are twice theirs,
-- plus one for those of profiles.
SELECT attached.id, attached.on_type, attached.on_id, attached.is_current, attached.name, attached.created_at,
       attached.created_by_id, file.hash, file.name AS file_name, file.mime_type, file.size, file.width, file.height
FROM (
    SELECT attachment.id * 2 AS id, 'comment' AS on_type, attachment.comment_id AS on_id, false AS is_current,
           attachment.file_id, attachment.name, attachment.created_at, attachment.created_by_id
    FROM comments_attachment AS attachment
    JOIN comments_comment AS comment ON comment.id = attachment.comment_id AND comment.site_id = %(site_id)s::bigint
    LEFT JOIN items_item AS item ON item.id = comment.item_id
    WHERE item.kind IS DISTINCT FROM 5 OR %(has_huddles)s::boolean
    UNION ALL
    SELECT attachment.id * 2 + 1, 'profile', attachment.profile_id,
           profile.avatar_url LIKE '/api/v1/files/' || shown.hash || '%%',
           attachment.file_id, attachment.name, attachment.created_at, attachment.created_by_id
    FROM profiles_attachment AS attachment
    JOIN profiles_profile AS profile ON profile.id = attachment.profile_id AND profile.site_id = %(site_id)s::bigint
    JOIN files_file AS shown ON shown.id = attachment.file_id
    WHERE profile.id IS DISTINCT FROM %(placeholder_id)s::bigint
) AS attached
JOIN files_file AS file ON file.id = attached.file_id
ORDER BY attached.id

-- name: exported_uploads
-- The files of a site that nothing has, but for those that were taken off something: these are for nobody else.
SELECT file.id, file.hash, file.name, file.name AS file_name, file.mime_type, file.size, file.width, file.height,
       file.created_at, coalesce(uploader.id, 0) AS created_by_id
FROM files_file AS file
LEFT JOIN profiles_profile AS uploader ON uploader.site_id = file.site_id AND uploader.user_id = file.uploaded_by_id
WHERE file.site_id = %(site_id)s::bigint AND %(has_huddles)s::boolean AND NOT file.is_withdrawn
  AND NOT EXISTS (SELECT FROM comments_attachment AS attachment WHERE attachment.file_id = file.id)
  AND NOT EXISTS (SELECT FROM profiles_attachment AS attachment WHERE attachment.file_id = file.id)
ORDER BY file.id

-- name: exported_files
-- The files of a site whose bytes belong to an export: those on comments and profiles, and those that nothing ever had;
-- without huddles, only those on other comments and on profiles.
SELECT file.id, file.hash, file.size
FROM files_file AS file
WHERE file.site_id = %(site_id)s::bigint
  AND (
      (
          %(has_huddles)s::boolean
          AND (
              NOT file.is_withdrawn
              OR EXISTS (SELECT FROM comments_attachment AS attachment WHERE attachment.file_id = file.id)
          )
      )
      OR EXISTS (SELECT FROM profiles_attachment AS attachment WHERE attachment.file_id = file.id)
      OR EXISTS (
          SELECT FROM comments_attachment AS attachment
          JOIN comments_comment AS comment ON comment.id = attachment.comment_id
          LEFT JOIN items_item AS item ON item.id = comment.item_id
          WHERE attachment.file_id = file.id AND item.kind IS DISTINCT FROM 5
      )
  )
ORDER BY file.id

-- name: exported_former_ids
-- What things are called in old addresses that lead to a site: of each product and kind some ids at a time, with the ids
-- here, or the hash of a file. Without huddles nothing of them, and only files that are exported.
-- Uses: transfer_importeditem_old_id, transfer_formerid_pkey.
WITH known AS (
    SELECT 1 AS rank, origin.product, imported.kind, imported.old_id, imported.new_id
    FROM transfer_origin AS origin
    JOIN transfer_importeditem AS imported ON imported.origin_id = origin.id
    WHERE origin.site_id = %(site_id)s::bigint AND origin.product = ANY (%(products)s::text[])
      -- Neither the placeholder, nor files that have no ids of their own.
      AND imported.old_id ~ '^[1-9][0-9]*$'
    UNION ALL
    SELECT 2, former.product, former.kind, former.old_id, former.new_id
    FROM transfer_origin AS origin
    JOIN transfer_formerid AS former ON former.origin_id = origin.id
    WHERE origin.site_id = %(site_id)s::bigint
),
-- Where one is in both, the first counts, as for those who follow an old address.
named AS (
    SELECT DISTINCT ON (known.product, known.kind, length(known.old_id), known.old_id)
           known.product, known.kind, known.old_id, known.new_id, file.hash
    FROM known
    LEFT JOIN files_file AS file
      ON known.kind = 21 AND file.id = known.new_id AND file.site_id = %(site_id)s::bigint
     AND (
         %(has_huddles)s::boolean
         OR EXISTS (SELECT FROM profiles_attachment AS attachment WHERE attachment.file_id = file.id)
         OR EXISTS (
             SELECT FROM comments_attachment AS attachment
             JOIN comments_comment AS comment ON comment.id = attachment.comment_id
             LEFT JOIN items_item AS item ON item.id = comment.item_id
             WHERE attachment.file_id = file.id AND item.kind IS DISTINCT FROM 5
         )
     )
    WHERE known.kind = ANY (%(kinds)s::smallint[]) AND (known.kind <> 21 OR file.id IS NOT NULL)
    ORDER BY known.product, known.kind, length(known.old_id), known.old_id, known.rank
),
portioned AS (
    SELECT named.product, named.kind, named.old_id, named.new_id, named.hash,
           (row_number() OVER (
               PARTITION BY named.product, named.kind ORDER BY length(named.old_id), named.old_id
           ) - 1) / %(portion)s::bigint AS portion
    FROM named
)
SELECT row_number() OVER (ORDER BY portioned.product, portioned.kind, portioned.portion) AS id,
       portioned.product, portioned.kind,
       jsonb_agg(
           CASE WHEN portioned.hash IS NULL
                THEN jsonb_build_object('oldId', portioned.old_id, 'id', portioned.new_id)
                ELSE jsonb_build_object('oldId', portioned.old_id, 'hash', portioned.hash) END
           ORDER BY length(portioned.old_id), portioned.old_id
       ) AS ids
FROM portioned
GROUP BY portioned.product, portioned.kind, portioned.portion
ORDER BY id
