-- What the drill adds to its database: every version of every row that rights and visibility depend on, each with the
-- transaction that made it. The log of changes says in which order those transactions became visible.
CREATE TABLE chaos_history (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid bigint NOT NULL,
    kind text NOT NULL,
    is_there boolean NOT NULL,
    row jsonb NOT NULL
);

CREATE FUNCTION chaos_remember() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    whole CONSTANT jsonb := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
BEGIN
    INSERT INTO chaos_history (xid, kind, is_there, row)
    SELECT pg_current_xact_id()::text::bigint, TG_TABLE_NAME, TG_OP <> 'DELETE', jsonb_object_agg(name, whole -> name)
    FROM unnest(TG_ARGV) AS watched (name);
    RETURN NULL;
END $$;

-- The first version of each row is as old as the drill.
CREATE PROCEDURE chaos_watch(p_table text, VARIADIC p_columns text[]) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE TRIGGER chaos_remember AFTER INSERT OR DELETE OR UPDATE OF %s ON %I'
        ' FOR EACH ROW EXECUTE FUNCTION chaos_remember(%s)',
        (SELECT string_agg(quote_ident(name), ', ') FROM unnest(p_columns) AS watched (name)),
        p_table,
        (SELECT string_agg(quote_literal(name), ', ') FROM unnest(p_columns) AS watched (name))
    );
    EXECUTE format(
        'INSERT INTO chaos_history (xid, kind, is_there, row)'
        ' SELECT 0, %L, true, (SELECT jsonb_object_agg(name, to_jsonb(source) -> name) FROM unnest(%L::text[]) AS watched (name))'
        ' FROM %I AS source',
        p_table, p_columns, p_table
    );
END $$;

CALL chaos_watch('microcosms_microcosm', 'id', 'path', 'parent_id', 'owner_id', 'created_by_id', 'is_live', 'is_deleted', 'is_moderated');
CALL chaos_watch('permissions_role', 'id', 'microcosm_id', 'title', 'is_moderator', 'is_banned', 'can_read', 'include_guests', 'include_users');
CALL chaos_watch('permissions_roleprofile', 'id', 'role_id', 'profile_id');
CALL chaos_watch('permissions_ban', 'id', 'user_id', 'expires_at');
CALL chaos_watch('items_item', 'id', 'kind', 'microcosm_id', 'created_by_id', 'title', 'is_deleted', 'is_moderated', 'is_open');
CALL chaos_watch('comments_comment', 'id', 'item_id', 'profile_id', 'created_by_id', 'is_deleted', 'is_moderated');
CALL chaos_watch('comments_revision', 'id', 'comment_id', 'number', 'markdown');
CALL chaos_watch('huddles_participant', 'id', 'huddle_id', 'profile_id');
CALL chaos_watch('items_pollvote', 'poll_id', 'choice_id', 'profile_id');
CALL chaos_watch('items_attendee', 'id', 'event_id', 'profile_id', 'rsvp');
CALL chaos_watch('accounts_accesstoken', 'id', 'user_id', 'revoked_at');
