"""Whatever changes here moves the version of its site, or of a member (docs/decisions/0060)."""

from typing import ClassVar

from django.db import migrations

from apps.core.touching import site_triggers

OF_COMMENT = (
    "SELECT comment.site_id FROM {rows} AS changed JOIN comments_comment AS comment ON comment.id = changed.comment_id"
)
OF_ITEM = "SELECT item.site_id FROM {rows} AS changed JOIN items_item AS item ON item.id = changed.item_id"
STATEMENTS = site_triggers(
    [
        ("comments_comment", "SELECT site_id FROM {rows}"),
        ("comments_revision", OF_COMMENT),
        ("comments_commentblock", OF_ITEM),
    ]
)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("comments", "0007_page_versions"), ("items", "0009_item_touches")]

    operations: ClassVar = [migrations.RunSQL(sql=make, reverse_sql=drop) for make, drop in STATEMENTS]
