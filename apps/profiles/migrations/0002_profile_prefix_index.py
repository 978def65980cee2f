"""An index that finds profiles by the start of their name."""

from typing import ClassVar

import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies: ClassVar = [("profiles", "0001_initial")]

    operations: ClassVar = [
        AddIndexConcurrently(
            model_name="profile",
            index=models.Index(
                models.F("site"),
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Lower("name"), name="text_pattern_ops"
                ),
                name="profiles_profile_prefix",
            ),
        ),
    ]
