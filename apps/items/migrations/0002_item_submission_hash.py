from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('items', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='item',
            name='submission_hash',
            field=models.CharField(blank=True, db_default='', default='', max_length=64),
        ),
    ]
