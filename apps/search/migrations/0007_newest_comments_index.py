"""The newest comments of a site, for words that most of them hold."""

from typing import ClassVar

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies: ClassVar = [("search", "0006_comment_words_index")]
    #: Whose index this one replaces.
    run_before: ClassVar = [("comments", "0011_drop_newest_index")]

    operations: ClassVar = [
        AddIndexConcurrently(
            model_name="commentwords",
            index=models.Index(fields=["site_id", "created_at", "comment_id"], name="search_comment_newest"),
        ),
    ]
