"""The wider index takes the name of the one that is gone."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("items", "0011_kind_index_without_microcosm_goes")]

    operations: ClassVar = [
        migrations.RenameIndex(
            model_name="item", old_name="items_item_kind_order_wide", new_name="items_item_kind_order"
        ),
    ]
