"""The index that the one before it stands in for."""

from typing import ClassVar

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies: ClassVar = [("items", "0010_kind_index_with_microcosm")]

    operations: ClassVar = [RemoveIndexConcurrently(model_name="item", name="items_item_kind_order")]
