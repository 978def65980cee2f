"""An index that finds the watchers of a person in the order of their ids."""

from typing import ClassVar

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies: ClassVar = [("updates", "0004_watchers_of_a_microcosm")]

    operations: ClassVar = [
        AddIndexConcurrently(
            model_name="watcher",
            index=models.Index(
                fields=['target_profile', 'profile'], name="updates_watcher_of_person", condition=models.Q(target_profile__isnull=False)
            ),
        ),
    ]
