"""Configuration of the frame's app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CoreConfig(AppConfig):
    """Rebuilds the SQL functions after migrations."""

    name = "apps.core"
    label = "core"

    def ready(self) -> None:
        from apps.core.functions import rebuild_after_migrate

        post_migrate.connect(rebuild_after_migrate, sender=self)
