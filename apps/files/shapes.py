"""Files as the wire has them (contract A 24.1)."""

from typing import Any

from apps.core.pagination import Ends, Paging, RequestUrl, collection
from apps.files.attaching import file_path
from apps.files.services import StoredFile


def uploaded_file(stored: StoredFile) -> dict[str, Any]:
    """One entry of the answer to an upload."""
    file = stored.file
    shape = {
        "created": file.created_at,
        "fileName": stored.name,
        "fileExt": file.extension,
        "fileSize": file.size,
        "fileHash": file.hash,
        "mimeType": file.mime_type,
    }
    if file.width and file.height:
        shape |= {"width": file.width, "height": file.height}
    return shape


def attachment(row: Any) -> dict[str, Any]:
    """One attachment (contract A 25.1) from a row with its `file`."""
    link = {"rel": "related", "href": file_path(row.file.hash, row.extension), "title": "File resource"}
    return {
        "profileId": row.created_by_id,
        "fileHash": row.file.hash,
        "fileName": row.name,
        "fileExt": row.extension,
        "created": row.created_at,
        "meta": {"links": [link]},
    }


def attachment_list(
    rows: list[Any], *, total: int, paging: Paging, url: RequestUrl, permissions: dict[str, bool]
) -> tuple[dict[str, Any], Ends]:
    """A page of what is attached to something, and its cursors."""
    rows, ends = paging.cut(rows, total=total, key=lambda row: (row.id,))
    items = [attachment(row) for row in rows]
    shape = {
        "attachments": collection(paging=paging, total=total, items=items, type="attachments", url=url, ends=ends),
        "meta": {"links": [{"rel": "self", "href": url.as_sent(paging.offset)}], "permissions": permissions},
    }
    return shape, ends
