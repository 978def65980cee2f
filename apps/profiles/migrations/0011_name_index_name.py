"""The wider index takes the name of the one that is gone."""

from typing import ClassVar

from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    dependencies: ClassVar = [("profiles", "0010_name_index_without_id_goes")]

    operations: ClassVar = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "ALTER INDEX profiles_profile_name_wide RENAME TO profiles_profile_name",
                    "ALTER INDEX profiles_profile_name RENAME TO profiles_profile_name_wide",
                )
            ],
            state_operations=[
                migrations.RemoveConstraint(model_name="profile", name="profiles_profile_name"),
                migrations.AddConstraint(
                    model_name="profile",
                    constraint=models.UniqueConstraint(
                        "site", Lower("name"), include=("id", "name"), name="profiles_profile_name"
                    ),
                ),
            ],
        ),
    ]
