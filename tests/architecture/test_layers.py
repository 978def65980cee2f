"""What imports cannot show: foreign keys point down, statements write their own tables, every statement PREPAREs."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection, models

from apps.core.functions import function_files
from apps.core.sql import Statement, read_statements

ROOT = Path(__file__).parents[2]
#: The layer list of the architecture, lowest first; apps of one row may not know each other.
LAYERS = [
    {"core"},
    {"jobs"},
    {"accounts"},
    {"sites"},
    {"files", "links", "text"},
    {"profiles"},
    {"microcosms"},
    {"permissions"},
    {"items"},
    {"huddles"},
    {"comments"},
    {"moderation", "search", "updates"},
    {"live", "transfer"},
    {"webhooks"},
]
LEVEL = {app: level for level, row in enumerate(LAYERS) for app in row}
WRITES = re.compile(
    r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO|TRUNCATE)\s+(?:ONLY\s+)?([a-z_]+)", re.IGNORECASE
)
#: Statements that are about the platform as a whole, or look a site up; each is a decision.
WITHOUT_SITE = {"site_of_host", "viewer", "prune_deliveries", "queue_jobs"}


def our_statements() -> list[Statement]:
    """Every statement of every app."""
    return [statement for path in sorted(ROOT.glob("apps/*/sql/*.sql")) for statement in read_statements(path)]


def our_models() -> list[type[models.Model]]:
    """The models of our apps."""
    return [model for model in apps.get_models() if model.__module__.startswith("apps.")]


@pytest.mark.parametrize("model", our_models(), ids=lambda model: model.__name__)
def test_foreign_keys_point_down(model: type[models.Model]) -> None:
    """A table may refer to its own app and to apps below."""
    here = model._meta.app_label
    for field in model._meta.get_fields():
        if isinstance(field, models.ForeignKey):
            there = field.related_model._meta.app_label
            # Packages stand below everything.
            assert there == here or LEVEL.get(there, -1) < LEVEL[here], (
                f"{model.__name__}.{field.name} points up to {there}"
            )


@pytest.mark.parametrize("statement", our_statements(), ids=repr)
def test_a_statement_writes_only_tables_of_its_app(statement: Statement) -> None:
    """Read anything, write only your own."""
    app = statement.path.parents[1].name
    without_comments = re.sub(r"--.*", "", statement.text)
    for table in WRITES.findall(
        re.sub(r"FOR\s+(?:NO\s+KEY\s+)?UPDATE|DO\s+UPDATE\s+SET", "", without_comments, flags=re.IGNORECASE)
    ):
        assert table.startswith(f"{app}_"), f"{statement} writes {table}"


@pytest.mark.parametrize("statement", our_statements(), ids=repr)
def test_t2_a_statement_carries_the_site(statement: Statement) -> None:
    """T2: every statement names the tenant it may touch."""
    if statement.name in WITHOUT_SITE:
        return
    assert re.search(r"site_id", statement.text), f"{statement} does not say which site it is about"


@pytest.mark.parametrize("statement", our_statements(), ids=repr)
def test_parameters_are_cast_and_columns_are_named(statement: Statement) -> None:
    """House style: `%(item_id)s::bigint`, never SELECT *."""
    text = re.sub(r"--.*", "", statement.text)
    for name, cast in re.findall(r"%\((\w+)\)s(::)?", text):
        assert cast, f"{statement}: %({name})s is not cast"
    assert not re.search(r"SELECT\s+\*", text, re.IGNORECASE), f"{statement} selects everything"


@pytest.mark.django_db
@pytest.mark.parametrize("statement", our_statements(), ids=repr)
def test_statement_prepares_against_the_schema(statement: Statement) -> None:
    """A statement that names a missing table, column or function fails here, not in production."""
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement.text)))
    text = statement.text
    for number, name in enumerate(names, start=1):
        text = text.replace(f"%({name})s", f"${number}")
    text = text.replace("%%", "%")
    with connection.cursor() as cursor:
        cursor.execute("PREPARE checked AS " + text.replace("%", "%%"), [])
        cursor.execute("DEALLOCATE checked")


@pytest.mark.django_db
def test_functions_are_rebuilt_from_files_alone() -> None:
    """Schema `fn` can be dropped at any time: nothing stored depends on it."""
    from apps.core.functions import rebuild_functions

    assert function_files()
    assert rebuild_functions(force=True)
    assert not rebuild_functions()


def python_files(*names: str) -> Iterator[Path]:
    """The files of our apps with these names."""
    for name in names:
        yield from ROOT.glob(f"apps/*/{name}.py")


@pytest.mark.parametrize(
    "path",
    sorted(python_files("services", "queries", "models", "access", "imports")),
    ids=lambda p: f"{p.parent.name}/{p.name}",
)
def test_domain_code_knows_nothing_of_http(path: Path) -> None:
    """`django.http` is a part of a package, which the import contracts cannot name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert not (node.module or "").startswith("django.http"), f"{path} imports {node.module}"


def test_sql_files_are_loaded_by_queries_alone() -> None:
    """`Statements(__file__)` stands in queries.py (and in imports.py for bulk writes), nowhere else."""
    for path in ROOT.glob("apps/**/*.py"):
        if "Statements(__file__)" in path.read_text() and path.parent.name != "core":
            assert path.name in {"queries.py", "imports.py"}, f"{path} loads SQL"


def test_every_app_and_public_function_says_what_it_is_for() -> None:
    """House style: every module and public function has a sentence that ends with a full stop."""
    missing = []
    for path in ROOT.glob("apps/**/*.py"):
        if "migrations" in path.parts or not path.read_text().strip():
            continue
        tree = ast.parse(path.read_text())
        if not ast.get_docstring(tree):
            missing.append(f"{path.relative_to(ROOT)}: module")
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                docstring = ast.get_docstring(node) or ""
                if not docstring.split("\n")[0].rstrip().endswith((".", "?", ":")):
                    missing.append(f"{path.relative_to(ROOT)}: {node.name}")
    assert not missing


def test_advisory_locks_have_keys_of_their_own() -> None:
    """Two with one key would wait for each other, without anything that says why."""
    paths = [*ROOT.glob("apps/**/*.py"), *ROOT.glob("microcosm/**/*.py")]
    keys = [key for path in paths for key in re.findall(r"^_?LOCK_KEY = (\w+)$", path.read_text(), re.MULTILINE)]
    assert keys
    assert len(set(keys)) == len(keys)
