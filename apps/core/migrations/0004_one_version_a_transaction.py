"""A transaction that has noted its site takes no member's version as well (docs/decisions/0060)."""

from typing import ClassVar

from django.db import migrations

BEFORE = """
CREATE OR REPLACE FUNCTION core_touch_members(p_members core_member[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(p_members) = 1 AND p_members[1].profile_id IS NOT NULL THEN
        INSERT INTO core_version AS known (site_id, profile_id, version)
        VALUES (
            p_members[1].site_id, p_members[1].profile_id, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
        )
        ON CONFLICT (site_id, profile_id) DO UPDATE SET version = greatest(known.version + 1, excluded.version);
    ELSIF cardinality(p_members) > 1 THEN
        PERFORM core_touch_sites(ARRAY(SELECT DISTINCT told.site_id FROM unnest(p_members) AS told));
    END IF;
END $$;
"""

AFTER = """
-- Note that something has changed that one member alone sees: their row is held until the commit. News for several members
-- touches their sites instead, so that nobody's pages wait for a transaction that tells a thousand. Where the site is noted
-- already nothing is left to do, because its version counts for all its members; and that must be so: writers lock profiles,
-- and one that then wanted a member's version would wait in a circle with one that has the version and wants the profile.
CREATE OR REPLACE FUNCTION core_touch_members(p_members core_member[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    touched CONSTANT text := coalesce(current_setting('microcosm.touched', true), '');
BEGIN
    IF cardinality(p_members) = 1 AND p_members[1].profile_id IS NOT NULL THEN
        IF strpos(touched, '<' || p_members[1].site_id || '>') = 0 THEN
            INSERT INTO core_version AS known (site_id, profile_id, version)
            VALUES (
                p_members[1].site_id, p_members[1].profile_id, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
            )
            ON CONFLICT (site_id, profile_id) DO UPDATE SET version = greatest(known.version + 1, excluded.version);
        END IF;
    ELSIF cardinality(p_members) > 1 THEN
        PERFORM core_touch_sites(ARRAY(SELECT DISTINCT told.site_id FROM unnest(p_members) AS told));
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0003_versions")]

    operations: ClassVar = [migrations.RunSQL(AFTER, BEFORE)]
