"""What nginx, the guest cache and memcached make of one address together (C1, C3, C4)."""

import gzip
import json
from typing import Any

import pytest

from tests.asking import Answer, ask
from tests.e2e.conftest import Nginx, Platform

PRIVATE = "private, no-cache, max-age=0"


def read(nginx: Nginx, platform: Platform, path: str, *, token: str = "", **headers: str) -> Answer:
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return ask(nginx.port, path, host=platform.alpha, **headers)


def write(nginx: Nginx, platform: Platform, method: str, path: str, body: Any) -> Answer:
    content = json.dumps(body).encode()
    headers = {"Content_Type": "application/json", "Authorization": f"Bearer {platform.token}"}
    return ask(nginx.port, path, host=platform.alpha, method=method, body=content, **headers)


@pytest.fixture
def conversation(nginx: Nginx, platform: Platform) -> str:
    """A conversation that everybody may read."""
    root_id = read(nginx, platform, "/api/v1/microcosms").json()["data"]["id"]
    made = write(nginx, platform, "POST", "/api/v1/conversations", {"microcosmId": root_id, "title": "Read by all"})
    assert made.status == 302, made
    return made.headers["Location"]


def test_c1_guest_and_member_never_get_each_others_answer(nginx: Nginx, platform: Platform, conversation: str) -> None:
    for token in ("", platform.token, "", "", platform.token, platform.token, ""):
        answer = read(nginx, platform, conversation, token=token)
        assert answer.status == 200
        assert answer.json()["data"]["meta"]["permissions"]["guest"] is not bool(token)
        assert answer.headers["Cache-Control"] == (PRIVATE if token else "public, max-age=300")
        assert "Authorization" in ", ".join(answer.headers.get_all("Vary"))
    in_query = read(nginx, platform, f"{conversation}?access_token={platform.token}")
    assert in_query.json()["data"]["meta"]["permissions"]["guest"] is False
    assert read(nginx, platform, conversation).json()["data"]["meta"]["permissions"]["guest"] is True


def test_who_holds_the_body_gets_304_compressed_or_not(nginx: Nginx, platform: Platform, conversation: str) -> None:
    for token in ("", platform.token):
        read(nginx, platform, conversation, token=token)
        packed = read(nginx, platform, conversation, token=token, Accept_Encoding="gzip")
        assert packed.headers["Content-Encoding"] == "gzip"
        plain = read(nginx, platform, conversation, token=token)
        assert gzip.decompress(packed.body) == plain.body
        assert packed.headers["ETag"] == plain.headers["ETag"]
        for encoding in ("gzip", "identity"):
            held = read(
                nginx,
                platform,
                conversation,
                token=token,
                Accept_Encoding=encoding,
                If_None_Match=packed.headers["ETag"],
            )
            assert (held.status, held.body, held.headers["ETag"]) == (304, b"", packed.headers["ETag"])


def test_c3_what_is_hidden_is_gone_at_once(nginx: Nginx, platform: Platform, conversation: str) -> None:
    assert read(nginx, platform, conversation).status == 200
    assert write(nginx, platform, "DELETE", conversation, None).status == 200
    for token in ("", platform.token):
        gone = read(nginx, platform, conversation, token=token)
        assert (gone.status, gone.headers["Cache-Control"]) == (404, PRIVATE)


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Forwarded_Host": "forum.example.org"},
        {"Forwarded": "host=forum.example.org"},
        {"X_Original_URL": "/api/v1/whoami"},
        {"X_Rewrite_URL": "/api/v1/whoami"},
        {"X_HTTP_Method_Override": "DELETE"},
        {"Accept": "text/html"},
    ],
    ids=str,
)
def test_c4_no_header_poisons_the_answer_of_the_next(nginx: Nginx, platform: Platform, headers: dict[str, str]) -> None:
    clean = read(nginx, platform, "/api/v1/site")
    assert clean.json()["data"]["title"] == "Alpha"
    read(nginx, platform, "/api/v1/site", **headers)
    assert read(nginx, platform, "/api/v1/site").body == clean.body


def test_c4_no_way_to_write_an_address_poisons_it(nginx: Nginx, platform: Platform, conversation: str) -> None:
    clean = read(nginx, platform, f"{conversation}?limit=5")
    for odd in (
        f"{conversation}?limit=5&callback=alert",
        f"{conversation}?limit=5&context=evil",
        f"{conversation}?limit=5;callback=alert",
        f"{conversation}?limit=5&limit=10",
        f"{conversation}?%6cimit=10",
        f"{conversation.replace('conv', '%63onv')}?limit=5",
        f"{conversation}?limit=5#?limit=10",
    ):
        read(nginx, platform, odd)
        assert read(nginx, platform, f"{conversation}?limit=5").body == clean.body, odd
