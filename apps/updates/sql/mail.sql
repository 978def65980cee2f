-- name: queue_mails
-- Note a mail about each of some updates that belong to members who want one about its type and take mail at all: those who
-- watch what it is about with the flag, or whose preference says so. Whether it may be sent is asked when it is sent.
-- Answers the new rows. Uses: updates_update_pkey, updates_watcher_target, updates_mail_news.
INSERT INTO updates_mail (profile_id, type, update_id, item_id, digest, created_at)
SELECT reader.id, news.type, news.id, news.item_id, 0, %(now)s::timestamptz
FROM updates_update AS news
JOIN profiles_profile AS reader ON reader.id = news.profile_id AND reader.site_id = %(site_id)s::bigint
JOIN sites_site AS site ON site.id = reader.site_id
LEFT JOIN profiles_profileoptions AS options ON options.profile_id = reader.id
LEFT JOIN items_item AS item ON item.id = news.item_id
LEFT JOIN comments_comment AS comment ON comment.id = news.comment_id
WHERE news.id = ANY (%(update_ids)s::bigint[])
  AND coalesce(options.send_email, site.send_email)
  AND CASE
      WHEN news.type IN (1, 4, 5, 8) THEN EXISTS (
          SELECT FROM updates_watcher AS watcher
          WHERE watcher.profile_id = reader.id AND watcher.send_email
            AND (watcher.item_id = item.id OR watcher.microcosm_id = item.microcosm_id OR watcher.kind = 1
                 OR watcher.target_profile_id = comment.profile_id)
      )
      WHEN news.type IN (2, 3, 7) THEN EXISTS (
          SELECT FROM updates_preference AS preference
          WHERE preference.profile_id = reader.id AND preference.type = news.type AND preference.send_email
      )
      ELSE false
  END
ON CONFLICT (profile_id, update_id, newcomer_id) DO NOTHING
RETURNING id, profile_id

-- name: queue_mails_of_newcomer
-- Note a mail about somebody new for the next of those who watch all profiles of the site and want mail, in the order of
-- their ids and after `after_id`. Answers one row: how many of those who watch this was, the last of them, and the new
-- rows. Uses: updates_watcher_of_all, updates_mail_news.
WITH watching AS MATERIALIZED (
    SELECT watcher.profile_id, watcher.send_email
    FROM updates_watcher AS watcher
    JOIN profiles_profile AS reader ON reader.id = watcher.profile_id AND reader.site_id = %(site_id)s::bigint
    WHERE watcher.kind = 3 AND watcher.item_id IS NULL AND watcher.microcosm_id IS NULL
      AND watcher.target_profile_id IS NULL AND watcher.profile_id > %(after_id)s::bigint
    ORDER BY watcher.profile_id
    LIMIT %(limit)s::bigint
),
queued AS (
    INSERT INTO updates_mail (profile_id, type, newcomer_id, digest, created_at)
    SELECT watching.profile_id, 9, newcomer.id, 0, %(now)s::timestamptz
    FROM watching
    JOIN profiles_profile AS newcomer
      ON newcomer.id = %(newcomer_id)s::bigint AND newcomer.site_id = %(site_id)s::bigint
    WHERE watching.send_email AND watching.profile_id <> newcomer.id
    ON CONFLICT (profile_id, update_id, newcomer_id) DO NOTHING
    RETURNING id, profile_id
)
SELECT (SELECT count(*) FROM watching) AS watching_count,
       (SELECT max(watching.profile_id) FROM watching) AS last_id,
       ARRAY(SELECT queued.id FROM queued ORDER BY queued.id) AS mail_ids,
       ARRAY(SELECT queued.profile_id FROM queued ORDER BY queued.id) AS profile_ids

