"""The frame of every route (contract A 1 to 6), shown on routes that everybody may call."""

import logging

import pytest

from apps.accounts.services import issue_token, revoke_token
from apps.core import clock
from apps.core.clock import set_clock
from tests.client import ApiClient
from tests.factories import Forum, ban, make_member

pytestmark = pytest.mark.django_db

ENVELOPE = ["context", "status", "data", "error"]


def test_an_answer_is_an_envelope_of_four_keys_in_order(api: ApiClient) -> None:
    reply = api.get("permission?context=abc")
    assert list(reply.json) == ENVELOPE
    assert reply.json["context"] == "abc"
    assert reply.json["status"] == 200
    assert reply.json["error"] is None
    assert reply.headers["Content-Type"] == "application/json"
    assert int(reply.headers["Content-Length"]) == len(reply.content)
    assert not reply.content.endswith(b"\n")


@pytest.mark.parametrize("how", [{"path": "?always200"}, {"path": "?always200=1"}, {"headers": {"X-Always-200": "1"}}])
def test_always200_changes_the_status_line_alone(api: ApiClient, how: dict) -> None:
    reply = api.get("whoami" + how.get("path", ""), headers=how.get("headers", {}))
    assert reply.status == 200
    assert reply.json["status"] == 403
    assert reply.code == 5


@pytest.mark.parametrize("how", [{"path": "?disableBoiler"}, {"headers": {"X-Disable-Boiler": "yes"}}])
def test_disable_boiler_leaves_only_the_data(api: ApiClient, how: dict) -> None:
    reply = api.get("permission" + how.get("path", ""), headers=how.get("headers", {}))
    assert reply.json["guest"] is True


def test_a_modifier_is_a_parameter_and_not_any_text_in_the_address(api: ApiClient) -> None:
    assert api.get("whoami?context=always200").status == 403
    assert list(api.get("permission?context=disableBoiler").json) == ENVELOPE


def test_jsonp_wraps_the_body_in_a_checked_name(api: ApiClient) -> None:
    reply = api.get("permission?callback=app.got[0]")
    assert reply.headers["Content-Type"] == "application/javascript"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.content.startswith(b'app.got[0]({"context":""')
    assert reply.content.endswith(b"})")


def test_jsonp_encodes_the_context(api: ApiClient) -> None:
    reply = api.get("permission?callback=f&context=%22)%3Balert(1)//%3C/script%3E")
    assert reply.content.endswith(b', "\\");alert(1)//\\u003c/script>")')
    assert b"</script>" not in reply.content


@pytest.mark.parametrize("name", ["alert(1)", "a b", "1x", "x" * 129, "<script>", "a;b"])
def test_jsonp_refuses_what_is_no_name(api: ApiClient, name: str) -> None:
    reply = api.get("permission", QUERY_STRING=f"callback={name.replace(' ', '%20').replace(';', '%3B')}")
    assert reply.status == 400
    assert reply.code == 4
    assert reply.headers["Content-Type"] == "application/json"


def test_jsonp_is_a_guests_unless_the_query_holds_the_token(api: ApiClient, forum: Forum) -> None:
    signed_in = api.as_(forum.owner)
    assert b'"guest":true' in signed_in.get("permission?callback=f").content
    assert b'"guest":false' in api.get(f"permission?callback=f&access_token={forum.owner.token}").content


