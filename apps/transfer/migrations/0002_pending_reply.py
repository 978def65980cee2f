import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('comments', '0001_initial'),
        ('transfer', '0001_initial'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='origin',
            name='is_threaded',
        ),
        migrations.AddField(
            model_name='origin',
            name='has_founded_site',
            field=models.BooleanField(default=False),
        ),
        migrations.CreateModel(
            name='PendingReply',
            fields=[
                ('comment', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='comments.comment')),
                ('old_id', models.CharField(max_length=64)),
                ('origin', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pending_replies', to='transfer.origin')),
            ],
        ),
    ]
