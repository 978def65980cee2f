"""The titles of links have room for 512 characters however they are escaped."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("sites", "0005_theme_touches")]

    operations: ClassVar = [
        # Longer, so PostgreSQL rewrites no rows.
        migrations.AlterField(
            model_name="menulink",
            name="title",
            field=models.CharField(blank=True, default="", max_length=2560),
        ),
    ]
