"""How many people each site has, kept by a trigger: whoever writes profiles, in whatever way, counts them."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

STATEMENTS = [
    (
        """
        CREATE FUNCTION profiles_profile_count_people() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO profiles_peoplecount AS known (site_id, profile_count)
            SELECT changed.site_id, count(*) * CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END
            FROM changed GROUP BY changed.site_id ORDER BY changed.site_id
            ON CONFLICT (site_id) DO UPDATE SET profile_count = known.profile_count + excluded.profile_count;
            RETURN NULL;
        END $$
        """,
        "DROP FUNCTION profiles_profile_count_people()",
    ),
    (
        """
        CREATE TRIGGER profiles_profile_people_come AFTER INSERT ON profiles_profile
        REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION profiles_profile_count_people()
        """,
        "DROP TRIGGER profiles_profile_people_come ON profiles_profile",
    ),
    (
        """
        CREATE TRIGGER profiles_profile_people_go AFTER DELETE ON profiles_profile
        REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION profiles_profile_count_people()
        """,
        "DROP TRIGGER profiles_profile_people_go ON profiles_profile",
    ),
    # The triggers hold off writers until this is done. A row for each site, read from an index.
    (
        """
        INSERT INTO profiles_peoplecount (site_id, profile_count)
        SELECT site_id, count(*) FROM profiles_profile GROUP BY site_id
        """,
        "",
    ),
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("profiles", "0004_attribute_is_own_claim"), ("sites", "0001_initial")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="PeopleCount",
            fields=[
                (
                    "site",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="sites.site",
                    ),
                ),
                ("profile_count", models.BigIntegerField()),
            ],
        ),
        *(migrations.RunSQL(sql=make, reverse_sql=drop) for make, drop in STATEMENTS),
    ]
