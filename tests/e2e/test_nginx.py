"""nginx with the repository's nginx.conf in front of the real server processes."""

import gzip
import http.client
import json
import socket
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from microcosm.development.testing import free_port, wait_until
from tests.asking import Answer, ask
from tests.e2e.conftest import DOMAIN, Nginx, Platform


def assert_is_coded(answer: Answer, *, status: int, code: int) -> None:
    """The one shape of every error, whoever wrote it."""
    assert answer.status == status
    assert answer.headers["Content-Type"].startswith("application/json")
    body = answer.json()
    assert body["status"] == status
    assert body["data"]["errorCode"] == code
    assert body["data"]["siteId"] == 0
    assert body["error"] == [body["data"]["errorDetail"]]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["X-Request-Id"]


def open_socket(port: int, path: str, *, host: str, origin: str | None = None) -> ClientConnection:
    raw = socket.create_connection(("127.0.0.1", port), timeout=10)
    return connect(f"ws://{host}{path}", sock=raw, open_timeout=10, close_timeout=2, origin=origin)


def test_the_host_header_chooses_the_site(nginx: Nginx, platform: Platform) -> None:
    answer = ask(nginx.port, "/api/v1/site", host=platform.alpha)
    assert answer.status == 200
    assert answer.json()["data"]["title"] == "Alpha"


def test_a_custom_domain_reaches_its_site(nginx: Nginx) -> None:
    answer = ask(nginx.port, "/api/v1/site", host="forum.example.org")
    assert answer.json()["data"]["title"] == "Beta"


def test_the_apex_reaches_the_root_site(nginx: Nginx) -> None:
    assert ask(nginx.port, "/api/v1/site", host=DOMAIN).status == 200


def test_an_unknown_host_gets_the_coded_404(nginx: Nginx) -> None:
    assert_is_coded(ask(nginx.port, "/api/v1/site", host=f"nobody.{DOMAIN}"), status=404, code=14)
    assert_is_coded(ask(nginx.port, "/api/v1/site", host="evil.example.com"), status=404, code=14)


def test_a_forwarded_host_is_not_believed(nginx: Nginx, platform: Platform) -> None:
    answer = ask(
        nginx.port,
        "/api/v1/site",
        host=platform.alpha,
        X_Forwarded_Host="forum.example.org",
        Forwarded="host=forum.example.org",
    )
    assert answer.json()["data"]["title"] == "Alpha"


def test_a_token_passes(nginx: Nginx, platform: Platform) -> None:
    answer = ask(nginx.port, "/api/v1/whoami", host=platform.alpha, Authorization=f"Bearer {platform.token}")
    assert answer.status in (200, 302, 307)


def test_path_and_query_arrive_as_they_were_sent(nginx: Nginx, platform: Platform) -> None:
    direct = ask(platform.http_port, "/api//v1/%2e/site?a=%20b", host=platform.alpha)
    proxied = ask(nginx.port, "/api//v1/%2e/site?a=%20b", host=platform.alpha)
    assert (proxied.status, proxied.json()) == (direct.status, direct.json())


def test_a_claimed_client_address_is_not_believed(nginx: Nginx, platform: Platform) -> None:
    # Three attempts from one address are allowed; a new X-Forwarded-For for each would make them endless.
    def attempt(number: int, port: int) -> int:
        proof = {
            "email": f"nobody{number}@example.org",
            "password": "wrong horse battery",
            "clientSecret": platform.client_secret,
        }
        body = json.dumps(proof).encode()
        headers = {"Content_Type": "application/json", "X_Forwarded_For": f"203.0.113.{number}"}
        return ask(port, "/api/v1/auth", host=platform.alpha, method="POST", body=body, **headers).status

    statuses = [attempt(number, nginx.port) for number in range(1, 7)]
    assert statuses[-1] == 429
    # What nginx itself says of a client is believed: somebody else is not locked out.
    assert attempt(9, platform.http_port) != 429


def test_a_body_that_is_too_large_is_refused_by_nginx_in_the_same_shape(nginx: Nginx, platform: Platform) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", nginx.port, timeout=10)
    connection.putrequest("POST", "/api/v1/comments", skip_host=True)
    connection.putheader("Host", platform.alpha)
    connection.putheader("Content-Length", str(33 * 1024 * 1024))
    connection.endheaders()
    response = connection.getresponse()
    assert_is_coded(Answer(response.status, response.headers, response.read()), status=413, code=4)
    connection.close()


