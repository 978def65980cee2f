"""What is new anywhere on a site, whatever is pinned."""

from typing import ClassVar

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies: ClassVar = [("items", "0013_poll_order")]

    operations: ClassVar = [
        AddIndexConcurrently(
            model_name="item",
            index=models.Index(
                models.F("site"),
                models.F("last_activity_at").desc(),
                models.F("id").desc(),
                condition=models.Q(is_deleted=False, is_moderated=False),
                name="items_item_recent",
            ),
        ),
    ]
