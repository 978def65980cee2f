"""`manage.py export_forum`: a site into an export (docs/export.md)."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from apps.transfer.exporter.exporting import ExportOptions, ExportReport, NoSuchSiteError, export_forum

#: How many missing files the terminal names.
_SHOWN = 20


class Command(BaseCommand):
    """Reads its options and shows what was written."""

    help = "Write a site in the export format to a new directory or .tar.gz; it holds private messages and addresses."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("site", help="the key of the site")
        parser.add_argument("path", type=Path, help="what to write: a new directory, .tar.gz, .tgz or .tar")
        parser.add_argument("--without-emails", action="store_true", help="leave e-mail addresses out")
        parser.add_argument(
            "--without-huddles",
            action="store_true",
            help="leave private messages out, and files that are attached to them or to nothing",
        )
        parser.add_argument("--dry-run", action="store_true", help="read and count everything and write nothing")
        parser.add_argument("--progress", action="store_true", help="show progress even if this is no terminal")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = export_forum(
                ExportOptions(
                    site_key=options["site"],
                    path=options["path"],
                    has_emails=not options["without_emails"],
                    has_huddles=not options["without_huddles"],
                    is_dry=options["dry_run"],
                    progress=self._progress(is_asked_for=options["progress"]),
                )
            )
        except (NoSuchSiteError, OSError) as error:
            raise CommandError(str(error)) from error
        self._show(report, is_dry=options["dry_run"])

    def _progress(self, *, is_asked_for: bool) -> Callable[[str], Callable[[], object]]:
        # None makes tqdm look whether it writes to a terminal.
        disable = False if is_asked_for else None

        bars: list[Any] = []

        def start(folder: str) -> Callable[[], object]:
            for bar in bars:
                bar.close()
            bar = tqdm(desc=folder, unit=" files", disable=disable)
            bars.append(bar)
            return lambda: bar.update()

        return start

    def _show(self, report: ExportReport, *, is_dry: bool) -> None:
        for folder, count in report.counts.items():
            self.stdout.write(f"{folder:<13} {count:>9,}")
        if report.missing_files:
            files = "1 file" if len(report.missing_files) == 1 else f"{len(report.missing_files):,} files"
            shown = ", ".join(report.missing_files[:_SHOWN])
            self.stderr.write(f"the bytes of {files} are not in the storage: {shown}")
        if is_dry:
            self.stdout.write("Nothing was written: this was a dry run.")
        elif report.owner_id is not None:
            self.stdout.write(f"The owner is profile {report.owner_id} (import_forum --owner {report.owner_id}).")
