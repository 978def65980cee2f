-- An item of a site, locked after the microcosm it is in and the one it may move to; no row when one of them is not on the
-- site. Locks are taken in the order of docs/decisions/0015. Which microcosm the item is in is read before the locks: if it
-- has moved meanwhile, undoing the block lets go of them, and the walk begins again.
CREATE FUNCTION fn.lock_item(p_site_id bigint, p_item_id bigint, p_target_id bigint)
RETURNS TABLE (item items_item, place microcosms_microcosm)
LANGUAGE plpgsql VOLATILE ROWS 1 AS $$
DECLARE
    place_id bigint;
    locked microcosms_microcosm;
    has_target boolean;
BEGIN
    LOOP
        SELECT known.microcosm_id INTO place_id
        FROM items_item AS known WHERE known.id = p_item_id AND known.site_id = p_site_id;
        IF NOT FOUND THEN
            RETURN;
        END IF;
        place := NULL;
        has_target := p_target_id IS NULL;
        BEGIN
            FOR locked IN
                SELECT microcosm.*
                FROM microcosms_microcosm AS microcosm
                WHERE microcosm.site_id = p_site_id AND microcosm.id IN (place_id, p_target_id)
                ORDER BY microcosm.id
                FOR NO KEY UPDATE
            LOOP
                IF locked.id = place_id THEN
                    place := locked;
                END IF;
                has_target := has_target OR locked.id = p_target_id;
            END LOOP;
            SELECT known.* INTO item
            FROM items_item AS known WHERE known.id = p_item_id AND known.site_id = p_site_id
            FOR NO KEY UPDATE;
            IF NOT FOUND OR NOT has_target THEN
                RETURN;
            END IF;
            IF item.microcosm_id IS NOT DISTINCT FROM place_id THEN
                RETURN NEXT;
                RETURN;
            END IF;
            RAISE EXCEPTION USING ERRCODE = 'MVD01';
        EXCEPTION WHEN SQLSTATE 'MVD01' THEN
            CONTINUE;
        END;
    END LOOP;
END $$;
