"""Whatever changes here moves the version of its site, or of a member (docs/decisions/0060)."""

from typing import ClassVar

from django.db import migrations

from apps.core.touching import member_triggers

OF_MEMBER = (
    "SELECT person.site_id, person.id AS profile_id FROM {rows} AS changed"
    " JOIN profiles_profile AS person ON person.id = changed.profile_id"
)
STATEMENTS = member_triggers(
    [("updates_watcher", OF_MEMBER), ("updates_ignore", OF_MEMBER), ("updates_update", OF_MEMBER)]
)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("updates", "0009_push_subscription"), ("profiles", "0007_profile_touches")]

    operations: ClassVar = [migrations.RunSQL(sql=make, reverse_sql=drop) for make, drop in STATEMENTS]
