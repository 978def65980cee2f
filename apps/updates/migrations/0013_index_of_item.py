from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("updates", "0012_order_index_replaced")]

    operations = [
        AddIndexConcurrently(
            model_name="update",
            index=models.Index(
                fields=["profile", "item", "unread_since"],
                name="updates_update_of_item",
                condition=models.Q(
                    models.Q(("type__in", [3, 5, 7]), ("unread_since__gt", models.F("created_at")), _connector="OR"),
                    is_viewed=False,
                ),
            ),
        ),
    ]
