from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("comments", "0008_comment_touches")]

    operations = [
        AddIndexConcurrently(
            model_name="comment",
            index=models.Index(
                condition=models.Q(("is_deleted", True), ("is_moderated", True), _connector="OR"),
                fields=["id"],
                name="comments_comment_hidden",
            ),
        ),
    ]