-- name: letters
-- What to write to a member: of some mails that are noted for them those that they want, may read and have not read now.
-- Left out is what is hidden, ignored or by somebody ignored, new comments that answer them (type 2 says it), everything if
-- they take no mail or their address does not. `is_repeated` says that they were mailed about the item (types 1, 4, 5)
-- and have not read it since, `is_own` that it is a place they waited for, which is never repeated; `sent_count` how many mails they got since `since`.
-- Uses: updates_mail_pkey, updates_update_pkey, updates_watcher_target, updates_mail_of_item.
WITH ignored AS MATERIALIZED (
    SELECT coalesce(array_agg(ignore.microcosm_id) FILTER (WHERE ignore.microcosm_id IS NOT NULL), '{}')
               AS microcosm_ids,
           coalesce(array_agg(ignore.item_id) FILTER (WHERE ignore.item_id IS NOT NULL), '{}') AS item_ids,
           coalesce(
               array_agg(ignore.target_profile_id) FILTER (WHERE ignore.target_profile_id <> ignore.profile_id), '{}'
           ) AS profile_ids
    FROM updates_ignore AS ignore
    WHERE ignore.profile_id = %(profile_id)s::bigint
)
SELECT mail.id AS mail_id, mail.type, mail.claimed_at, reader.id AS reader_id, reader.name AS reader_name,
       account.email, coalesce(preference.digest, 0) AS digest,
       news.id AS update_id, news.created_by_id = reader.id AS is_own, item.id AS item_id, item.kind AS item_kind, comment.id AS comment_id,
       home.id AS home_id, newcomer.id AS newcomer_id,
       coalesce(item.title, home.name, newcomer.name) AS title,
       actor.id AS actor_id, coalesce(actor.name, newcomer.name, '') AS actor_name,
       revision.markdown, revision.html, event.starts_at,
       mail.type IN (1, 4, 5) AND news.created_by_id IS DISTINCT FROM reader.id
           AND coalesce(greatest(watched.notified_at, mailed.claimed_at) > marks.read_at, false) AS is_repeated,
       (
           SELECT count(*) FROM updates_mail AS other
           WHERE other.profile_id = reader.id AND other.claimed_at > %(since)s::timestamptz
       ) AS sent_count
FROM updates_mail AS mail
JOIN profiles_profile AS reader ON reader.id = mail.profile_id AND reader.site_id = %(site_id)s::bigint
JOIN accounts_user AS account ON account.id = reader.user_id
JOIN sites_site AS site ON site.id = reader.site_id
CROSS JOIN ignored
LEFT JOIN profiles_profileoptions AS options ON options.profile_id = reader.id
LEFT JOIN updates_preference AS preference ON preference.profile_id = reader.id AND preference.type = mail.type
LEFT JOIN updates_update AS news ON news.id = mail.update_id AND news.profile_id = reader.id
LEFT JOIN comments_comment AS comment ON comment.id = news.comment_id
LEFT JOIN comments_comment AS answered ON answered.id = comment.in_reply_to_id
LEFT JOIN comments_revision AS revision
  ON revision.comment_id = comment.id AND revision.number = comment.revision_count
LEFT JOIN items_item AS item ON item.id = news.item_id
LEFT JOIN items_event AS event ON event.item_id = item.id
LEFT JOIN microcosms_microcosm AS place ON place.id = item.microcosm_id
LEFT JOIN profiles_profile AS home ON home.id = comment.profile_id
LEFT JOIN profiles_profile AS actor ON actor.id = news.created_by_id
LEFT JOIN profiles_profile AS newcomer ON newcomer.id = mail.newcomer_id AND newcomer.site_id = reader.site_id
LEFT JOIN items_itemreadmark AS item_mark ON item_mark.profile_id = reader.id AND item_mark.item_id = item.id
LEFT JOIN items_microcosmreadmark AS place_mark
  ON place_mark.profile_id = reader.id AND place_mark.microcosm_id = item.microcosm_id
