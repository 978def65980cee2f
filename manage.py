#!/usr/bin/env python
"""Django's command line; with development settings, on the database of `make run`, unless the environment says more."""

import os
import sys


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microcosm.settings.dev")
    from django.core.management import execute_from_command_line

    from microcosm.start import load_or_exit

    if any(argument.startswith("--settings") for argument in sys.argv):
        # Django reads them, and nothing may be loaded before.
        execute_from_command_line(sys.argv)
        return
    if os.environ["DJANGO_SETTINGS_MODULE"] != "microcosm.settings.dev":
        load_or_exit()
        execute_from_command_line(sys.argv)
        return
    from microcosm.development.commands import database_of_commands
    from microcosm.development.errors import DevelopmentError

    try:
        with database_of_commands(sys.argv):
            load_or_exit()
            execute_from_command_line(sys.argv)
    except DevelopmentError as error:
        sys.exit(f"microcosm: {error}")


if __name__ == "__main__":
    main()
