"""The index that the one before it stands in for."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies: ClassVar = [("profiles", "0009_name_index_with_id")]

    operations: ClassVar = [
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY profiles_profile_name",
            "CREATE UNIQUE INDEX CONCURRENTLY profiles_profile_name ON profiles_profile (site_id, lower(name))",
        ),
    ]
