"""Whatever changes here moves the version of its site, or of a member (docs/decisions/0060)."""

from typing import ClassVar

from django.db import migrations

from apps.core.touching import site_triggers

OF_SITE = "SELECT site_id FROM {rows}"
STATEMENTS = site_triggers(
    [("sites_site", "SELECT id FROM {rows}"), ("sites_menulink", OF_SITE), ("sites_siteattribute", OF_SITE)]
)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("sites", "0003_statistics"), ("core", "0003_versions")]

    operations: ClassVar = [migrations.RunSQL(sql=make, reverse_sql=drop) for make, drop in STATEMENTS]
