"""`manage.py import_forum`: an export into a site (docs/import.md)."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from apps.transfer.importer.archive import ExportError, Limits
from apps.transfer.importer.founding import SiteWish
from apps.transfer.importer.importing import BATCH_SIZE, WAIT_SECONDS, ImportOptions, import_forum
from apps.transfer.importer.report import Report
from apps.transfer.importer.run import TransferError
from apps.transfer.importer.site import DEFAULT_PRODUCT
from apps.transfer.resolvers import RESOLVERS

#: How many problems the terminal shows; a file can have them all.
_SHOWN = 20


class Command(BaseCommand):
    """Reads its options and shows what came of the import."""

    help = "Import a forum export (a directory or a .tar.gz) into a site; run it again to go on where it ended."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="the export: a directory, a .tar or a .tar.gz")
        parser.add_argument(
            "--site", required=True, metavar="KEY", help="the key of the site; founded if there is none"
        )
        parser.add_argument(
            "--owner", type=int, metavar="ID", help="old profile id of a new site's owner; default: the lowest"
        )
        parser.add_argument("--title", help="the title of a new site; default: as exported, else its key")
        parser.add_argument("--description", help="the description of a new site; default: as exported, else its title")
        parser.add_argument(
            "--product",
            choices=sorted(RESOLVERS),
            help=f"whose addresses the old links have; default: as exported, else {DEFAULT_PRODUCT}",
        )
        parser.add_argument("--dry-run", action="store_true", help="check everything and write nothing")
        parser.add_argument("--merge", action="store_true", help="import also into a site that has content of its own")
        errors = parser.add_mutually_exclusive_group()
        errors.add_argument(
            "--continue-on-error",
            action="store_true",
            help="go on with the next type of files after errors; those of roles always stop the import",
        )
        errors.add_argument(
            "--stop-on-error",
            action="store_false",
            dest="continue_on_error",
            help="stop after the type of files that has errors (the default)",
        )
        parser.add_argument(
            "--errors", type=Path, metavar="FILE", help="write all problems here, one JSON object a line"
        )
        parser.add_argument("--progress", action="store_true", help="show progress bars even if this is no terminal")
        parser.add_argument("--batch-size", type=int, default=BATCH_SIZE, help="files a transaction")
        parser.add_argument(
            "--wait", type=int, default=WAIT_SECONDS, metavar="SECONDS", help="for another import of the site to end"
        )
        parser.add_argument("--max-files", type=int, default=Limits.max_files)
        parser.add_argument("--max-file-bytes", type=int, default=Limits.max_file_bytes)
        parser.add_argument("--max-total-bytes", type=int, default=Limits.max_total_bytes)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["batch_size"] < 1:
            raise CommandError("--batch-size must be 1 or more")
        try:
            report = import_forum(self._options(options))
        except (TransferError, ExportError) as error:
            raise CommandError(str(error)) from error
        self._show(report, errors=options["errors"], is_dry=options["dry_run"])

    def _options(self, options: dict[str, Any]) -> ImportOptions:
        return ImportOptions(
            path=options["path"],
            site=SiteWish(
                key=options["site"].lower(),
                title=options["title"] or "",
                description=options["description"] or "",
                owner_old_id=options["owner"],
                product=options["product"] or "",
            ),
            is_dry=options["dry_run"],
            merges=options["merge"],
            continues_on_error=options["continue_on_error"],
            batch_size=options["batch_size"],
            wait_seconds=options["wait"],
            limits=Limits(
                max_files=options["max_files"],
                max_file_bytes=options["max_file_bytes"],
                max_total_bytes=options["max_total_bytes"],
            ),
            progress=self._progress(is_asked_for=options["progress"]),
        )

    def _progress(self, *, is_asked_for: bool) -> Callable[[str, int], Callable[[int], object]]:
        # None makes tqdm look whether it writes to a terminal.
        disable = False if is_asked_for else None

        def start(folder: str, total: int) -> Callable[[int], object]:
            bar = tqdm(total=total, desc=folder, unit=" files", disable=disable)

            def advance(number: int) -> None:
                bar.update(number)
                if bar.n >= total:
                    bar.close()

            return advance

        return start

    def _show(self, report: Report, *, errors: Path | None, is_dry: bool) -> None:
        for problem in report.problems[:_SHOWN]:
            self.stderr.write(f"{problem.level}: {problem.path}: {problem.message}")
        if len(report.problems) > _SHOWN:
            self.stderr.write(f"... and {len(report.problems) - _SHOWN:,} more; --errors FILE keeps them all")
        if errors is not None:
            with errors.open("w", encoding="utf-8") as file:
                report.write_problems(file)
        self.stdout.write(report.summary())
        if report.error_count:
            stopped = "; the import stopped there" if report.is_stopped else ""
            raise CommandError(f"{report.error_count:,} files could not be imported{stopped}")
        self.stdout.write("Nothing was written: this was a dry run." if is_dry else "The import is complete.")
