"""`manage.py openapi`: print the description of the API."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from apps.core.openapi import document


class Command(BaseCommand):
    """Prints the OpenAPI document as JSON, in a stable order."""

    help = "Print the OpenAPI document."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(json.dumps(document(), indent=1, sort_keys=True))
