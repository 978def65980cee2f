"""Bulk writes of imported history: the tree of sections (docs/decisions/0013)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.core.attributes import Value
from apps.core.attributes import import_attributes as write_attributes
from apps.core.bulk import copy_rows
from apps.microcosms.models import Microcosm, MicrocosmAttribute
from apps.microcosms.services import DEFAULT_ITEM_TYPES


@dataclass(frozen=True, slots=True)
class ImportedMicrocosm:
    """A microcosm as an import makes it; texts are clean and `path` ends with the microcosm itself."""

    id: int
    path: tuple[int, ...]
    title: str
    description: str
    owner_id: int
    is_open: bool
    is_sticky: bool
    is_moderated: bool
    is_deleted: bool
    #: Neither it nor anything above is deleted or moderated.
    is_live: bool
    created_at: datetime
    created_by_id: int
    visibility: str = "public"
    logo_url: str = ""
    item_types: tuple[str, ...] = tuple(DEFAULT_ITEM_TYPES)
    edited_at: datetime | None = None
    edited_by_id: int | None = None
    edit_reason: str = ""


def import_microcosms(microcosms: Sequence[ImportedMicrocosm], *, site_id: int) -> None:
    """Write microcosms below one that exists; parents come before their children or are there."""
    copy_rows(
        [
            Microcosm(
                id=microcosm.id,
                site_id=site_id,
                parent_id=microcosm.path[-2],
                path=list(microcosm.path),
                title=microcosm.title,
                description=microcosm.description,
                item_types=list(microcosm.item_types),
                visibility=microcosm.visibility,
                logo_url=microcosm.logo_url,
                owner_id=microcosm.owner_id,
                created_by_id=microcosm.created_by_id,
                created_at=microcosm.created_at,
                edited_at=microcosm.edited_at,
                edited_by_id=microcosm.edited_by_id,
                edit_reason=microcosm.edit_reason,
                is_open=microcosm.is_open,
                is_sticky=microcosm.is_sticky,
                is_moderated=microcosm.is_moderated,
                is_deleted=microcosm.is_deleted,
                is_live=microcosm.is_live,
            )
            for microcosm in microcosms
        ]
    )


def restore_root(
    *,
    site_id: int,
    title: str,
    description: str,
    logo_url: str,
    visibility: str,
    item_types: Sequence[str],
    is_open: bool,
    is_sticky: bool,
) -> int:
    """Give the root of a site that an import has founded what it had, and return its id; texts are clean."""
    root = Microcosm.objects.get(site_id=site_id, parent=None)
    Microcosm.objects.filter(id=root.id).update(
        title=title,
        description=description,
        logo_url=logo_url,
        visibility=visibility,
        item_types=list(item_types),
        is_open=is_open,
        is_sticky=is_sticky,
    )
    return root.id


def import_attributes(values: Mapping[int, Mapping[str, Value]]) -> None:
    """Write the attributes of microcosms, by the microcosms' ids."""
    write_attributes(MicrocosmAttribute, "microcosm_id", values)
