"""Whatever changes here moves the version of its site, or of a member (docs/decisions/0060)."""

from typing import ClassVar

from django.db import migrations

from apps.core.touching import site_triggers

STATEMENTS = site_triggers([("microcosms_microcosm", "SELECT site_id FROM {rows}")])


class Migration(migrations.Migration):
    dependencies: ClassVar = [("microcosms", "0002_attribute"), ("core", "0003_versions")]

    operations: ClassVar = [migrations.RunSQL(sql=make, reverse_sql=drop) for make, drop in STATEMENTS]