class TestErrors:
    """Every error has the coded object (A 4.1)."""

    def test_of_a_view(self, api: ApiClient, forum: Forum) -> None:
        reply = api.get("permission?itemId=x")
        assert reply.status == 400
        assert reply.data == {
            "siteId": forum.site.id,
            "errorCode": 3,
            "errorDetail": "itemId must be a whole number, 0 or more",
        }
        assert reply.json["error"] == [reply.data["errorDetail"]]

    def test_names_the_profile_of_who_asked(self, api: ApiClient, forum: Forum) -> None:
        reply = api.as_(forum.owner).get("permission?itemId=x")
        assert reply.data["profileId"] == forum.owner.id

    @pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/site/", "/api/v1//site", "/nowhere", "/api/v1/Site"])
    def test_of_an_unknown_route(self, api: ApiClient, path: str) -> None:
        reply = api.get(path)
        assert reply.status == 404
        assert list(reply.json) == ENVELOPE
        assert reply.data["errorCode"] == 0
        assert reply.headers["Access-Control-Allow-Origin"] == "*"

    def test_of_an_unknown_host(self, api: ApiClient) -> None:
        reply = api.at("nobody.localhost").get("site")
        assert reply.status == 404
        assert reply.data["siteId"] == 0
        assert reply.code == 14

    def test_of_a_wrong_verb(self, api: ApiClient) -> None:
        reply = api.post("permission")
        assert reply.status == 405
        assert reply.headers["Allow"] == "OPTIONS,GET,HEAD"
        assert reply.json["error"]

    def test_are_never_cached(self, api: ApiClient) -> None:
        for reply in (
            api.get("whoami"),
            api.get("nothing"),
            api.post("permission"),
            api.at("no.localhost").get("site"),
        ):
            assert reply.headers["Cache-Control"] == "private, no-cache, max-age=0"

    def test_without_details_for_what_nobody_foresaw(
        self, api: ApiClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(*args: object, **kwargs: object) -> None:
            raise ZeroDivisionError("secret detail")

        monkeypatch.setattr("apps.permissions.queries.statements._statements", {})
        monkeypatch.setattr("apps.permissions.queries.Permissions.of_row", fail)
        from dataclasses import replace

        with caplog.at_level(logging.CRITICAL):
            reply = replace(api, checked=False).get("permission")
        assert reply.status == 500
        assert "secret" not in reply.content.decode()
        assert reply.headers["X-Request-Id"] in reply.data["errorDetail"]


class TestHosts:
    """Which site answers where (A 1.1)."""

    @pytest.mark.parametrize(
        "host", ["ALPHA.localhost", "alpha.localhost.", "alpha.localhost:8000", "Alpha.LocalHost.:80"]
    )
    def test_case_port_and_one_trailing_dot_do_not_count(self, api: ApiClient, host: str) -> None:
        assert api.at(host).get("permission").status == 200

    @pytest.mark.parametrize(
        "host",
        ["", "alpha.localhost..", "a-b.localhost", "x.alpha.localhost", "alpha.localhost@evil", "[::1]", "alpha"],
    )
    def test_anything_else_is_no_site(self, api: ApiClient, host: str) -> None:
        reply = api.at(host).get("permission")
        assert reply.status == 404
        assert reply.code == 14

    def test_the_root_key_is_hidden(self, api: ApiClient, root_forum: Forum) -> None:
        assert api.at("root.localhost").get("site").code == 14

    def test_t4_a_forwarded_host_is_not_believed(self, api: ApiClient, other_forum: Forum, forum: Forum) -> None:
        reply = api.get("whoami", headers={"X-Forwarded-Host": other_forum.host, "X-Original-Host": other_forum.host})
        assert reply.data["siteId"] == forum.site.id

    def test_a_custom_domain_is_the_same_site(self, api: ApiClient, forum: Forum) -> None:
        forum.site.domain = "forum.example.org"
        forum.site.save(update_fields=["domain"])
        assert api.at("FORUM.example.org:443").get("whoami").data["siteId"] == forum.site.id
        assert api.at("other.example.org").get("whoami").code == 14

    def test_a_deleted_site_is_gone(self, api: ApiClient, forum: Forum) -> None:
        forum.site.is_deleted = True
        forum.site.save(update_fields=["is_deleted"])
        assert api.get("site").code == 14


class TestTokens:
    """How a token travels and when it counts (A 2.3)."""

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
    def test_in_the_header(self, api: ApiClient, forum: Forum, scheme: str) -> None:
        reply = api.get("permission", headers={"Authorization": f"{scheme} {forum.owner.token}"})
        assert reply.data["guest"] is False

    def test_in_the_query(self, api: ApiClient, forum: Forum) -> None:
        assert api.get(f"permission?access_token={forum.owner.token}").data["guest"] is False

    @pytest.mark.parametrize(
        "header", ["Bearer", "Basic abc", "Bearer a b", "Bearer  x", "Bearer " + "x" * 128, "Bearer \xff"]
    )
    def test_a_bad_header_wins_over_a_good_query(self, api: ApiClient, forum: Forum, header: str) -> None:
        reply = api.get(f"permission?access_token={forum.owner.token}", headers={"Authorization": header})
        assert reply.status == 401
        assert reply.code == 7

    def test_unknown(self, api: ApiClient) -> None:
        assert api.get("permission?access_token=nothing").code == 7

    def test_expired(self, api: ApiClient, forum: Forum) -> None:
        from datetime import timedelta

        set_clock(shift=timedelta(days=366))
        reply = api.as_(forum.owner).get("permission")
        assert (reply.status, reply.code) == (401, 6)

    def test_revoked(self, api: ApiClient, forum: Forum) -> None:
        revoke_token(token=forum.owner.token)
        reply = api.as_(forum.owner).get("permission")
        assert (reply.status, reply.code) == (401, 7)

    def test_of_an_account_that_is_switched_off(self, api: ApiClient, forum: Forum) -> None:
        member = forum.member()
        member.profile.user.is_active = False
        member.profile.user.save(update_fields=["is_active"])
        assert api.as_(member).get("permission").status == 401

    def test_belongs_to_a_user_and_so_works_on_every_site(
        self, api: ApiClient, forum: Forum, other_forum: Forum
    ) -> None:
        member = forum.member()
        reply = api.at(other_forum.host).as_(member).get("permission")
        assert reply.data["guest"] is False
        assert other_forum.site.profiles.filter(user_id=member.profile.user_id).count() == 1

    def test_is_checked_even_for_options(self, api: ApiClient) -> None:
        assert api.options("permission", headers={"Authorization": "Bearer nothing"}).status == 401

    def test_is_stored_only_as_a_hash(self, forum: Forum) -> None:
        from apps.accounts.models import AccessToken

        token = issue_token(user=forum.owner.profile.user, client=None)
        record = AccessToken.objects.latest("id")
        assert len(token) == 128
        assert token not in repr(vars(record))


def test_a_ban_shuts_every_door_but_three(api: ApiClient, forum: Forum) -> None:
    member = make_member(forum.site)
    ban(forum.site, member)
    banned = api.as_(member)
    assert banned.get("permission").code == 13
    assert banned.get("permission").status == 403
    assert banned.get("site").status == 200
    assert banned.get("whoami").status == 200
    assert banned.get(f"profiles/{member.id}").status == 200
    assert banned.get(f"profiles/{forum.owner.id}").code == 13


class TestMethodOverride:
    """A POST may mean another verb (A 2.2)."""

    def test_by_query(self, api: ApiClient) -> None:
        assert api.post("permission?method=get").data["guest"] is True

    def test_by_header(self, api: ApiClient) -> None:
        assert api.post("permission", headers={"X-HTTP-Method-Override": "GET"}).data["guest"] is True

    def test_the_query_wins(self, api: ApiClient) -> None:
        reply = api.post("permission?method=OPTIONS", headers={"X-HTTP-Method-Override": "GET"})
        assert reply.headers["Allow"] == "OPTIONS,GET,HEAD"

    def test_an_unknown_verb_stays_post(self, api: ApiClient) -> None:
        assert api.post("permission?method=BREW").status == 405

    def test_only_a_post_is_overridden(self, api: ApiClient) -> None:
        assert api.get("permission?method=DELETE").status == 200

    def test_an_overridden_guest_get_is_cached_like_one(self, api: ApiClient) -> None:
        assert api.post("permission?method=GET").headers["Cache-Control"] == "public, max-age=300"


class TestHeaders:
    """CORS, HEAD, OPTIONS, caching, request ids (A 5)."""

    def test_a_guests_get_may_be_shared_and_nothing_else(self, api: ApiClient, forum: Forum) -> None:
        assert api.get("permission").headers["Cache-Control"] == "public, max-age=300"
        for reply in (api.as_(forum.owner).get("permission"), api.head("permission"), api.options("permission")):
            assert reply.headers["Cache-Control"] == "private, no-cache, max-age=0"

    def test_c1_an_answer_varies_with_what_makes_it(self, api: ApiClient) -> None:
        assert api.get("permission").headers["Vary"] == "Authorization, X-Always-200, X-Disable-Boiler"

    def test_head_is_get_without_the_body(self, api: ApiClient) -> None:
        head, get = api.head("permission"), api.get("permission")
        assert head.content == b""
        assert head.headers["Content-Length"] == get.headers["Content-Length"]

    def test_options_has_no_body(self, api: ApiClient) -> None:
        reply = api.options("permission")
        assert (reply.status, reply.content, reply.headers["Content-Length"]) == (200, b"", "0")
        assert reply.headers["Allow"] == "OPTIONS,GET,HEAD"
        assert "Access-Control-Allow-Methods" not in reply.headers

    def test_a_preflight_is_answered(self, api: ApiClient) -> None:
        reply = api.options("permission", headers={"Origin": "https://x.org", "Access-Control-Request-Method": "GET"})
        assert reply.headers["Access-Control-Allow-Origin"] == "*"
        assert reply.headers["Access-Control-Allow-Methods"] == "OPTIONS,GET,HEAD"
        for name in ("Authorization", "Content-Type", "X-HTTP-Method-Override", "X-Always-200", "X-Disable-Boiler"):
            assert name in reply.headers["Access-Control-Allow-Headers"]
        assert int(reply.headers["Access-Control-Max-Age"]) > 0
        assert "Access-Control-Allow-Credentials" not in reply.headers

    def test_location_is_readable_across_origins(self, api: ApiClient) -> None:
        assert "Location" in api.get("permission").headers["Access-Control-Expose-Headers"]

    def test_no_cookie_is_ever_set(self, api: ApiClient, forum: Forum) -> None:
        assert "Set-Cookie" not in api.as_(forum.owner).get("permission").headers

    def test_every_answer_has_a_request_id(self, api: ApiClient) -> None:
        ids = {api.get(path).headers["X-Request-Id"] for path in ("permission", "permission", "nothing", "whoami")}
        assert len(ids) == 4

    def test_a_well_formed_request_id_of_a_proxy_is_kept(self, api: ApiClient) -> None:
        assert api.get("permission", headers={"X-Request-Id": "abc-123-def"}).headers["X-Request-Id"] == "abc-123-def"
        assert api.get("permission", headers={"X-Request-Id": "a b\t"}).headers["X-Request-Id"] != "a b\t"

    def test_every_log_line_has_the_request_id(self, api: ApiClient, caplog: pytest.LogCaptureFixture) -> None:
        from apps.core.logs import RequestIdFilter

        caplog.handler.addFilter(RequestIdFilter())
        api.get("nothing", headers={"X-Request-Id": "abcdef-1234"})
        assert caplog.records
        assert {record.request_id for record in caplog.records} == {"abcdef-1234"}


class TestLimits:
    """Sizes of what a request may carry."""

    def test_headers(self, api: ApiClient) -> None:
        assert api.get("permission", headers={"X-Long": "x" * 40_000}).status == 431

    def test_address(self, api: ApiClient) -> None:
        assert api.get("permission?unknown=" + "x" * 17_000).status == 414

    def test_parameters(self, api: ApiClient) -> None:
        reply = api.get("permission?" + "&".join(f"unknown={n}" for n in range(201)))
        assert (reply.status, reply.code) == (400, 4)

    @pytest.mark.parametrize("text", ["%00", "a%00b"])
    def test_a_nul_in_the_query(self, api: ApiClient, text: str) -> None:
        assert api.get(f"permission?context={text}").status == 400

    @pytest.mark.parametrize("text", ["%ff%fe", "%ED%A0%80", "%"])
    def test_bytes_that_are_no_text(self, api: ApiClient, text: str) -> None:
        assert api.get(f"permission?context={text}").status == 200

    @pytest.mark.parametrize("id_", ["9223372036854775808", "1" * 30, "0" * 40 + "9" * 20])
    def test_an_id_beyond_64_bits(self, api: ApiClient, id_: str) -> None:
        reply = api.get(f"profiles/{id_}")
        assert (reply.status, reply.code) == (400, 4)

    def test_the_largest_id_and_zero_are_just_missing(self, api: ApiClient) -> None:
        assert api.get("profiles/9223372036854775807").status == 404
        assert api.get("profiles/0").status == 404


def test_a_guests_first_visit_writes_nothing(api: ApiClient, forum: Forum) -> None:
    from apps.profiles.models import Profile

    before = list(Profile.objects.order_by("id").values())
    api.get("permission")
    assert list(Profile.objects.order_by("id").values()) == before


def test_activity_is_noted_once_a_minute(api: ApiClient, forum: Forum) -> None:
    from datetime import timedelta

    from tests.queries import count_statements

    api.as_(forum.owner).get("permission")
    with count_statements() as statements:
        api.as_(forum.owner).get("permission")
    assert len(statements) == 2
    set_clock(shift=timedelta(seconds=61))
    with count_statements() as statements:
        api.as_(forum.owner).get("permission")
    assert len(statements) == 3
    forum.owner.profile.refresh_from_db()
    assert clock.now() - forum.owner.profile.last_active_at < timedelta(seconds=10)


def test_an_empty_body_is_a_form_without_a_type_and_no_json_with_one(api: ApiClient, forum: Forum) -> None:
    member = api.as_(forum.member())
    assert member.put("profiles/options", CONTENT_TYPE="application/json").code == 2
    assert member.put("profiles/options").status == 302


def test_what_a_view_leaves_of_a_body_is_read(api: ApiClient, forum: Forum) -> None:
    """Else the server resets the connection, and a proxy answers 502 in our place."""
    reply = api.post("permission", body=b"x" * 300_000, content_type="application/json")
    assert reply.status == 405
    assert reply.response.wsgi_request._stream.read() == b""
