"""Whatever changes here moves the version of its site, or of a member (docs/decisions/0060)."""

from typing import ClassVar

from django.db import migrations

from apps.core.touching import member_triggers, site_triggers

OF_ITEM = "SELECT item.site_id FROM {rows} AS changed JOIN items_item AS item ON item.id = changed.{column}"
OF_MEMBER = (
    "SELECT person.site_id, person.id AS profile_id FROM {rows} AS changed"
    " JOIN profiles_profile AS person ON person.id = changed.profile_id"
)
STATEMENTS = [
    *site_triggers(
        [
            ("items_item", "SELECT site_id FROM {rows}"),
            ("items_event", OF_ITEM.replace("{column}", "item_id")),
            ("items_attendee", OF_ITEM.replace("{column}", "event_id")),
            ("items_poll", OF_ITEM.replace("{column}", "item_id")),
            ("items_pollchoice", OF_ITEM.replace("{column}", "poll_id")),
            ("items_pollvote", OF_ITEM.replace("{column}", "poll_id")),
        ]
    ),
    *member_triggers([("items_itemreadmark", OF_MEMBER), ("items_microcosmreadmark", OF_MEMBER)]),
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("items", "0008_page_version"), ("profiles", "0007_profile_touches")]

    operations: ClassVar = [migrations.RunSQL(sql=make, reverse_sql=drop) for make, drop in STATEMENTS]
