"""Names with what pages far into the list of people need of those who are not on them."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies: ClassVar = [("profiles", "0008_people_blocks")]

    operations: ClassVar = [
        migrations.RunSQL(
            "CREATE UNIQUE INDEX CONCURRENTLY profiles_profile_name_wide"
            " ON profiles_profile (site_id, lower(name)) INCLUDE (id, name)",
            "DROP INDEX CONCURRENTLY profiles_profile_name_wide",
        ),
    ]
