-- Whether a comparison that came out as -1, 0 or 1 is what a predicate asks for; `ne` and `neq` are synonyms.
CREATE FUNCTION fn.fits(p_sign integer, p_predicate text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE p_predicate
        WHEN 'eq' THEN p_sign = 0
        WHEN 'ne' THEN p_sign <> 0
        WHEN 'neq' THEN p_sign <> 0
        WHEN 'lt' THEN p_sign < 0
        WHEN 'le' THEN p_sign <= 0
        WHEN 'ge' THEN p_sign >= 0
        WHEN 'gt' THEN p_sign > 0
        ELSE false
    END
$$;

-- Whether two texts are what a predicate asks for; substrings ignore case.
CREATE FUNCTION fn.fits_text(p_left text, p_predicate text, p_right text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE p_predicate
        WHEN 'eq' THEN p_left = p_right
        WHEN 'ne' THEN p_left <> p_right
        WHEN 'neq' THEN p_left <> p_right
        WHEN 'substr' THEN strpos(lower(p_left), lower(p_right)) > 0
        WHEN 'nsubstr' THEN strpos(lower(p_left), lower(p_right)) = 0
        ELSE false
    END
$$;

-- A text without the five entities that cleaning writes: names, genders and attributes are stored escaped.
CREATE FUNCTION fn.plain(p_text text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN strpos(p_text, '&') = 0 THEN p_text ELSE
        replace(replace(replace(replace(replace(p_text, '&lt;', '<'), '&gt;', '>'), '&#34;', '"'), '&#39;', ''''),
                '&amp;', '&')
    END
$$;

-- The date that a text of the form YYYY-MM-DD names; null for any other text.
CREATE FUNCTION fn.date_of(p_text text) RETURNS date
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    year integer;
    month integer;
    day integer;
BEGIN
    IF p_text !~ '^\d{4}-\d\d-\d\d$' THEN
        RETURN NULL;
    END IF;
    year := left(p_text, 4);
    month := substr(p_text, 6, 2);
    day := substr(p_text, 9, 2);
    IF year = 0 OR month NOT BETWEEN 1 AND 12 OR day NOT BETWEEN 1 AND 31 THEN
        RETURN NULL;
    END IF;
    -- The first of the month plus days leaves the month when there is no such day in it.
    IF extract(month FROM make_date(year, month, 1) + (day - 1)) <> month THEN
        RETURN NULL;
    END IF;
    RETURN make_date(year, month, day);
END $$;

-- Whether a criterion on a column of a profile holds (contract A 22.6).
CREATE FUNCTION fn.column_criterion_holds(
    p_criterion permissions_criterion, p_profile profiles_profile, p_email text, p_is_banned boolean
) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
    kind CONSTANT text := jsonb_typeof(p_criterion.value);
    word CONSTANT text := p_criterion.value #>> '{}';
    days integer;
BEGIN
    CASE p_criterion.profile_column
        WHEN 'id' THEN
            IF kind = 'number' THEN
                RETURN fn.fits(sign(p_profile.id - word::numeric)::integer, p_criterion.predicate);
            END IF;
        WHEN 'itemCount' THEN
            IF kind = 'number' THEN
                RETURN fn.fits(sign(p_profile.item_count - word::numeric)::integer, p_criterion.predicate);
            END IF;
        WHEN 'commentCount' THEN
            IF kind = 'number' THEN
                RETURN fn.fits(sign(p_profile.comment_count - word::numeric)::integer, p_criterion.predicate);
            END IF;
        WHEN 'created' THEN
            IF kind = 'number' THEN
                days := floor(extract(epoch FROM statement_timestamp() - p_profile.created_at) / 86400);
                RETURN fn.fits(sign(days - word::numeric)::integer, p_criterion.predicate);
            ELSIF kind = 'string' THEN
                days := (p_profile.created_at AT TIME ZONE 'UTC')::date - fn.date_of(word);
                RETURN fn.fits(sign(days)::integer, p_criterion.predicate);
            END IF;
        WHEN 'profileName' THEN
            IF kind = 'string' THEN
                RETURN fn.fits_text(lower(fn.plain(p_profile.name)), p_criterion.predicate, lower(fn.plain(word)));
            END IF;
        WHEN 'gender' THEN
            IF kind = 'string' THEN
                RETURN fn.fits_text(lower(fn.plain(p_profile.gender)), p_criterion.predicate, lower(fn.plain(word)));
            END IF;
        WHEN 'email' THEN
            IF kind = 'string' THEN
                RETURN fn.fits_text(lower(p_email), p_criterion.predicate, lower(fn.plain(word)));
            END IF;
        WHEN 'isBanned' THEN
            IF kind = 'boolean' AND p_criterion.predicate IN ('eq', 'ne', 'neq') THEN
                RETURN (p_is_banned = word::boolean) = (p_criterion.predicate = 'eq');
            END IF;
        ELSE
            RETURN false;
    END CASE;
    RETURN false;
END $$;

-- Whether a criterion on an attribute of a profile holds; the attribute is null where the profile has none. Negative
-- predicates also match profiles without the attribute, or with one of another type; positive ones do not.
CREATE FUNCTION fn.attribute_criterion_holds(
    p_criterion permissions_criterion, p_attribute profiles_profileattribute
) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
    kind CONSTANT text := jsonb_typeof(p_criterion.value);
    word CONSTANT text := p_criterion.value #>> '{}';
    predicate CONSTANT text := p_criterion.predicate;
BEGIN
    IF kind NOT IN ('string', 'number', 'boolean') THEN
        RETURN false;
    ELSIF kind = 'string' AND p_attribute.date_value IS NOT NULL AND fn.date_of(word) IS NOT NULL
          AND predicate NOT IN ('substr', 'nsubstr') THEN
        RETURN fn.fits(sign(p_attribute.date_value - fn.date_of(word))::integer, predicate);
    ELSIF kind = 'string' AND p_attribute.text_value IS NOT NULL THEN
        RETURN fn.fits_text(fn.plain(p_attribute.text_value), predicate, fn.plain(word));
    ELSIF kind = 'number' AND p_attribute.number_value IS NOT NULL THEN
        RETURN fn.fits(sign(p_attribute.number_value::numeric - word::numeric)::integer, predicate);
    ELSIF kind = 'boolean' AND p_attribute.bool_value IS NOT NULL THEN
        RETURN predicate IN ('eq', 'ne', 'neq')
           AND (p_attribute.bool_value = word::boolean) = (predicate = 'eq');
    END IF;
    RETURN predicate IN ('ne', 'neq', 'nsubstr');
END $$;

-- Whether a criterion holds. A broken one does not: it must never widen a role, nor make anything fail.
CREATE FUNCTION fn.criterion_holds(
    p_criterion permissions_criterion, p_profile profiles_profile, p_email text, p_is_banned boolean,
    p_attribute profiles_profileattribute
) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT coalesce(CASE
        WHEN p_criterion.profile_column <> ''
            THEN fn.column_criterion_holds(p_criterion, p_profile, p_email, p_is_banned)
        ELSE fn.attribute_criterion_holds(p_criterion, p_attribute)
    END, false)
$$;

-- Which of some roles a profile is in by their criteria: all of one group, any group.
CREATE FUNCTION fn.roles_by_criteria(p_profile_id bigint, p_role_ids bigint[]) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE ROWS 5 AS $$
BEGIN
    RETURN QUERY
        SELECT criterion.role_id
        FROM permissions_criterion AS criterion
        JOIN profiles_profile AS profile ON profile.id = p_profile_id
        JOIN accounts_user AS member ON member.id = profile.user_id
        LEFT JOIN permissions_ban AS ban
          ON ban.site_id = profile.site_id AND ban.user_id = profile.user_id
         AND (ban.expires_at IS NULL OR ban.expires_at > statement_timestamp())
        LEFT JOIN profiles_profileattribute AS attribute
          ON attribute.profile_id = profile.id AND attribute.key = criterion.attribute_key
         AND NOT attribute.is_own_claim
        WHERE criterion.role_id = ANY (p_role_ids)
        GROUP BY criterion.role_id, criterion.or_group
        HAVING bool_and(fn.criterion_holds(criterion, profile, member.email, ban.id IS NOT NULL, attribute));
END $$;

-- The roles that count in the microcosm at the end of a path (A 31.3): every special one on the way, and the regular
-- ones of the deepest microcosm that has any.
CREATE FUNCTION fn.effective_roles(p_path bigint[]) RETURNS SETOF permissions_role
LANGUAGE sql STABLE ROWS 5 AS $$
    SELECT role.*
    FROM permissions_role AS role
    WHERE role.microcosm_id = ANY (p_path)
      AND (role.is_moderator OR role.is_banned OR role.microcosm_id = (
          SELECT source.microcosm_id
          FROM permissions_role AS source
          WHERE source.microcosm_id = ANY (p_path) AND NOT source.is_moderator AND NOT source.is_banned
          ORDER BY array_position(p_path, source.microcosm_id) DESC
          LIMIT 1
      ))
$$;

-- A page of the people in a role (A 31.2), guests left out, by id: how many there are in all, and who. One row with no
-- profile when the page is empty.
CREATE FUNCTION fn.role_members(
    p_role_id bigint, p_limit bigint, p_offset bigint, p_from_id bigint DEFAULT NULL, p_is_before boolean DEFAULT false
)
RETURNS TABLE (total bigint, profile_id bigint)
LANGUAGE plpgsql STABLE ROWS 5 AS $$
DECLARE
    role permissions_role;
    members bigint[];
    bounds record;
BEGIN
    SELECT r.* INTO role FROM permissions_role AS r WHERE r.id = p_role_id;
    IF role.include_users THEN
        RETURN QUERY
            SELECT everybody.total, page.id
            FROM (SELECT count(*) AS total FROM profiles_profile AS p WHERE p.site_id = role.site_id) AS everybody
            LEFT JOIN (
                SELECT p.id FROM profiles_profile AS p
                WHERE p.site_id = role.site_id
                  AND (p_from_id IS NULL OR CASE WHEN p_is_before THEN p.id < p_from_id ELSE p.id > p_from_id END)
                ORDER BY CASE WHEN p_is_before THEN - p.id ELSE p.id END
                LIMIT p_limit OFFSET p_offset
            ) AS page ON true
            ORDER BY page.id;
        RETURN;
    END IF;
    members := ARRAY(
        SELECT named.profile_id FROM permissions_roleprofile AS named WHERE named.role_id = p_role_id ORDER BY 1);
    IF EXISTS (SELECT FROM permissions_criterion AS criterion WHERE criterion.role_id = p_role_id) THEN
        members := ARRAY(
            SELECT named.id FROM unnest(members) AS named (id)
            UNION
            SELECT profile.id
            FROM permissions_criterion AS criterion
            JOIN profiles_profile AS profile ON profile.site_id = role.site_id
            JOIN accounts_user AS member ON member.id = profile.user_id
            LEFT JOIN permissions_ban AS ban
              ON ban.site_id = profile.site_id AND ban.user_id = profile.user_id
             AND (ban.expires_at IS NULL OR ban.expires_at > statement_timestamp())
            LEFT JOIN profiles_profileattribute AS attribute
              ON attribute.profile_id = profile.id AND attribute.key = criterion.attribute_key
             AND NOT attribute.is_own_claim
            WHERE criterion.role_id = p_role_id
            GROUP BY profile.id, criterion.or_group
            HAVING bool_and(fn.criterion_holds(criterion, profile, member.email, ban.id IS NOT NULL, attribute))
            ORDER BY 1);
    END IF;
    SELECT around.skipped, around.taken INTO bounds
      FROM (
          SELECT count(*) AS passed FROM unnest(members) AS member (id)
          WHERE CASE WHEN p_is_before THEN member.id < p_from_id ELSE member.id <= p_from_id END
      ) AS reached
      CROSS JOIN LATERAL fn.page_bounds(p_limit, p_offset, p_is_before, reached.passed) AS around;
    RETURN QUERY
        SELECT cardinality(members)::bigint, page.id
        FROM (VALUES (1)) AS one (row)
        LEFT JOIN unnest(members[bounds.skipped + 1 : bounds.skipped + bounds.taken]) AS page (id) ON true;
END $$;
