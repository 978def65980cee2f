"""The wider index takes the name of the one that is gone."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("profiles", "0013_top_index_without_id_goes")]

    operations: ClassVar = [
        migrations.RenameIndex(
            model_name="profile", old_name="profiles_profile_top_wide", new_name="profiles_profile_top"
        ),
    ]
