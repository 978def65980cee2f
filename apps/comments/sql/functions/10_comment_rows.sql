-- Comments by id as `comments.shapes.comment_summary` wants them, in no order; unknown ids are left out.
-- Whether they may be seen is the caller's business. `p_read_at` is up to when the reader has read the item that the
-- comments hang on; null for guests, for whom nothing is unread, and for biographies.
-- One SELECT, so that the planner folds it into the statements that use it; joined to the unnested ids rather than
-- filtered by `= ANY`, which made it read all comments there are.
CREATE FUNCTION fn.comment_rows(p_ids bigint[], p_read_at timestamptz) RETURNS TABLE (
    id bigint,
    created_at timestamptz,
    revision_count integer,
    attachment_count integer,
    is_deleted boolean,
    is_moderated boolean,
    is_unread boolean,
    parent_kind smallint,
    parent_id bigint,
    parent_title text,
    markdown text,
    html text,
    edited_at timestamptz,
    author_id bigint,
    author_user_id bigint,
    author_name text,
    author_is_visible boolean,
    author_avatar_url text,
    editor_id bigint,
    editor_user_id bigint,
    editor_name text,
    editor_is_visible boolean,
    editor_avatar_url text,
    in_reply_to_id bigint,
    reply_author_id bigint,
    reply_author_name text
)
LANGUAGE sql STABLE ROWS 25 AS $$
    SELECT comment.id,
           comment.created_at,
           comment.revision_count,
           comment.attachment_count,
           comment.is_deleted,
           comment.is_moderated,
           coalesce(comment.item_id IS NOT NULL AND comment.created_at > p_read_at, false),
           coalesce(item.kind, 3)::smallint,
           coalesce(comment.item_id, comment.profile_id),
           coalesce(item.title, home.name)::text,
           revision.markdown,
           revision.html,
           revision.created_at,
           author.id, author.user_id, author.name::text, author.is_visible, author.avatar_url::text,
           editor.id, editor.user_id, editor.name::text, editor.is_visible, editor.avatar_url::text,
           answered.id, answered_author.id, answered_author.name::text
    FROM unnest(p_ids) AS wanted (id)
    JOIN comments_comment AS comment ON comment.id = wanted.id
    JOIN comments_revision AS revision
      ON revision.comment_id = comment.id AND revision.number = comment.revision_count
    JOIN profiles_profile AS author ON author.id = comment.created_by_id
    JOIN profiles_profile AS editor ON editor.id = revision.created_by_id
    LEFT JOIN items_item AS item ON item.id = comment.item_id
    LEFT JOIN profiles_profile AS home ON home.id = comment.profile_id
    LEFT JOIN comments_comment AS answered
      ON answered.id = comment.in_reply_to_id AND NOT answered.is_deleted AND NOT answered.is_moderated
     AND answered.item_id IS NOT DISTINCT FROM comment.item_id
     AND answered.profile_id IS NOT DISTINCT FROM comment.profile_id
    LEFT JOIN profiles_profile AS answered_author ON answered_author.id = answered.created_by_id
$$;
