"""The indexes of search: one set a language, and the statement uses them."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.search.models import SearchLanguage
from apps.search.services import INDEXED
from tests.factories import make_forum


def indexes(language: str) -> set[str]:
    """The names of the indexes of a language."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE indexname LIKE %s", [f"search\\_%\\_{language}"])
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
def test_a_language_comes_with_its_indexes() -> None:
    forum = make_forum("gamma")
    try:
        for _ in range(2):
            call_command("search_language", "gamma", "german")
        assert indexes("german") == {f"search_{name}_german" for name in INDEXED}
        assert SearchLanguage.objects.get(site=forum.site).language == "german"
    finally:
        with connection.cursor() as cursor:
            for name in INDEXED:
                cursor.execute(f"DROP INDEX IF EXISTS search_{name}_german")


@pytest.mark.django_db
def test_unknown_sites_and_languages_are_refused() -> None:
    forum = make_forum("gamma")
    with pytest.raises(CommandError, match="there is no site"):
        call_command("search_language", "nobody", "german")
    with pytest.raises(CommandError, match="knows no language"):
        call_command("search_language", "gamma", "klingon'; --")
    assert not SearchLanguage.objects.filter(site=forum.site).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("name", INDEXED)
def test_the_indexes_serve_the_expressions_of_the_statement(name: str) -> None:
    table, text = INDEXED[name]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            f"EXPLAIN SELECT 1 FROM {table} WHERE to_tsvector('english'::regconfig::oid::regconfig, {text})"
            " @@ plainto_tsquery('english', 'tea')"
        )
        assert f"search_{name}_english" in "\n".join(line for (line,) in cursor.fetchall())
