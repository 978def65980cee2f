"""What things were called in forums before the exported one, which only exports of ours know: old addresses lead on."""

from apps.sites.types import ITEM_TYPES
from apps.transfer import queries
from apps.transfer.importer.extensions import FormerIdsFile
from apps.transfer.importer.run import Run, chunks, read_file
from apps.transfer.models import MAX_PRODUCT_LENGTH
from apps.transfer.resolvers.target import ADDRESSED
from apps.transfer.services import record_former_ids

FOLDER = "former-ids"


def import_former_ids(run: Run) -> None:
    """Note the ids here of what `former-ids` names, as far as it is imported.

    All files are read in each run: one may name what an earlier run could not import.
    """
    listing = run.export.listing(FOLDER)
    tally = run.report.tally(FOLDER)
    tally.found += len(listing.files) + len(listing.problems)
    for path, message in listing.problems:
        run.report.error(FOLDER, path, message)
    advance = run.progress(FOLDER, len(listing.files))
    for files in chunks(listing.files, run.batch_size):
        for file in files:
            read = read_file(run, FOLDER, file, FormerIdsFile)
            if read is not None:
                _note(run, read.document, path=read.path)
        advance(len(files))


def _note(run: Run, file: FormerIdsFile, *, path: str) -> None:
    kind = ITEM_TYPES.get(file.on_type)
    if kind not in ADDRESSED:
        run.report.error(FOLDER, path, f"names things of the unknown type {file.on_type!r}")
    elif not 0 < len(file.product) <= MAX_PRODUCT_LENGTH:
        run.report.error(FOLDER, path, f"product has 1 to {MAX_PRODUCT_LENGTH} characters")
    else:
        new_ids = _new_ids(run, file)
        is_news = run.is_dry or record_former_ids(new_ids, site_id=run.place.site_id, product=file.product, kind=kind)
        tally = run.report.tally(FOLDER)
        tally.imported += bool(is_news)
        tally.present += not is_news


def _new_ids(run: Run, file: FormerIdsFile) -> dict[str, int]:
    """The ids here by former ones."""
    known = run.new_ids(ITEM_TYPES[file.on_type], set(file.ids.values())) if file.ids else {}
    found = {former: known[str(id)] for former, id in file.ids.items() if str(id) in known}
    if file.hashes:
        files = queries.files_by_hash(site_id=run.place.site_id, hashes=set(file.hashes.values()))
        found |= {former: files[hash] for former, hash in file.hashes.items() if hash in files}
    return found
