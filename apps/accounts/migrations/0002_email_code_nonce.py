"""A code is derived from a nonce and the server's secret, so that its mail can be sent again without keeping the code."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.RemoveField(model_name="emailcode", name="code_hash"),
        migrations.AddField(
            model_name="emailcode", name="nonce", field=models.CharField(default="", max_length=64), preserve_default=False
        ),
        migrations.AddIndex(
            model_name="signinattempt",
            index=models.Index(fields=["attempted_at"], name="accounts_attempt_time"),
        ),
    ]
