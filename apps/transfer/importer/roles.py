"""Steps: who may do what, for the whole site and in sections with rules of their own (export-format 4.6).

Both come before the content, not after it as in the reference: bulk writes ask nobody for permission, and nothing is
ever readable under the roles of a new site that the old forum kept closed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db import transaction

from apps.permissions.imports import ImportedCriterion, ImportedRole, import_roles, remove_roles
from apps.permissions.models import Role
from apps.sites.types import ItemType
from apps.text.cleaning import clean_sentence
from apps.transfer import queries
from apps.transfer.importer.documents import CriterionFile, ForumFile, Grants, ProfileFile, RoleFile
from apps.transfer.importer.fields import FileError
from apps.transfer.importer.report import Report
from apps.transfer.importer.run import UNKNOWN, Read, Run, read_file
from apps.transfer.importer.titles import stored_title
from apps.transfer.services import record_imports

TITLE_LIMIT = 50
MODERATORS = "Moderators"
#: Nobody's role, which keeps a section closed when none of its regular roles would be left.
NOBODY = "Nobody"
_COLUMNS = frozenset({"id", "profileName", "gender", "itemCount", "commentCount", "created", "isBanned"})
_NUMBERS = frozenset({"id", "itemCount", "commentCount"})
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ].*)?")
_EQUAL, _ORDERED, _WORDS = {"eq", "ne", "neq"}, {"lt", "le", "ge", "gt"}, {"substr", "nsubstr"}


@dataclass
class RoleBook:
    """The roles of an export, ready to be made in any microcosm."""

    #: By old id; the microcosm and ids of these are filled in by whoever makes one.
    patterns: dict[int, ImportedRole] = field(default_factory=dict)
    defaults: set[int] = field(default_factory=set)
    paths: dict[int, str] = field(default_factory=dict)
    #: What an earlier run has made: `role` of the site, `role@forum` of a section.
    known: dict[str, int] = field(default_factory=dict)


def load_roles(run: Run) -> RoleBook:
    """Read all roles and who is in them; what cannot be used is in the report."""
    listing = run.export.listing("roles")
    tally = run.report.tally("roles")
    tally.found += len(listing.files) + len(listing.problems)
    for path, message in listing.problems:
        run.report.error("roles", path, message)
    read = [found for file in listing.files if (found := read_file(run, "roles", file, RoleFile)) is not None]
    book = RoleBook(known=queries.all_new_ids(site_id=run.place.site_id, kind=ItemType.ROLE))
    members = _members(run) if read else {}
    for role in read:
        try:
            book.patterns[role.document.old_id] = _pattern(run, role, members=members)
        except FileError as error:
            run.report.error("roles", role.path, str(error))
            continue
        book.paths[role.document.old_id] = role.path
        if role.document.is_default:
            book.defaults.add(role.document.old_id)
    return book


def import_default_roles(run: Run, book: RoleBook) -> None:
    """Make the site's default roles; those that a new site began with give way to them."""
    is_first = not any("@" not in key for key in book.known)
    wanted = [old_id for old_id in book.patterns if old_id in book.defaults and str(old_id) not in book.known]
    ids = run.reserve_ids(Role, len(wanted))
    roles = {
        old_id: replace(book.patterns[old_id], id=id_, microcosm_id=run.place.root_id)
        for old_id, id_ in zip(wanted, ids, strict=True)
    }
    if roles and not run.is_dry:
        with transaction.atomic():
            if run.place.has_founded_site and is_first:
                remove_roles(
                    site_id=run.place.site_id,
                    microcosm_id=run.place.root_id,
                    are_banned={False} | {role.is_banned for role in roles.values()},
                )
            _write(run, {str(old_id): role for old_id, role in roles.items()})
    tally = run.report.tally("roles")
    tally.imported += len(roles)
    tally.present += len(book.defaults) - len(roles)


