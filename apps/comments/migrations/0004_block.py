"""Where long discussions begin anew every few hundred comments, so that a page far into one is found by place."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("comments", "0003_attribute"), ("items", "0005_attribute")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="CommentBlock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first_at", models.DateTimeField()),
                ("first_id", models.BigIntegerField()),
                ("before_count", models.PositiveIntegerField()),
                ("comment_count", models.PositiveIntegerField()),
                (
                    "item",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="items.item",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="commentblock",
            constraint=models.UniqueConstraint(
                fields=("item", "first_at", "first_id"), name="comments_block_first"
            ),
        ),
        migrations.AddIndex(
            model_name="commentblock",
            index=models.Index(
                fields=["item", "before_count", "first_at", "first_id"], name="comments_block_before"
            ),
        ),
    ]
