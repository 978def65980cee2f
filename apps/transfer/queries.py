"""Statements over imports: the old-id map, and what an import asks about the site it fills."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import OperationalError, connection
from psycopg.errors import LockNotAvailable
from psycopg.sql import SQL, Identifier

from apps.core.sql import Statements
from apps.files.attaching import file_path
from apps.sites.types import ItemType

statements = Statements(__file__)


def new_ids(*, site_id: int, kind: ItemType, old_ids: Collection[int | str]) -> dict[str, int]:
    """New ids by old id, of those that are imported."""
    rows = statements.new_ids.rows(site_id=site_id, kind=int(kind), old_ids=[str(old_id) for old_id in old_ids])
    return {row.old_id: row.new_id for row in rows}


def all_new_ids(*, site_id: int, kind: ItemType) -> dict[str, int]:
    """New ids by old id, of everything of a kind."""
    return {row.old_id: row.new_id for row in statements.all_new_ids.rows(site_id=site_id, kind=int(kind))}


def known_products(*, site_id: int, products: Sequence[str]) -> list[str]:
    """Those of some products that a site's content came from, the forum that was imported first."""
    return [row.product for row in statements.known_products.rows(site_id=site_id, products=list(products))]


def id_of_old_one(*, site_id: int, product: str, kind: ItemType, old_id: int) -> int | None:
    """The id of what a forum that a site came from knew by an old id; None for what is not here."""
    row = statements.id_of_old_one.row(site_id=site_id, product=product, kind=int(kind), old_id=str(old_id))
    return row.new_id if row else None


def files_by_hash(*, site_id: int, hashes: Collection[str]) -> dict[str, int]:
    """The ids of a site's files by their hashes."""
    return {row.hash: row.id for row in statements.files_by_hash.rows(site_id=site_id, hashes=list(hashes))}


def unresolved_replies(*, site_id: int) -> list[tuple[int, str]]:
    """Comments whose target is not imported, and the old id of that."""
    return [(row.comment_id, row.old_id) for row in statements.unresolved_replies.rows(site_id=site_id)]


def members_by_email(*, site_id: int, emails: Sequence[str]) -> dict[str, int]:
    """Profile ids by canonical address."""
    rows = statements.members_by_email.rows(site_id=site_id, emails=list(emails))
    return {row.canonical_email: row.id for row in rows}


def profile_users(*, site_id: int, profile_ids: Sequence[int]) -> dict[int, int]:
    """User ids by profile id."""
    rows = statements.profile_users.rows(site_id=site_id, profile_ids=list(profile_ids))
    return {row.id: row.user_id for row in rows}


def profile_names(*, site_id: int) -> dict[int, str]:
    """The stored name of everybody on a site."""
    return {row.id: row.name for row in statements.profile_names.rows(site_id=site_id)}


def unshown_avatars(*, site_id: int) -> dict[int, str]:
    """The address of the latest picture of each profile that has pictures and shows none."""
    rows = statements.unshown_avatars.rows(site_id=site_id)
    return {row.profile_id: file_path(row.hash, row.extension) for row in rows}


@dataclass(frozen=True, slots=True)
class NameUse:
    """A wanted name: the form whose uniqueness counts, and whether somebody has it."""

    lower_name: str
    is_taken: bool


def names_in_use(*, site_id: int, names: Sequence[str]) -> dict[str, NameUse]:
    """What the database knows of each of these names."""
    rows = statements.names_in_use.rows(site_id=site_id, names=list(names))
    return {row.name: NameUse(lower_name=row.lower_name, is_taken=row.is_taken) for row in rows}


def lock_import(*, site_key: str, seconds: int) -> bool:
    """Keep other imports of a site away until the connection ends; false when one is still running after a while.

    Waiting a little matters: the database may still be finishing a statement of an import that was just killed.
    """
    change_setting("lock_timeout", f"{max(seconds * 1000, 1)}ms")
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [f"import_forum:{site_key}"])
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        return False
    finally:
        reset_setting("lock_timeout")
    return True


def unlock_import(*, site_key: str) -> None:
    """Let the next import of the site begin."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [f"import_forum:{site_key}"])


def change_setting(name: str, value: str) -> None:
    """Set a setting of this connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, false)", [name, value])


def reset_setting(name: str) -> None:
    """Give a setting of this connection the value that it started with."""
    with connection.cursor() as cursor:
        cursor.execute(SQL("RESET {}").format(Identifier(name)))