LEFT JOIN huddles_allhuddlesreadmark AS huddles_mark ON huddles_mark.profile_id = reader.id
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN item.id IS NULL THEN '-infinity'::timestamptz
        WHEN item.kind = 5 THEN greatest(item_mark.read_at, huddles_mark.read_at, '-infinity')
        ELSE greatest(reader.read_all_at, item_mark.read_at, place_mark.read_at)
    END AS read_at
) AS marks
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN newcomer.id IS NOT NULL
        THEN fn.permissions_on_profile(%(site_id)s::bigint, reader.id, newcomer.id)
        WHEN comment.id IS NOT NULL THEN fn.permissions_on_comment(%(site_id)s::bigint, reader.id, comment.id)
        ELSE fn.permissions_on_item(%(site_id)s::bigint, reader.id, coalesce(item.id, 0))
    END AS may
) AS answer
CROSS JOIN LATERAL (
    SELECT coalesce(bool_and(watcher.send_email), false) AS wants_mail,
           max(watcher.last_notified_at) FILTER (WHERE watcher.item_id = item.id) AS notified_at
    FROM updates_watcher AS watcher
    WHERE watcher.profile_id = reader.id
      AND CASE
          WHEN mail.type = 9
          THEN watcher.kind = 3 AND watcher.item_id IS NULL AND watcher.microcosm_id IS NULL
               AND watcher.target_profile_id IS NULL
          ELSE (watcher.item_id = item.id AND mail.type <> 8)
               OR (watcher.kind = 3 AND watcher.target_profile_id = home.id)
               OR (mail.type IN (1, 8) AND item.id IS NOT NULL
                   AND (watcher.microcosm_id = item.microcosm_id OR watcher.kind = 1))
      END
) AS watched
CROSS JOIN LATERAL (
    SELECT max(other.claimed_at) AS claimed_at
    FROM updates_mail AS other
    WHERE other.profile_id = reader.id AND other.item_id = item.id AND other.type IN (1, 4, 5) AND other.id <> mail.id
) AS mailed
WHERE mail.id = ANY (%(mail_ids)s::bigint[]) AND mail.profile_id = %(profile_id)s::bigint AND mail.sent_at IS NULL
  AND coalesce(news.id, newcomer.id) IS NOT NULL
  AND account.is_active
  AND coalesce(options.send_email, site.send_email)
  AND NOT EXISTS (
      SELECT FROM updates_undeliverable AS dead
      WHERE dead.email = lower(account.email) AND dead.stopped_at IS NOT NULL
  )
  AND (answer.may).can_read AND NOT (answer.may).is_banned
  AND NOT coalesce(comment.is_deleted OR comment.is_moderated, false)
  AND NOT coalesce(item.is_deleted OR item.is_moderated, false)
  AND coalesce(place.is_live, true)
  AND CASE
      WHEN mail.type IN (1, 4, 5, 8, 9) THEN watched.wants_mail
      ELSE coalesce(preference.send_email, false)
  END
  AND (mail.type NOT IN (1, 4) OR answered.created_by_id IS DISTINCT FROM reader.id)
  AND NOT coalesce(news.is_viewed, false)
  AND coalesce(news.unread_since > marks.read_at, true)
  AND NOT coalesce(news.created_by_id = ANY (ignored.profile_ids), false)
  AND NOT coalesce(comment.created_by_id = ANY (ignored.profile_ids), false)
  AND NOT coalesce(newcomer.id = ANY (ignored.profile_ids), false)
  AND NOT coalesce(item.kind = 5 AND item.created_by_id = ANY (ignored.profile_ids), false)
  AND NOT coalesce(item.id = ANY (ignored.item_ids), false)
  AND NOT coalesce(place.path && ignored.microcosm_ids, false)
ORDER BY mail.id DESC

-- name: note_notified
-- A member is mailed about an update, or somebody new, at a moment: what they watch that made them want it keeps it.
-- Uses: updates_mail_pkey, updates_watcher_target.
UPDATE updates_watcher AS watcher
SET last_notified_at = %(now)s::timestamptz
FROM updates_mail AS mail
JOIN profiles_profile AS reader ON reader.id = mail.profile_id AND reader.site_id = %(site_id)s::bigint
LEFT JOIN updates_update AS news ON news.id = mail.update_id
LEFT JOIN items_item AS item ON item.id = news.item_id
LEFT JOIN comments_comment AS comment ON comment.id = news.comment_id
WHERE mail.id = %(mail_id)s::bigint AND watcher.profile_id = reader.id
  AND CASE
      WHEN mail.type = 9
      THEN watcher.kind = 3 AND watcher.item_id IS NULL AND watcher.microcosm_id IS NULL
           AND watcher.target_profile_id IS NULL
      WHEN mail.type IN (1, 4, 5, 8)
      THEN (watcher.item_id = item.id AND mail.type <> 8)
           OR (watcher.kind = 3 AND watcher.target_profile_id = comment.profile_id)
           OR (mail.type IN (1, 8) AND item.id IS NOT NULL
               AND (watcher.microcosm_id = item.microcosm_id OR watcher.kind = 1))
      ELSE false
  END

-- name: digest_readers
-- The next members of a site, in the order of their ids, for whom mails noted before a moment wait for a digest.
-- Uses: updates_mail_waiting.
SELECT DISTINCT mail.profile_id
FROM updates_mail AS mail
JOIN profiles_profile AS reader ON reader.id = mail.profile_id AND reader.site_id = %(site_id)s::bigint
WHERE mail.digest = %(digest)s::smallint AND mail.sent_at IS NULL AND mail.claimed_at IS NULL
  AND mail.created_at < %(until)s::timestamptz AND mail.profile_id > %(after_id)s::bigint
ORDER BY mail.profile_id
LIMIT %(limit)s::bigint
