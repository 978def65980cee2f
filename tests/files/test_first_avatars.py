"""The first picture of somebody new (contract A 23.7)."""

import hashlib
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.files.models import File, Upload
from apps.profiles.avatars import DrawnAvatars
from apps.profiles.models import Attachment, Profile
from apps.profiles.tasks import give_avatar
from tests.client import ApiClient
from tests.factories import Forum, make_member, make_user
from tests.files.pictures import decoded, png, png_bomb
from tests.files.uploads import upload
from tests.servers import Server, reply, serving

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def drawn(settings: Any) -> None:
    """The default of production."""
    settings.AVATARS = "apps.profiles.avatars.DrawnAvatars"


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    """A server with Gravatar's interface, which the settings name."""
    with serving() as server:
        settings.OUTBOUND_ALLOWED_NETWORKS, settings.OUTBOUND_PORTS = ["127.0.0.1"], [server.port]
        settings.AVATARS = "apps.profiles.avatars.Gravatar"
        settings.AVATAR_URL = server.url("/avatar/")
        yield server


def newcomer(forum: Forum, *, email: str | None = None) -> Profile:
    """A new member whose job has been done."""
    profile = make_member(forum.site, user=make_user(email)).profile
    (job,) = ProcrastinateJob.objects.filter(task_name="profiles.give_avatar", args__profile_id=profile.id)
    give_avatar(**job.args)
    profile.refresh_from_db()
    return profile


def shown(api: ApiClient, profile: Profile) -> Image.Image:
    """The picture that anybody is shown."""
    answer = api.get(api.get(f"profiles/{profile.id}").data["avatar"])
    assert answer.status == 200
    return decoded(answer.content)


def test_a_pattern_is_drawn_and_attached_like_a_chosen_avatar(api: ApiClient, forum: Forum) -> None:
    profile = newcomer(forum)
    picture = shown(api, profile)
    assert picture.size == (100, 100)
    attached = Attachment.objects.get(profile=profile)
    assert profile.avatar_url == f"/api/v1/files/{attached.file.hash}.png"
    assert (attached.name, attached.file.attach_count) == ("avatar.png", 1)
    assert not Upload.objects.filter(file=attached.file).exists()


def test_the_pattern_is_the_users_own_and_the_same_on_all_sites() -> None:
    draw = DrawnAvatars().picture
    pictures = [draw(user_id=id, email="same@example.com") for id in range(1, 50)]
    assert len(set(pictures)) == 49
    assert draw(user_id=7, email="other@example.com") == pictures[6]
    for picture in pictures[:10]:
        image = decoded(picture).convert("RGB")
        assert len(image.getcolors() or []) in (1, 2)
        assert image.tobytes() == image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).tobytes()


def test_whoever_has_chosen_one_meanwhile_keeps_it(api: ApiClient, forum: Forum) -> None:
    member = forum.member()
    (entry,) = upload(api.as_(member), png(), name="own.png").data
    client = api.as_(member)
    assert client.post(f"profiles/{member.id}/attachments", {"fileHash": entry["fileHash"]}).status == 302
    give_avatar(profile_id=member.id)
    give_avatar(profile_id=999_999)
    assert [attached.file.hash for attached in Attachment.objects.filter(profile_id=member.id)] == [entry["fileHash"]]


def test_a_job_that_runs_twice_changes_nothing(forum: Forum) -> None:
    profile = newcomer(forum)
    give_avatar(profile_id=profile.id)
    assert Attachment.objects.filter(profile=profile).count() == 1


def test_the_owner_of_a_new_site_and_those_added_by_one_get_theirs(forum: Forum, api: ApiClient) -> None:
    queued = ProcrastinateJob.objects.filter(task_name="profiles.give_avatar")
    assert queued.filter(args__profile_id=forum.owner.id).exists()
    before = queued.count()
    assert api.as_(forum.owner).post("users", [{"email": "a@example.com"}, {"email": "b@example.com"}]).status == 200
    assert queued.count() == before + 2


def test_nobody_makes_any(forum: Forum, settings: Any) -> None:
    settings.AVATARS = ""
    member = forum.member()
    assert not ProcrastinateJob.objects.filter(args__profile_id=member.id).exists()
    give_avatar(profile_id=member.id)
    assert not File.objects.exists()


def test_gravatar_is_told_a_hash(server: Server, api: ApiClient, forum: Forum) -> None:
    hash = hashlib.sha256(b"some.body@example.org").hexdigest()
    server.replies[f"/avatar/{hash}"] = reply(png(200, 160), content_type="image/png")
    profile = newcomer(forum, email="Some.Body@example.org")
    assert shown(api, profile).size == (100, 80)
    asked = urlsplit(server.asked[0].target)
    assert (asked.path, parse_qs(asked.query)) == (f"/avatar/{hash}", {"d": ["identicon"], "s": ["100"]})
    assert "some.body" not in str(server.asked).lower()


@pytest.mark.parametrize(
    "failing",
    [
        reply(status=404),
        reply(png(), status=500, content_type="image/png"),
        reply(b"<svg/>", content_type="image/svg+xml"),
        reply(b"no picture", content_type="image/png"),
        reply(b"", content_type="image/png"),
        reply(png_bomb(50_000, 50_000), content_type="image/png"),
        reply(b"x" * 600_000, content_type="image/png"),
        reply(status=302, headers={"Location": "http://127.0.0.2/"}),
    ],
)
def test_what_gravatar_does_not_give_is_drawn(
    server: Server, api: ApiClient, forum: Forum, failing: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server.replies[f"/avatar/{hashlib.sha256(b'x@example.org').hexdigest()}"] = failing
    with caplog.at_level(logging.WARNING):
        profile = newcomer(forum, email="x@example.org")
    assert "drawn here" in caplog.text
    assert shown(api, profile).size == (100, 100)
