"""The order of those who comment most, as one comparison of rows and with what pages far in need."""

from typing import ClassVar

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    atomic = False

    dependencies: ClassVar = [("profiles", "0011_name_index_name")]

    operations: ClassVar = [
        AddIndexConcurrently(
            model_name="profile",
            index=models.Index(
                "site",
                models.Func("comment_count", template="- %(expressions)s"),
                Lower("name"),
                include=("id", "name", "comment_count"),
                name="profiles_profile_top_wide",
            ),
        ),
    ]
