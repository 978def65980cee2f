from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("updates", "0011_list_index")]

    operations = [RemoveIndexConcurrently(model_name="update", name="updates_update_order")]
