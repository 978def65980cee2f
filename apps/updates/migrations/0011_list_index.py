from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("updates", "0010_update_touches")]

    operations = [
        AddIndexConcurrently(
            model_name="update",
            index=models.Index(
                fields=["profile", "-created_at", "-id"],
                include=["type", "item", "comment", "created_by"],
                name="updates_update_list",
            ),
        ),
    ]