def import_forum_roles(run: Run, book: RoleBook) -> None:
    """Make the roles of sections that differ from the site's."""
    done = {key.partition("@")[2] for key in book.known if "@" in key}
    has_copies = False
    for forum in _forums_with_roles(run):
        if forum.document.old_id in run.forums:
            has_copies = has_copies or bool(forum.document.grants)
            if str(forum.document.old_id) not in done:
                _import_roles_of(run, forum, book)
    copied = {key.partition("@")[0] for key in book.known if "@" in key}
    tally = run.report.tally("roles")
    for old_id in sorted(book.patterns.keys() - book.defaults):
        if str(old_id) in copied:
            tally.present += 1
        elif has_copies:
            tally.imported += 1
        else:
            run.report.skip("roles", book.paths[old_id], "is no default, and no section has roles of its own")


def _import_roles_of(run: Run, forum: Read[ForumFile], book: RoleBook) -> None:
    roles = _roles_of(run, forum, book)
    ids = run.reserve_ids(Role, len(roles))
    microcosm_id = run.forums[forum.document.old_id]
    made = {
        f"{key}@{forum.document.old_id}": replace(role, id=id_, microcosm_id=microcosm_id)
        for (key, role), id_ in zip(roles.items(), ids, strict=True)
    }
    if not run.is_dry:
        with transaction.atomic():
            _write(run, made)


def _write(run: Run, roles: Mapping[str, ImportedRole]) -> None:
    import_roles(list(roles.values()), site_id=run.place.site_id, created_by_id=run.place.owner_id)
    record_imports({key: role.id for key, role in roles.items()}, origin_id=run.place.origin_id, kind=ItemType.ROLE)


def _forums_with_roles(run: Run) -> Iterator[Read[ForumFile]]:
    """Sections with roles of their own, of this and of earlier runs; another step reports what is wrong with them."""
    quiet = replace(run, report=Report())
    for file in run.export.listing("forums").files:
        forum = read_file(quiet, "forums", file, ForumFile)
        if forum is not None and forum.document.has_roles:
            yield forum


def _members(run: Run) -> dict[int, list[int]]:
    """Profile ids by the old id of the role that their own files name."""
    quiet = replace(run, report=Report())
    members: dict[int, list[int]] = {}
    for file in run.export.listing("profiles").files:
        profile = read_file(quiet, "profiles", file, ProfileFile)
        if profile is not None and file.old_id in run.profiles:
            for role_id in profile.document.role_ids:
                members.setdefault(role_id, []).append(run.profiles[file.old_id])
    return members


# --- One role -----------------------------------------------------------------------------------


def _pattern(run: Run, role: Read[RoleFile], *, members: Mapping[int, Sequence[int]]) -> ImportedRole:
    file = role.document
    named = _known_profiles(run, file.profile_ids)
    return _granting(
        ImportedRole(
            id=0,
            microcosm_id=0,
            title=stored_title(
                file.name,
                clean=clean_sentence,
                limit=TITLE_LIMIT,
                warn=lambda message: run.report.warn(role.path, message),
            ),
            is_moderator=file.is_moderator,
            is_banned=file.is_banned,
            include_guests=file.includes_guests,
            include_users=file.includes_users,
            profile_ids=tuple(dict.fromkeys([*named, *members.get(file.old_id, ())])),
            criteria=tuple(_criterion(run, criterion) for criterion in file.criteria),
        ),
        file.grants,
    )


def _known_profiles(run: Run, old_ids: Sequence[int]) -> list[int]:
    """The profiles of old ids, without those who are unknown."""
    return [run.profiles[old_id] for old_id in old_ids if old_id != UNKNOWN and old_id in run.profiles]


def _granting(role: ImportedRole, grants: Grants) -> ImportedRole:
    return replace(
        role,
        can_create=grants.can_create,
        can_read=grants.can_read,
        can_read_others=grants.can_read_others,
        can_update=grants.can_update,
        can_delete=grants.can_delete,
        can_close_own=grants.can_close_own,
        can_open_own=grants.can_open_own,
    )


