"""The index that the one before it stands in for."""

from typing import ClassVar

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies: ClassVar = [("profiles", "0012_top_index_with_id")]

    operations: ClassVar = [
        RemoveIndexConcurrently(model_name="profile", name="profiles_profile_top"),
    ]
