-- name: new_ids
-- The new ids of those old ids of a kind that are imported already.
-- Uses: transfer_importeditem_old_id.
SELECT imported.old_id, imported.new_id
FROM transfer_origin AS origin
JOIN transfer_importeditem AS imported
  ON imported.origin_id = origin.id AND imported.kind = %(kind)s::smallint AND imported.old_id = ANY (%(old_ids)s::text[])
WHERE origin.site_id = %(site_id)s::bigint

-- name: all_new_ids
-- The new ids of everything of a kind that is imported.
-- Uses: transfer_importeditem_old_id.
SELECT imported.old_id, imported.new_id
FROM transfer_origin AS origin
JOIN transfer_importeditem AS imported ON imported.origin_id = origin.id AND imported.kind = %(kind)s::smallint
WHERE origin.site_id = %(site_id)s::bigint

-- name: unresolved_replies
-- The imported comments that answer something that is not imported, with the old id of that.
SELECT pending.comment_id, pending.old_id
FROM transfer_origin AS origin
JOIN transfer_pendingreply AS pending ON pending.origin_id = origin.id
WHERE origin.site_id = %(site_id)s::bigint
ORDER BY pending.comment_id

-- name: forget_threaded_replies
-- Drops what was remembered about comments that are joined to what they answer.
DELETE FROM transfer_pendingreply AS pending
USING transfer_origin AS origin, comments_comment AS comment
WHERE origin.site_id = %(site_id)s::bigint AND pending.origin_id = origin.id
  AND comment.id = pending.comment_id AND comment.in_reply_to_id IS NOT NULL

-- name: members_by_email
-- The profiles on a site of the users with these canonical addresses.
-- Uses: accounts_user_canonical_email, profiles_profile_user.
SELECT member.canonical_email, profile.id
FROM accounts_user AS member
JOIN profiles_profile AS profile ON profile.user_id = member.id AND profile.site_id = %(site_id)s::bigint
WHERE member.canonical_email = ANY (%(emails)s::text[])

-- name: names_in_use
-- Each of these names in the lower case of the database, whose uniqueness counts, and whether a profile has it.
-- Uses: profiles_profile_name.
SELECT wanted.name, lower(wanted.name) AS lower_name,
       EXISTS (
           SELECT FROM profiles_profile AS profile
           WHERE profile.site_id = %(site_id)s::bigint AND lower(profile.name) = lower(wanted.name)
       ) AS is_taken
FROM unnest(%(names)s::text[]) AS wanted (name)

-- name: profile_names
-- Everybody on a site, for mentions.
-- Uses: profiles_profile_user.
SELECT profile.id, profile.name FROM profiles_profile AS profile WHERE profile.site_id = %(site_id)s::bigint

-- name: profile_users
-- The users behind profiles of a site.
SELECT profile.id, profile.user_id
FROM profiles_profile AS profile
WHERE profile.site_id = %(site_id)s::bigint AND profile.id = ANY (%(profile_ids)s::bigint[])

-- name: unshown_avatars
-- The latest picture of each profile of a site that has pictures and shows none.
-- Uses: profiles_attachment_pair.
SELECT DISTINCT ON (attachment.profile_id) attachment.profile_id, file.hash, attachment.extension
FROM profiles_profile AS profile
JOIN profiles_attachment AS attachment ON attachment.profile_id = profile.id
JOIN files_file AS file ON file.id = attachment.file_id
WHERE profile.site_id = %(site_id)s::bigint AND profile.avatar_url = ''
ORDER BY attachment.profile_id, attachment.id DESC

-- name: known_products
-- Those of some products that the content of a site came from: the forum that was imported first, then those before it.
-- Uses: transfer_formerid_pkey.
SELECT wanted.product
FROM unnest(%(products)s::text[]) AS wanted (product)
JOIN transfer_origin AS origin ON origin.site_id = %(site_id)s::bigint
WHERE origin.product = wanted.product
   OR EXISTS (
       SELECT FROM transfer_formerid AS former
       WHERE former.origin_id = origin.id AND former.product = wanted.product
   )
ORDER BY origin.product = wanted.product DESC, wanted.product

-- name: id_of_old_one
-- The id of what a forum that a site came from knew by an old id; no row for what is not here.
-- Uses: transfer_importeditem_old_id, transfer_formerid_pkey.
SELECT imported.new_id
FROM transfer_origin AS origin
JOIN transfer_importeditem AS imported
  ON imported.origin_id = origin.id AND imported.kind = %(kind)s::smallint AND imported.old_id = %(old_id)s::text
WHERE origin.site_id = %(site_id)s::bigint AND origin.product = %(product)s::text
UNION ALL
SELECT former.new_id
FROM transfer_origin AS origin
JOIN transfer_formerid AS former
  ON former.origin_id = origin.id AND former.product = %(product)s::text AND former.kind = %(kind)s::smallint
 AND former.old_id = %(old_id)s::text
WHERE origin.site_id = %(site_id)s::bigint
LIMIT 1

-- name: record_former_ids
-- Notes what things were called in a forum before the one that was imported; what is noted stays as it is.
INSERT INTO transfer_formerid (origin_id, product, kind, old_id, new_id)
SELECT origin.id, %(product)s::text, %(kind)s::smallint, known.old_id, known.new_id
FROM transfer_origin AS origin
CROSS JOIN unnest(%(old_ids)s::text[], %(new_ids)s::bigint[]) AS known (old_id, new_id)
WHERE origin.site_id = %(site_id)s::bigint
ON CONFLICT (origin_id, product, kind, old_id) DO NOTHING

-- name: files_by_hash
-- The ids of a site's files with some hashes.
-- Uses: files_file_hash.
SELECT file.hash, file.id
FROM files_file AS file
WHERE file.site_id = %(site_id)s::bigint AND file.hash = ANY (%(hashes)s::text[])
