"""An index that finds the watchers of an item in the order of their ids."""

from typing import ClassVar

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies: ClassVar = [("updates", "0002_preference_and_update")]

    operations: ClassVar = [
        AddIndexConcurrently(
            model_name="watcher",
            index=models.Index(
                fields=['item', 'profile'], name="updates_watcher_of_item", condition=models.Q(item__isnull=False)
            ),
        ),
    ]
