"""An index that finds the watchers of a site and of all its profiles in the order of their ids."""

from typing import ClassVar

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies: ClassVar = [("updates", "0005_watchers_of_a_person")]

    operations: ClassVar = [
        AddIndexConcurrently(
            model_name="watcher",
            index=models.Index(
                fields=["kind", "profile"],
                name="updates_watcher_of_all",
                condition=models.Q(item__isnull=True, microcosm__isnull=True, target_profile__isnull=True),
            ),
        ),
    ]
