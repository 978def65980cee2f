"""A whole run: the lock, the steps in their order, and when to stop."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from apps.core import clock
from apps.sites.types import ItemType
from apps.transfer import queries
from apps.transfer.importer.archive import Export, Limits, open_export
from apps.transfer.importer.attachments import import_all_attachments, import_avatars, import_uploads
from apps.transfer.importer.comments import import_all_comments
from apps.transfer.importer.conversations import import_conversations
from apps.transfer.importer.follows import import_follows
from apps.transfer.importer.former_ids import import_former_ids
from apps.transfer.importer.forums import import_forums
from apps.transfer.importer.founding import SiteWish, find_place, imaginary_place, owner_of, prepare_place
from apps.transfer.importer.happenings import import_events
from apps.transfer.importer.huddles import import_huddles
from apps.transfer.importer.messages import import_messages
from apps.transfer.importer.polls import import_polls
from apps.transfer.importer.profiles import import_profiles
from apps.transfer.importer.report import Report
from apps.transfer.importer.roles import RoleBook, import_default_roles, import_forum_roles, load_roles
from apps.transfer.importer.run import UNKNOWN, Run, TransferError
from apps.transfer.importer.settling import finish, settle
from apps.transfer.importer.site import complete_wish, find_site_file, restore_site

BATCH_SIZE = 500
#: How long another import of the same site may take to end before this one gives up.
WAIT_SECONDS = 10
#: Stands for the placeholder of a site that a dry run only imagines.
_IMAGINARY_PLACEHOLDER = 0


def _no_progress(folder: str, total: int) -> Callable[[int], object]:
    return lambda number: None


@dataclass(frozen=True)
class ImportOptions:
    """What is imported, where to, and how."""

    path: Path
    site: SiteWish
    is_dry: bool = False
    #: Also into a site with content of its own.
    merges: bool = False
    #: Go on with the next type although files of this one could not be imported.
    continues_on_error: bool = False
    batch_size: int = BATCH_SIZE
    wait_seconds: int = WAIT_SECONDS
    limits: Limits = field(default_factory=Limits)
    progress: Callable[[str, int], Callable[[int], object]] = _no_progress


def import_forum(options: ImportOptions) -> Report:
    """Import an export into a site and say what came of it; what an earlier run has imported is left as it is.

    Each batch is written in one transaction together with its part of the old-id map, so a run that is killed at any
    moment can be started again. Raises TransferError or ExportError when nothing can be done.
    """
    report = Report()
    with open_export(options.path, limits=options.limits) as export, _connection_for(options):
        site_file = find_site_file(export, report=report)
        run = _open_run(options, complete_wish(options.site, site_file), export, report)
        if not options.is_dry:
            restore_site(run, site_file)
        for step in _steps(run):
            step()
            if _must_stop(options, report):
                report.is_stopped = True
                break
        if not options.is_dry:
            settle(run)
            if not report.is_stopped:
                finish(run)
    return report


def _steps(run: Run) -> Iterator[Callable[[], None]]:
    """The steps; the roles that one of them reads are used by two others."""
    book = RoleBook()

    def read_roles() -> None:
        nonlocal book
        book = load_roles(run)

    yield lambda: import_profiles(run)
    yield read_roles
    yield lambda: import_default_roles(run, book)
    yield lambda: import_forums(run)
    yield lambda: import_forum_roles(run, book)
    yield lambda: import_conversations(run)
    yield lambda: import_events(run)
    yield lambda: import_polls(run)
    yield lambda: import_messages(run)
    yield lambda: import_huddles(run)
    yield lambda: import_all_comments(run)
    yield lambda: import_all_attachments(run)
    yield lambda: import_avatars(run)
    yield lambda: import_uploads(run)
    yield lambda: import_former_ids(run)
    yield lambda: import_follows(run)


def _must_stop(options: ImportOptions, report: Report) -> bool:
    """Errors end a run unless asked otherwise; those of roles always do, since roles keep closed sections closed."""
    if "roles" in report.tallies and report.tally("roles").errors:
        return True
    return bool(report.error_count) and not options.continues_on_error


def _open_run(options: ImportOptions, wish: SiteWish, export: Export, report: Report) -> Run:
    place = find_place(wish, merges=options.merges)
    if not options.is_dry:
        place = prepare_place(wish, export=export, report=report)
    elif place is None:
        owner_of(wish, export=export, report=report)
        place = imaginary_place(wish)
    run = Run(
        export=export,
        report=report,
        place=place,
        now=clock.now(),
        is_dry=options.is_dry,
        batch_size=options.batch_size,
        progress=options.progress,
    )
    run.profiles = run.load_map(ItemType.PROFILE)
    run.profiles.setdefault(UNKNOWN, _IMAGINARY_PLACEHOLDER)
    return run


@contextmanager
def _connection_for(options: ImportOptions) -> Iterator[None]:
    """A connection that no other import of the site shares, without a time limit, and read-only for a dry run."""
    if not queries.lock_import(site_key=options.site.key, seconds=options.wait_seconds):
        raise TransferError(f"another import into the site {options.site.key} is running")
    try:
        # Recounting a large forum takes longer than any request may.
        queries.change_setting("statement_timeout", "0")
        if options.is_dry:
            queries.change_setting("default_transaction_read_only", "on")
        yield
    finally:
        queries.reset_setting("default_transaction_read_only")
        queries.reset_setting("statement_timeout")
        queries.unlock_import(site_key=options.site.key)