def _roles_of(run: Run, forum: Read[ForumFile], book: RoleBook) -> dict[str, ImportedRole]:
    """The roles of a section by their key in the old-id map."""
    overrides = dict(forum.document.grants)
    own = [old_id for old_id in forum.document.own_role_ids if old_id in book.patterns]
    if own:
        return {str(old_id): _own_role(book.patterns[old_id], overrides.get(old_id)) for old_id in own}
    moderators = _known_profiles(run, forum.document.moderator_ids)
    roles: dict[str, ImportedRole] = {}
    for old_id, pattern in sorted(book.patterns.items()) if overrides else ():
        # Banned people stay banned whatever is granted; any other role without a grant is left out.
        if not pattern.is_banned and old_id in overrides:
            if overrides[old_id].is_empty:
                continue
            pattern = _granting(pattern, overrides[old_id])
        if pattern.is_moderator and moderators:
            pattern = replace(pattern, profile_ids=tuple(dict.fromkeys([*pattern.profile_ids, *moderators])))
            moderators = []
        roles[str(old_id)] = pattern
    for old_id in overrides.keys() - book.patterns.keys():
        run.report.warn(forum.path, f"names the role {old_id}, which is not imported")
    if overrides and not any(not role.is_moderator and not role.is_banned for role in roles.values()):
        roles["nobody"] = ImportedRole(id=0, microcosm_id=0, title=NOBODY)
    if moderators:
        roles["moderators"] = _moderators(moderators)
    return roles


def _own_role(pattern: ImportedRole, grants: Grants | None) -> ImportedRole:
    return pattern if pattern.is_banned or grants is None else _granting(pattern, grants)


def _moderators(profile_ids: Sequence[int]) -> ImportedRole:
    everything = Grants(
        can_read=True,
        can_read_others=True,
        can_create=True,
        can_update=True,
        can_delete=True,
        can_close_own=True,
        can_open_own=True,
    )
    role = ImportedRole(
        id=0, microcosm_id=0, title=MODERATORS, is_moderator=True, profile_ids=tuple(dict.fromkeys(profile_ids))
    )
    return _granting(role, everything)


# --- Criteria -----------------------------------------------------------------------------------


def _criterion(run: Run, file: CriterionFile) -> ImportedCriterion:
    """A criterion that the evaluator understands; raises FileError, since leaving one out would let others in."""
    value: str | int | float | bool = file.value
    if file.key == "id":
        value = _profile_of_criterion(run, file)
    elif file.key == "created" and isinstance(value, str):
        match = _DATE.fullmatch(value)
        if match is None:
            raise FileError(f"a criterion on created has neither days nor a date: {value[:40]!r}")
        value = match[1]
    if file.predicate not in _predicates_for(file.key, value):
        raise FileError(f"a criterion on {file.key} cannot be compared by {file.predicate} with {str(value)[:40]!r}")
    return ImportedCriterion(
        or_group=file.or_group,
        profile_column=file.key if file.key in _COLUMNS else "",
        attribute_key="" if file.key in _COLUMNS else file.key,
        predicate=file.predicate,
        value=value,
    )


def _profile_of_criterion(run: Run, file: CriterionFile) -> int:
    """The new id of the profile meant; nobody has the id 0."""
    if isinstance(file.value, bool) or not isinstance(file.value, int) or file.predicate not in _EQUAL:
        raise FileError("a criterion on id does more than name a profile; ids are new here")
    return run.profiles.get(file.value, 0)


def _predicates_for(key: str, value: object) -> set[str]:
    if isinstance(value, bool):
        return _EQUAL if key == "isBanned" or key not in _COLUMNS else set()
    if isinstance(value, int | float):
        return _EQUAL | _ORDERED if key in _NUMBERS or key == "created" or key not in _COLUMNS else set()
    is_date = isinstance(value, str) and bool(_DATE.fullmatch(value))
    if key == "created":
        return _EQUAL | _ORDERED
    if key in _COLUMNS:
        return _EQUAL | _WORDS if key in ("profileName", "gender") else set()
    return _EQUAL | _WORDS | (_ORDERED if is_date else set())
