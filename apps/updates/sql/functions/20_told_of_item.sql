-- When something happened on an item last that is no activity of it and that a member was told of and has not viewed, or
-- when they were mailed about the item last; null for never. Reading the item clears it (B 12.3, 16.2).
-- One SELECT, so that the planner folds it into the statements that use it.
-- Uses: updates_update_of_item, updates_mail_of_item.
CREATE FUNCTION fn.told_of_item(p_profile_id bigint, p_item_id bigint) RETURNS TABLE (told_at timestamptz)
LANGUAGE sql STABLE ROWS 1 AS $$
    SELECT greatest(
        (
            SELECT max(news.unread_since) FROM updates_update AS news
            WHERE news.profile_id = p_profile_id AND news.item_id = p_item_id AND NOT news.is_viewed
              -- As the index has it: all other news is as old as a comment or the item itself.
              AND (news.type IN (3, 5, 7) OR news.unread_since > news.created_at)
        ),
        (
            -- A filter, lest all that the member was ever mailed is walked through from the newest.
            SELECT max(mail.claimed_at) FILTER (WHERE mail.type IN (1, 4, 5)) FROM updates_mail AS mail
            WHERE mail.profile_id = p_profile_id AND mail.item_id = p_item_id
        )
    )
$$;
