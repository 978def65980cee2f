"""Indexes that those in the order of ids replace."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("updates", "0006_watchers_of_all")]

    operations: ClassVar = [
        migrations.RemoveIndex(model_name="watcher", name="updates_watcher_item"),
        migrations.RemoveIndex(model_name="watcher", name="updates_watcher_microcosm"),
    ]
