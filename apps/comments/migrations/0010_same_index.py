"""What somebody has said before in the very same words, found without reading all that they have said lately."""

from typing import ClassVar

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies: ClassVar = [("comments", "0009_hidden_index")]

    operations: ClassVar = [
        AddIndexConcurrently(
            model_name="revision",
            index=models.Index(
                models.F("created_by"),
                models.Func(
                    models.F("markdown"),
                    models.Value(0),
                    function="hashtextextended",
                    output_field=models.BigIntegerField(),
                ),
                models.F("created_at"),
                condition=models.Q(number=1),
                name="comments_revision_same",
            ),
        ),
    ]