def test_a_body_within_the_limit_of_nginx_reaches_the_limit_of_the_application(
    nginx: Nginx, platform: Platform
) -> None:
    body = b'{"markdown":"' + b"x" * (5 * 1024 * 1024) + b'"}'
    answer = ask(
        nginx.port,
        "/api/v1/comments",
        Content_Type="application/json",
        Authorization=f"Bearer {platform.token}",
        host=platform.alpha,
        method="POST",
        body=body,
    )
    assert answer.status == 413
    assert answer.json()["data"]["errorCode"] == 4


def test_headers_that_do_not_fit_are_refused_in_the_same_shape(nginx: Nginx, platform: Platform) -> None:
    assert_is_coded(ask(nginx.port, "/api/v1/site", host=platform.alpha, X_Long="x" * 40_000), status=431, code=4)
    assert_is_coded(ask(nginx.port, "/api/v1/site?" + "x" * 40_000, host=platform.alpha), status=414, code=4)


def test_the_longest_links_of_a_page_pass(nginx: Nginx, platform: Platform) -> None:
    page = ask(nginx.port, f"/api/v1/conversations?limit=5&context={'x' * 7_000}", host=platform.alpha)
    link, _, rel = page.headers["Link"].partition(">; ")
    assert (page.status, rel) == (200, 'rel="next"')
    further = ask(nginx.port, link.removeprefix("<"), host=platform.alpha)
    total = page.json()["data"]["conversations"]["total"]
    assert total > 5
    assert (further.status, len(further.json()["data"]["conversations"]["items"])) == (200, min(total - 5, 5))


