"""The newest comments of a site, for searches that most of them answer."""

from typing import ClassVar

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies: ClassVar = [("comments", "0005_said_index")]

    operations: ClassVar = [
        AddIndexConcurrently(
            model_name="comment",
            index=models.Index(
                condition=models.Q(is_deleted=False, is_moderated=False),
                fields=["site", "created_at", "id"],
                name="comments_comment_newest",
            ),
        ),
    ]
