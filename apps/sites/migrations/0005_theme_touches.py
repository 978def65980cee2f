"""Sites show the pictures of their theme where they have none: a theme moves the versions of its sites (decision 0060)."""

from typing import ClassVar

from django.db import migrations

from apps.core.touching import site_triggers

OF_THEME = "SELECT site.id FROM {rows} AS changed JOIN sites_site AS site ON site.theme_id = changed.id"
STATEMENTS = site_triggers([("sites_theme", OF_THEME)])


class Migration(migrations.Migration):
    dependencies: ClassVar = [("sites", "0004_site_touches")]

    operations: ClassVar = [migrations.RunSQL(sql=make, reverse_sql=drop) for make, drop in STATEMENTS]
