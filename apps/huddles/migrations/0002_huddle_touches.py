"""Whatever changes here moves the version of its site, or of a member (docs/decisions/0060)."""

from typing import ClassVar

from django.db import migrations

from apps.core.touching import member_triggers, site_triggers

OF_HUDDLE = "SELECT item.site_id FROM {rows} AS changed JOIN items_item AS item ON item.id = changed.{column}"
OF_MEMBER = (
    "SELECT person.site_id, person.id AS profile_id FROM {rows} AS changed"
    " JOIN profiles_profile AS person ON person.id = changed.profile_id"
)
STATEMENTS = [
    *site_triggers(
        [
            ("huddles_huddle", OF_HUDDLE.replace("{column}", "item_id")),
            ("huddles_participant", OF_HUDDLE.replace("{column}", "huddle_id")),
        ]
    ),
    *member_triggers([("huddles_allhuddlesreadmark", OF_MEMBER)]),
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("huddles", "0001_initial"), ("items", "0009_item_touches")]

    operations: ClassVar = [migrations.RunSQL(sql=make, reverse_sql=drop) for make, drop in STATEMENTS]
