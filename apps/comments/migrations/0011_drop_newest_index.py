"""Searches find the newest comments among their words (decision 0031)."""

from typing import ClassVar

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies: ClassVar = [("comments", "0010_same_index")]

    operations: ClassVar = [RemoveIndexConcurrently(model_name="comment", name="comments_comment_newest")]
