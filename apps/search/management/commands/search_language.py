"""`manage.py search_language SITE LANGUAGE`: how the words of a site are stemmed and which are too common."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.search.services import UnknownLanguage, set_language
from apps.sites.models import Site


class Command(BaseCommand):
    """Sets the language of a site."""

    help = "Search a site in a language: the name of a text search configuration of PostgreSQL, such as german."

    def add_arguments(self, parser: CommandParser) -> None:
        """The site and the language."""
        parser.add_argument("site", help="the key of the site")
        parser.add_argument("language")

    def handle(self, *args: Any, site: str, language: str, **options: Any) -> None:
        """May be repeated, when it was broken off."""
        found = Site.objects.filter(key=site, is_deleted=False).first()
        if found is None:
            raise CommandError(f"there is no site {site}")
        try:
            set_language(site_id=found.id, language=language)
        except UnknownLanguage as error:
            raise CommandError(f"PostgreSQL knows no language {language}") from error
        self.stdout.write(f"{site} is searched in {language}")