def test_json_is_compressed_for_who_takes_it(nginx: Nginx, platform: Platform) -> None:
    plain = ask(nginx.port, "/api/v1/site", host=platform.alpha)
    packed = ask(nginx.port, "/api/v1/site", host=platform.alpha, Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert any("Accept-Encoding" in value for value in packed.headers.get_all("Vary"))
    assert json.loads(gzip.decompress(packed.body))["data"]["title"] == plain.json()["data"]["title"]


def test_a_request_id_of_the_client_is_replaced(nginx: Nginx, platform: Platform) -> None:
    answer = ask(nginx.port, "/api/v1/site", host=platform.alpha, X_Request_Id="chosen-by-a-client")
    assert answer.headers.get_all("X-Request-Id") != ["chosen-by-a-client"]
    assert len(answer.headers.get_all("X-Request-Id")) == 1
    wait_until(lambda: answer.headers["X-Request-Id"] in nginx.log(), seconds=5, what="the id in nginx's log")


def test_tokens_stay_out_of_the_log(nginx: Nginx, platform: Platform) -> None:
    ask(nginx.port, f"/api/v1/whoami?access_token={platform.token}", host=platform.alpha)
    ask(nginx.port, f"/api/v1/auth/{platform.token}", host=platform.alpha)
    last = ask(nginx.port, "/api/v1/site", host=platform.alpha)
    wait_until(lambda: last.headers["X-Request-Id"] in nginx.log(), seconds=5, what="the id in nginx's log")
    assert platform.token not in nginx.log()
    assert '"path":"/api/v1/auth/-"' in nginx.log()


def test_too_many_requests_get_the_coded_429(platform: Platform, start_nginx: Callable[..., Nginx]) -> None:
    strict = {"rate=50r/s": "rate=1r/m", "burst=200 nodelay": "burst=1 nodelay"}
    nginx = start_nginx(http_port=platform.http_port, live_port=platform.live_port, **strict)
    answers = [ask(nginx.port, "/api/v1/site", host=platform.alpha) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert_is_coded(answers[2], status=429, code=16)
    assert answers[2].headers["Retry-After"] == "1"


def test_a_missing_process_is_a_coded_502(start_nginx: Callable[..., Nginx]) -> None:
    nginx = start_nginx(http_port=free_port(), live_port=free_port())
    assert_is_coded(ask(nginx.port, "/api/v1/site", host=f"alpha.{DOMAIN}"), status=502, code=0)


@pytest.mark.parametrize("path", ["/api/v1/auth", "/api/v1/auth0?always200"])
def test_what_clients_would_take_for_a_token_is_null(start_nginx: Callable[..., Nginx], path: str) -> None:
    nginx = start_nginx(http_port=free_port(), live_port=free_port())
    answer = ask(nginx.port, path, host=f"alpha.{DOMAIN}", method="POST", body=b"Assertion=x")
    assert (answer.status, answer.json()["data"], len(answer.json()["error"])) == (502, None, 1)
    assert_is_coded(ask(nginx.port, path, host=f"alpha.{DOMAIN}"), status=502, code=0)


def test_static_files_come_from_nginx(nginx: Nginx, platform: Platform) -> None:
    answer = ask(nginx.port, "/static/style.css", host=platform.alpha)
    assert (answer.status, answer.body) == (200, b"body { margin: 0 }\n")
    assert answer.headers["Content-Type"] == "text/css"
    assert ask(nginx.port, "/static/../nginx.conf", host=platform.alpha).status != 200


def test_a_host_with_a_certificate_is_redirected_to_it(nginx: Nginx) -> None:
    answer = ask(nginx.port, "/api/v1/site?a=b", host=f"secure.{DOMAIN}")
    assert (answer.status, answer.headers["Location"]) == (308, f"https://secure.{DOMAIN}/api/v1/site?a=b")
    assert_is_coded(ask(nginx.tls_port, "/api/v1/site", host=f"secure.{DOMAIN}", tls=True), status=404, code=14)


def test_certificate_challenges_are_answered_without_tls(nginx: Nginx) -> None:
    answer = ask(nginx.port, "/.well-known/acme-challenge/token", host=f"secure.{DOMAIN}")
    assert (answer.status, answer.body) == (200, b"proof")


def test_https_serves_the_site(nginx: Nginx, platform: Platform) -> None:
    assert ask(nginx.tls_port, "/api/v1/site", host=platform.alpha, tls=True).json()["data"]["title"] == "Alpha"


def test_the_operator_signs_in_to_the_admin(nginx: Nginx) -> None:
    page = ask(nginx.tls_port, "/admin/login/", host=DOMAIN, tls=True)
    assert page.status == 200
    cookie = page.headers["Set-Cookie"].split(";")[0]
    token = page.body.decode().split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    form = {
        "csrfmiddlewaretoken": token,
        "username": "operator@example.org",
        "password": "correct horse battery",
        "next": "/admin/",
    }
    answer = ask(
        nginx.tls_port,
        "/admin/login/",
        Content_Type="application/x-www-form-urlencoded",
        Cookie=cookie,
        host=DOMAIN,
        method="POST",
        body=urlencode(form).encode(),
        tls=True,
        Origin=f"https://{DOMAIN}",
        Referer=f"https://{DOMAIN}/admin/login/",
    )
    assert (answer.status, answer.headers["Location"]) == (302, "/admin/")
    assert "secure" in " ".join(answer.headers.get_all("Set-Cookie")).lower()


def test_a_socket_is_opened_through_nginx(nginx: Nginx, platform: Platform) -> None:
    with open_socket(nginx.port, "/live/v1", host=platform.alpha) as live:
        live.send('{"type":"ping"}')
        assert json.loads(live.recv(timeout=10))["type"] == "pong"
        live.send(json.dumps({"type": "sign_in", "token": platform.token}))
        assert json.loads(live.recv(timeout=10))["type"] == "signed_in"


def test_a_stream_is_opened_through_nginx_and_its_first_event_comes_at_once(nginx: Nginx, platform: Platform) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", nginx.port, timeout=20)
    headers = {"Host": platform.alpha, "Authorization": f"Bearer {platform.token}", "Accept-Encoding": "gzip"}
    connection.request("GET", "/api/v1/changes/stream", headers=headers)
    response = connection.getresponse()
    assert (response.status, response.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    assert "Content-Encoding" not in response.headers
    assert response.readline().startswith(b"retry: ")
    connection.close()
    refused = ask(nginx.port, "/api/v1/changes/stream?after=x", host=platform.alpha)
    assert (refused.status, refused.json()["data"]["errorCode"]) == (400, 3)


def test_a_page_of_another_host_may_not_open_a_socket(nginx: Nginx, platform: Platform) -> None:
    with pytest.raises(InvalidStatus) as refused:
        open_socket(nginx.port, "/live/v1", host=platform.alpha, origin="https://evil.example")
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("size", [8_193, 1_000_000])
def test_a_frame_that_is_too_large_closes_the_socket_before_it_is_read(
    nginx: Nginx, platform: Platform, size: int
) -> None:
    with open_socket(nginx.port, "/live/v1", host=platform.alpha) as live:
        live.send("x" * size)
        with pytest.raises(ConnectionClosed) as closed:
            live.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def test_a_socket_of_an_unknown_site_is_closed(nginx: Nginx) -> None:
    with (
        open_socket(nginx.port, "/live/v1", host=f"nobody.{DOMAIN}") as live,
        pytest.raises(ConnectionClosed) as closed,
    ):
        live.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4404


def test_a_socket_at_an_unknown_address_is_refused(nginx: Nginx, platform: Platform) -> None:
    with pytest.raises(InvalidStatus) as refused:
        open_socket(nginx.port, "/live/v9", host=platform.alpha)
    assert refused.value.response.status_code == 404


def test_plain_http_at_the_socket_process_is_refused(nginx: Nginx, platform: Platform) -> None:
    assert ask(nginx.port, "/live/v1", host=platform.alpha).status == 404
