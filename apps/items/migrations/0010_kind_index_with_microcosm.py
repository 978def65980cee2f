"""The order of lists of a kind with the microcosm of each item, so that pages far in read nothing but the index."""

from typing import ClassVar

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies: ClassVar = [("items", "0009_item_touches")]

    operations: ClassVar = [
        AddIndexConcurrently(
            model_name="item",
            index=models.Index(
                models.F("site"),
                models.F("kind"),
                models.F("is_sticky").desc(),
                models.F("last_activity_at").desc(),
                models.F("id").desc(),
                condition=models.Q(is_deleted=False, is_moderated=False),
                include=["microcosm"],
                name="items_item_kind_order_wide",
            ),
        ),
    ]
