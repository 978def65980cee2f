-- How many rows a page passes over and how many it has at most, of a list whose rows are all at hand: at an offset, or
-- (`p_passed`) where a cursor stands. So many rows stand before its place or, for pages after it, up to it; 0 without cursor.
CREATE FUNCTION fn.page_bounds(p_limit bigint, p_offset bigint, p_is_before boolean, p_passed bigint) RETURNS TABLE (
    skipped bigint, taken bigint
)
LANGUAGE sql IMMUTABLE ROWS 1 AS $$
    SELECT CASE WHEN p_is_before THEN greatest(p_passed - p_limit, 0) ELSE p_passed + p_offset END,
           CASE WHEN p_is_before THEN least(p_passed, p_limit) ELSE p_limit END
$$;
