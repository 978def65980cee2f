"""Bodies of uploads, written out byte by byte."""

from typing import Any

from tests.client import ApiClient, Reply

BOUNDARY = "XXBOUNDARYXX"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"


def part(
    content: bytes,
    *,
    name: str | None = "test.png",
    type: str | None = "application/octet-stream",
    field: str = "files",
    disposition: str = "",
) -> bytes:
    """One part; `name` None is an ordinary field, `disposition` replaces the whole header line's value."""
    file_name = "" if name is None else f'; filename="{name}"'
    lines = [
        f"Content-Disposition: {disposition or f'form-data; name={field!r}'.replace(chr(39), chr(34)) + file_name}"
    ]
    if type is not None:
        lines.append(f"Content-Type: {type}")
    return "\r\n".join(lines).encode(errors="surrogateescape") + b"\r\n\r\n" + content


def body(*parts: bytes) -> bytes:
    """A whole multipart body."""
    mark = b"--" + BOUNDARY.encode()
    return b"".join(mark + b"\r\n" + one + b"\r\n" for one in parts) + mark + b"--\r\n"


def upload(client: ApiClient, content: bytes, *, query: str = "", **options: Any) -> Reply:
    """Upload one file."""
    return client.post(f"files{query}", body=body(part(content, **options)), content_type=MULTIPART)
