"""Makes the root site of a new platform."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts.services import InvalidEmail
from apps.permissions.services import found_platform


class Command(BaseCommand):
    """`manage.py found_platform [EMAIL]`."""

    help = "Make the root site, which answers at PLATFORM_DOMAIN, unless it is there."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", nargs="?", default=settings.OPERATOR_EMAIL, help="its owner's, or OPERATOR_EMAIL")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            is_new = found_platform(owner_email=options["email"])
        except InvalidEmail as error:
            raise CommandError(
                f"whose is the root site? Set OPERATOR_EMAIL, or name an address: {error.detail}"
            ) from error
        if is_new:
            self.stdout.write(f"The root site answers at {settings.PLATFORM_DOMAIN}.")
