-- The microcosm that a change concerns beside the one where its thing is now: the one that it was moved out of, or where it
-- was when it was hidden or shown, if it has been moved since. Null for none.
CREATE FUNCTION fn.change_source(p_kind text, p_ids jsonb, p_place_id bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(
        (p_ids ->> 'from_microcosm_id')::bigint,
        CASE WHEN p_kind ~ '^(conversation|event|poll)\.(flagged|deleted)$'
             THEN nullif((p_ids ->> 'microcosm_id')::bigint, p_place_id) END
    )
$$;
