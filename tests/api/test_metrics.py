"""Numbers that jobs make: people of sites (contract A 16.1, B 17) and metrics of the platform (A 20)."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.accounts.models import User
from apps.core import clock
from apps.core.clock import set_clock
from apps.huddles.services import create_huddle
from apps.profiles.models import Profile
from apps.sites.models import DayMetrics, Site
from apps.sites.statistics import count_people_online, on_all_sites
from apps.sites.tasks import count_people, record_metrics
from apps.sites.tasks import count_people_online as count_people_online_job
from tests.client import ApiClient
from tests.content import place_in, say, start
from tests.factories import Forum, Person, make_forum
from tests.queries import count_statements

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def operator(root_forum: Forum) -> ApiClient:
    """Somebody who operates the platform, on the root host."""
    person = root_forum.member()
    User.objects.filter(id=person.profile.user_id).update(is_staff=True)
    return ApiClient(host=root_forum.host).as_(person)


def was_here(person: Person, *, minutes_ago: int) -> None:
    """Somebody's last visit."""
    Profile.objects.filter(id=person.id).update(last_active_at=clock.now() - timedelta(minutes=minutes_ago))


def people(api: ApiClient) -> tuple[int, int, int]:
    """Active, online and all people, as a site says."""
    stats = {one["metric"]: one["value"] for one in api.get("site").data["meta"]["stats"]}
    return stats["activeProfiles"], stats["onlineProfiles"], stats["totalProfiles"]


# --- People of sites ------------------------------------------------------------------------------


def test_the_founder_of_a_site_is_counted_at_once(api: ApiClient, forum: Forum) -> None:
    assert people(api) == (1, 1, 1)


def test_jobs_count_the_people_of_every_site(api: ApiClient, forum: Forum, other_forum: Forum) -> None:
    member = forum.member()
    assert people(api) == (1, 1, 1)
    assert count_people() == {"sites_changed": 1}
    assert people(api) == (2, 2, 2)
    assert people(api.at(other_forum.host)) == (1, 1, 1)
    was_here(member, minutes_ago=91)
    assert (count_people_online_job(), count_people_online_job()) == ({"sites_changed": 1}, {"sites_changed": 0})
    assert people(api) == (2, 1, 2)
    was_here(forum.owner, minutes_ago=60 * 24 * 91)
    assert count_people() == {"sites_changed": 1}
    assert people(api) == (1, 0, 2)


def test_nobody_online_is_zero(api: ApiClient, forum: Forum) -> None:
    """B 17: the reference never went back to 0."""
    was_here(forum.owner, minutes_ago=91)
    count_people_online_job()
    assert people(api) == (1, 0, 1)


def test_who_is_online_is_who_is_listed(api: ApiClient, forum: Forum) -> None:
    here, gone = forum.member(), forum.member()
    was_here(gone, minutes_ago=91)
    assert {one["id"] for one in api.get("profiles?online=true").data["profiles"]["items"]} == {forum.owner.id, here.id}
    count_people()
    assert people(api) == (3, 2, 3)


def test_sites_are_counted_some_at_a_time(forum: Forum, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.sites.statistics.SITES_AT_ONCE", 2)
    for _ in range(4):
        make_forum()
    Site.objects.filter(id=forum.site.id).update(is_deleted=True)
    Profile.objects.update(last_active_at=clock.now() - timedelta(days=1))
    with count_statements() as statements:
        assert on_all_sites(count_people_online) == 4
    assert sum("sites_sitestatistics" in statement for statement in statements) == 2


# --- Metrics --------------------------------------------------------------------------------------


def test_metrics_are_for_operators(operator: ApiClient, root_forum: Forum, forum: Forum) -> None:
    guest = operator.as_(None)
    for client, code in ((guest, 5), (operator.as_(root_forum.owner), 8), (operator.as_(forum.owner), 8)):
        for reply in (client.get("metrics"), client.put("metrics"), client.head("metrics")):
            assert reply.status == 403
            assert not reply.content or reply.code == code
    assert not DayMetrics.objects.exists()
    assert operator.at(forum.host).get("metrics").status == 404
    assert operator.get("metrics").data == []


@pytest.mark.usefixtures("other_forum")
def test_metrics_count_the_platform(operator: ApiClient, forum: Forum) -> None:
    set_clock(frozen=NOON)
    Profile.objects.update(created_at=NOON - timedelta(days=2), last_active_at=NOON - timedelta(days=2))
    newcomer = forum.member("Somebody")
    Profile.objects.filter(id=forum.member().id).update(name="deleted")
    was_here(forum.owner, minutes_ago=5)
    place = place_in(forum)
    item = start(forum.owner, place)
    say(newcomer, item)
    say(newcomer, item, is_deleted=True)
    start(newcomer, place, is_moderated=True)
    huddle_id = create_huddle(
        site_id=forum.site.id, author_id=newcomer.id, title="x", is_confidential=False, invited_ids=[forum.owner.id]
    )
    say(newcomer, type(item).objects.get(id=huddle_id))
    gone = make_forum()
    Site.objects.filter(id=gone.site.id).update(is_deleted=True)
    assert operator.put("metrics").status == 200
    assert operator.get("metrics").data == [
        {
            "timestamp": "2026-03-04T12:00:00Z",
            "totalProfiles": 3,
            "newProfiles": 1,
            "editedProfiles": 1,
            "signIns": 2,
            "comments": 1,
            "conversations": 1,
            "totalSites": 2,
            "engagedSites": 1,
        }
    ]


def test_a_day_has_one_row_the_last_one(operator: ApiClient) -> None:
    for hours in (0, 4, 8, 12, 16):
        set_clock(frozen=NOON + timedelta(hours=hours))
        record_metrics()
    assert [row["timestamp"] for row in operator.get("metrics").data] == [
        "2026-03-05T04:00:00Z",
        "2026-03-04T20:00:00Z",
    ]


def test_a_year_is_shown(operator: ApiClient) -> None:
    record_metrics()
    row = DayMetrics.objects.get()
    for _ in range(369):
        row.taken_on -= timedelta(days=1)
        row.save(force_insert=True)
    assert len(operator.get("metrics").data) == 366


def test_a_browser_gets_a_page(operator: ApiClient) -> None:
    set_clock(frozen=NOON)
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    empty = operator.get("metrics", headers=browser)
    assert b"Nothing has been counted yet." in empty.content
    operator.put("metrics")
    page = operator.get("metrics", headers=browser)
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"<td>2026-03-04 12:00</td>" in page.content
    assert "Accept" in page.headers["Vary"]
    assert "private" in page.headers["Cache-Control"]
    for accept in ("*/*", "application/json", "text/html;q=0.5, application/json", "image/png"):
        reply = operator.get("metrics", headers={"Accept": accept})
        assert reply.headers["Content-Type"] == "application/json"
        assert len(reply.data) == 1
