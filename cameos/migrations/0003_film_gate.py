from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cameos", "0002_consent_log_append_only")]

    operations = [
        migrations.AlterField(
            model_name="cameouse",
            name="gate",
            field=models.CharField(
                choices=[
                    ("submit", "Submit"),
                    ("start", "Start"),
                    ("film", "Film"),
                    ("publish", "Publish"),
                    ("remix", "Remix"),
                ],
                max_length=10,
            ),
        )
    ]
