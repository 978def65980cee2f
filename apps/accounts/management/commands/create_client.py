"""Makes a client application."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts.models import Client
from apps.accounts.services import create_client


class Command(BaseCommand):
    """`manage.py create_client NAME`."""

    help = "Make a client application and print its secret, which cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what the application is called, at most 80 characters")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"].strip()
        longest = Client._meta.get_field("name").max_length or 0
        if not 0 < len(name) <= longest:
            raise CommandError(f"a name has 1 to {longest} characters")
        _client, secret = create_client(name=name)
        self.stdout.write(secret)
