"""Comments by their words."""

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies: ClassVar = [("search", "0005_fill_words")]

    operations: ClassVar = [
        AddIndexConcurrently(
            model_name="commentwords",
            index=GinIndex(fields=["words"], gin_pending_list_limit=512, name="search_comment_words"),
        ),
    ]
