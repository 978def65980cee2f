"""Polls in the order of their list."""

from typing import ClassVar

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies: ClassVar = [("items", "0012_kind_index_name")]

    operations: ClassVar = [
        AddIndexConcurrently(
            model_name="item",
            index=models.Index(
                models.F("site"),
                models.F("created_at"),
                models.F("id"),
                condition=models.Q(is_deleted=False, is_moderated=False, kind=7),
                include=["microcosm"],
                name="items_item_poll_order",
            ),
        ),
    ]
