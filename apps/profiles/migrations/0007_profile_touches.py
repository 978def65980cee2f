"""Whatever changes here moves the version of its site, or of a member (docs/decisions/0060)."""

from typing import ClassVar

from django.db import migrations

from apps.core.touching import site_triggers

OF_PROFILE = "SELECT person.site_id FROM {rows} AS changed JOIN profiles_profile AS person ON person.id = changed.profile_id"
#: Criteria of roles look at addresses.
OF_USER = "SELECT person.site_id FROM {rows} AS changed JOIN profiles_profile AS person ON person.user_id = changed.id"
#: When somebody was here last changes each minute for each of them; pages that show it are not kept.
SHOWS_ACTIVITY = """
CREATE OR REPLACE FUNCTION profiles_profile_update_touches() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM core_touch_sites(ARRAY(
        SELECT DISTINCT added.site_id
        FROM added
        LEFT JOIN gone ON gone.id = added.id
        WHERE to_jsonb(added) - 'last_active_at' IS DISTINCT FROM to_jsonb(gone) - 'last_active_at'
    ));
    RETURN NULL;
END $$
"""
STATEMENTS = [
    *site_triggers(
        [
            ("profiles_profile", "SELECT site_id FROM {rows}"),
            ("profiles_profileattribute", OF_PROFILE),
            ("profiles_attachment", OF_PROFILE),
            ("accounts_user", OF_USER),
        ]
    ),
    (SHOWS_ACTIVITY, "SELECT 1"),
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("profiles", "0006_people_version"), ("core", "0003_versions")]

    operations: ClassVar = [migrations.RunSQL(sql=make, reverse_sql=drop) for make, drop in STATEMENTS]
