"""Bulk writes of imported history: on how many things files are (docs/decisions/0013)."""

from apps.core.sql import Statements

statements = Statements(__file__)


def recount_files(*, site_id: int) -> int:
    """Count what the files of a site are attached to again; returns how many counts were wrong."""
    return statements.recount_files_of_site.execute(site_id=site_id)
