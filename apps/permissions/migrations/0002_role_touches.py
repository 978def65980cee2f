"""Whatever changes here moves the version of its site, or of a member (docs/decisions/0060)."""

from typing import ClassVar

from django.db import migrations

from apps.core.touching import site_triggers

OF_SITE = "SELECT site_id FROM {rows}"
OF_ROLE = "SELECT role.site_id FROM {rows} AS changed JOIN permissions_role AS role ON role.id = changed.role_id"
STATEMENTS = site_triggers(
    [
        ("permissions_role", OF_SITE),
        ("permissions_roleprofile", OF_ROLE),
        ("permissions_criterion", OF_ROLE),
        ("permissions_ban", OF_SITE),
    ]
)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("permissions", "0001_initial"), ("core", "0003_versions")]

    operations: ClassVar = [migrations.RunSQL(sql=make, reverse_sql=drop) for make, drop in STATEMENTS]
