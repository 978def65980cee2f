"""An index that finds the watchers of a microcosm in the order of their ids."""

from typing import ClassVar

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies: ClassVar = [("updates", "0003_watchers_of_an_item")]

    operations: ClassVar = [
        AddIndexConcurrently(
            model_name="watcher",
            index=models.Index(
                fields=['microcosm', 'profile'], name="updates_watcher_of_place", condition=models.Q(microcosm__isnull=False)
            ),
        ),
    ]
