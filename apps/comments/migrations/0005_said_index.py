"""What one person has said in one place, without reading all that is said there."""

from typing import ClassVar

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies: ClassVar = [("comments", "0004_block")]

    operations: ClassVar = [
        AddIndexConcurrently(
            model_name="comment",
            index=models.Index(
                condition=models.Q(is_deleted=False, is_moderated=False),
                fields=["item", "created_by"],
                name="comments_comment_said",
            ),
        ),
    ]
