"""Makes an operator of the platform."""

import getpass
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts.services import InvalidEmail, checked_email, create_operator


class Command(BaseCommand):
    """`manage.py create_operator EMAIL`."""

    help = "Make an operator, who may use /admin/ on the root host; the password is asked for, or read from a pipe."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the operator's address; an account that has it is promoted")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            email = checked_email(options["email"])
            password = _password()
            validate_password(password)
        except InvalidEmail as error:
            raise CommandError(error.detail) from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        create_operator(email=email, password=password)
        self.stdout.write(f"{email} is an operator.")


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Password (again): ") != password:
        raise CommandError("the passwords differ")
    return password
