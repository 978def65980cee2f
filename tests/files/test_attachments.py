"""Files attached to comments and profiles (contract A 25), and who may have them then (A2, T1, X3)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from apps.comments.models import Attachment, Comment
from apps.comments.services import comment_on_item
from apps.files.models import File
from apps.huddles.models import Huddle, Participant
from apps.huddles.services import delete_orphaned_huddles
from apps.items.models import Item
from apps.permissions.models import RoleProfile
from apps.profiles.models import Attachment as Avatar
from apps.profiles.models import Profile
from apps.sites.types import ItemType
from tests.client import ApiClient, Reply
from tests.content import closed_to_all_but, describe, moderator_of, place_in, say, start
from tests.factories import Forum, Person
from tests.files.uploads import upload
from tests.recorded import assert_same_shape, recorded
from tests.recounts import REPAIRS

pytestmark = pytest.mark.django_db


def sent(client: ApiClient, content: bytes = b"some bytes", name: str = "notes.txt") -> str:
    """The hash of a new file."""
    hash: str = upload(client, content, name=name).data[0]["fileHash"]
    return hash


def attach(client: ApiClient, path: str, hash: str, name: str = "") -> Reply:
    """Attach as the official client does: with a form."""
    return client.post(f"{path}/attachments", form={"FileHash": hash} | ({"FileName": name} if name else {}))


def items_of(client: ApiClient, path: str) -> list[dict[str, Any]]:
    """What is attached to something."""
    items: list[dict[str, Any]] = client.get(f"{path}/attachments").data["attachments"]["items"]
    return items


@pytest.fixture
def said(forum: Forum, member: Person) -> Comment:
    """A comment of the one who uploads, where everybody reads."""
    return say(member, start(forum.owner, forum.root))


# --- Comments -------------------------------------------------------------------------------------


def test_attaching_to_a_comment(api: ApiClient, uploader: ApiClient, member: Person, said: Comment) -> None:
    hash, path = sent(uploader), f"comments/{said.id}"
    assert "attachments" not in recorded_summary(api, said)
    reply = attach(uploader, path, hash, "test.png")
    assert (reply.status, reply.location) == (302, f"/api/v1/{path}/attachments")
    data = uploader.follow(reply).data
    assert_same_shape(data, recorded("comments", "GET_attachment-after_member"))
    assert data["attachments"]["type"] == "attachments"
    item = data["attachments"]["items"][0]
    assert {key: item[key] for key in ("profileId", "fileHash", "fileName", "fileExt")} == {
        "profileId": member.id,
        "fileHash": hash,
        "fileName": "test.png",
        "fileExt": "png",
    }
    assert item["meta"]["links"][0] == {
        "rel": "related",
        "href": f"/api/v1/files/{hash}.png",
        "title": "File resource",
    }
    assert data["meta"]["links"] == [{"rel": "self", "href": f"/api/v1/{path}/attachments"}]
    assert data["meta"]["permissions"]["owner"]
    assert api.get(path).data["attachments"] == 1
    assert recorded_summary(api, said)["attachments"] == 1
    assert File.objects.get().attach_count == 1
    assert api.get(item["meta"]["links"][0]["href"]).content == b"some bytes"


def recorded_summary(api: ApiClient, said: Comment) -> dict[str, Any]:
    """The comment on the page of its item."""
    summary: dict[str, Any] = api.get(f"conversations/{said.item_id}").data["comments"]["items"][0]
    return summary


def test_without_a_name_there_is_no_extension(uploader: ApiClient, said: Comment) -> None:
    path = f"comments/{said.id}"
    for content, name, kept, extension in (
        (b"one", "", "", "unk"),
        (b"two", "plain", "plain", "unk"),
        (b"three", "a/b\\c.TAR.Gz", "c.TAR.Gz", "gz"),
        (b"four", 'x.png"><script>', "x.png___script_", "unk"),
    ):
        hash = sent(uploader, content)
        assert attach(uploader, path, hash, name).status == 302
        item = items_of(uploader, path)[-1]
        assert (item["fileName"], item["fileExt"]) == (kept, extension)
        suffix = "" if extension == "unk" else f".{extension}"
        assert item["meta"]["links"][0]["href"] == f"/api/v1/files/{hash}{suffix}"
        assert uploader.get(item["meta"]["links"][0]["href"]).content == content


def test_attaching_twice_changes_nothing(uploader: ApiClient, said: Comment) -> None:
    hash = sent(uploader)
    attach(uploader, f"comments/{said.id}", hash, "first.txt")
    assert attach(uploader, f"comments/{said.id}", hash.upper(), "second.txt").status == 302
    assert [item["fileName"] for item in items_of(uploader, f"comments/{said.id}")] == ["first.txt"]
    said.refresh_from_db()
    assert (said.attachment_count, File.objects.get().attach_count) == (1, 1)


def test_a_client_may_ask_for_the_list_at_once(uploader: ApiClient, said: Comment) -> None:
    reply = uploader.post(
        f"comments/{said.id}/attachments",
        {"fileHash": sent(uploader), "fileName": "a.txt"},
        headers={"Prefer": "return=representation"},
    )
    assert reply.status == 201
    assert [item["fileName"] for item in reply.data["attachments"]["items"]] == ["a.txt"]


@pytest.mark.parametrize("body", [{}, {"fileHash": ""}, {"fileHash": "a" * 40}, {"fileHash": 5}, {"fileHash": "x"}])
def test_no_or_an_unknown_hash_is_400(uploader: ApiClient, member: Person, said: Comment, body: Any) -> None:
    for path in (f"comments/{said.id}", f"profiles/{member.id}"):
        assert uploader.post(f"{path}/attachments", body).status == 400


def test_a_file_above_the_limit_is_400(uploader: ApiClient, said: Comment, settings: Any) -> None:
    hash = sent(uploader)
    settings.MAX_FILE_BYTES = 5
    assert attach(uploader, f"comments/{said.id}", hash).status == 400


def test_a_name_beyond_its_limit_is_400(uploader: ApiClient, said: Comment) -> None:
    assert attach(uploader, f"comments/{said.id}", sent(uploader), "x" * 513).status == 400


def test_pages_of_attachments(uploader: ApiClient, said: Comment) -> None:
    hashes = [sent(uploader, f"file {number}".encode()) for number in range(7)]
    for hash in hashes:
        attach(uploader, f"comments/{said.id}", hash)
    path = f"comments/{said.id}/attachments"
    second = uploader.get(f"{path}?limit=5&offset=5").data["attachments"]
    assert ([item["fileHash"] for item in second["items"]], second["total"]) == (hashes[5:], 7)
    assert uploader.get(f"{path}?limit=5&offset=10").status == 400


def test_the_author_and_moderators_attach_and_detach(api: ApiClient, forum: Forum, member: Person) -> None:
    """Not every member, as the reference has it; guests least of all."""
    moderator, other = forum.member(), forum.member()
    place = place_in(forum)
    moderator_of(place, moderator)
    comment = say(member, start(other, place))
    path = f"comments/{comment.id}"
    for person, status in ((None, 403), (other, 403), (member, 302), (moderator, 302), (forum.owner, 302)):
        hash = sent(api.as_(person or other), f"of {person.id if person else 0}".encode())
        reply = attach(api.as_(person), path, hash)
        assert reply.status == status
        if status == 403:
            assert reply.code == 11
    for person, status in ((None, 403), (other, 403), (member, 200), (moderator, 200), (forum.owner, 200)):
        hash = items_of(api, path)[0]["fileHash"]
        reply = api.as_(person).delete(f"{path}/attachments/{hash}.txt")
        assert reply.status == status
        if status == 403:
            assert reply.code == 12
    assert items_of(api, path) == []
    comment.refresh_from_db()
    assert comment.attachment_count == 0
    assert set(File.objects.values_list("attach_count", flat=True)) == {0}


def test_the_old_client_deletes_without_a_token_and_is_refused(
    api: ApiClient, uploader: ApiClient, said: Comment
) -> None:
    hash = sent(uploader)
    attach(uploader, f"comments/{said.id}", hash)
    assert api.post(f"comments/{said.id}/attachments/{hash}?method=DELETE").status == 403
    assert uploader.post(f"comments/{said.id}/attachments/{hash}?method=DELETE").status == 200


def test_detaching_what_is_not_attached_tells_nothing(api: ApiClient, forum: Forum, said: Comment) -> None:
    """Known or not, hidden or not: the same answer, so that nobody learns which files there are."""
    owner = api.as_(forum.owner)
    hash = sent(owner)
    replies = [owner.delete(f"comments/{said.id}/attachments/{one}") for one in (hash, "b" * 40)]
    assert [reply.status for reply in replies] == [400, 400]
    assert replies[0].content == replies[1].content
    assert File.objects.get().attach_count == 0


def test_a2_attachments_of_what_may_not_be_read_are_404(
    api: ApiClient, forum: Forum, uploader: ApiClient, member: Person
) -> None:
    place = place_in(forum)
    closed_to_all_but(place, member)
    hidden = say(member, start(member, place))
    deleted = say(member, start(member, forum.root))
    hash = sent(uploader)
    for comment in (hidden, deleted):
        assert attach(uploader, f"comments/{comment.id}", hash).status == 302
    Comment.objects.filter(id=deleted.id).update(is_deleted=True)
    stranger = api.as_(forum.member())
    for client, comment_id in ((stranger, hidden.id), (api, hidden.id), (uploader, deleted.id), (stranger, 987654321)):
        path = f"comments/{comment_id}"
        assert client.get(f"{path}/attachments").status == 404
        assert attach(client, path, hash).status == 404
        assert client.delete(f"{path}/attachments/{hash}").status == 404


def test_huddles_are_their_participants(api: ApiClient, forum: Forum, member: Person, uploader: ApiClient) -> None:
    item = Item.objects.create(site=forum.site, kind=ItemType.HUDDLE, title="Secret", created_by=member.profile)
    Huddle.objects.create(item=item)
    other = forum.member()
    for person in (member, other, forum.owner):
        Participant.objects.create(huddle_id=item.id, profile=person.profile)
    comment = say(member, item)
    hash = sent(uploader)
    assert attach(uploader, f"comments/{comment.id}", hash).status == 302
    assert api.as_(other).get(f"files/{hash}").status == 200
    assert api.as_(other).delete(f"comments/{comment.id}/attachments/{hash}").status == 403
    assert api.as_(forum.owner).delete(f"comments/{comment.id}/attachments/{hash}").status == 403
    Participant.objects.filter(profile=forum.owner.profile).delete()
    for person in (None, forum.owner, forum.member()):
        assert api.as_(person).get(f"files/{hash}").status == 404
        assert api.as_(person).get(f"comments/{comment.id}/attachments").status == 404


# --- Downloads ------------------------------------------------------------------------------------


def test_a3_a_file_that_is_taken_off_is_its_uploaders_alone(
    api: ApiClient, forum: Forum, member: Person, uploader: ApiClient
) -> None:
    """The end of what hid it shows it to nobody: neither to who never could have it nor to who could."""
    place, reader = place_in(forum), forum.member()
    closed_to_all_but(place, member, reader)
    comment = say(member, start(forum.owner, place))
    hash = sent(uploader)
    attach(uploader, f"comments/{comment.id}", hash)
    assert api.as_(reader).get(f"files/{hash}").status == 200
    assert uploader.delete(f"comments/{comment.id}/attachments/{hash}").status == 200
    for person in (None, reader, forum.owner):
        withdrawn, never = (api.as_(person).get(f"files/{one}") for one in (hash, "c" * 40))
        assert (withdrawn.status, withdrawn.content) == (404, never.content)
    other = say(reader, start(reader, forum.root))
    assert attach(api.as_(reader), f"comments/{other.id}", hash).status == 400
    kept = uploader.get(f"files/{hash}")
    assert (kept.status, kept.headers["Cache-Control"]) == (200, "private, no-cache")
    # Who has the bytes and sends them again, or attaches them elsewhere, lets others have them.
    own = say(member, start(member, forum.root))
    assert attach(uploader, f"comments/{own.id}", hash).status == 302
    assert api.get(f"files/{hash}").status == 200
    assert uploader.delete(f"comments/{own.id}/attachments/{hash}").status == 200
    assert api.get(f"files/{hash}").status == 404
    assert sent(api.as_(reader)) == hash
    assert api.get(f"files/{hash}").status == 200


def test_a3_an_old_picture_of_somebody_is_gone_with_its_attachment(
    api: ApiClient, member: Person, uploader: ApiClient
) -> None:
    old, new = (sent(uploader, content) for content in (b"old", b"new"))
    for hash in (old, new):
        assert attach(uploader, f"profiles/{member.id}", hash).status == 302
    assert api.get(f"files/{old}").status == 200
    assert uploader.delete(f"profiles/{member.id}/attachments/{old}").status == 200
    assert [api.get(f"files/{hash}").status for hash in (old, new)] == [404, 200]


def test_a3_files_of_a_huddle_that_everybody_has_left_are_nobody_elses(
    api: ApiClient, forum: Forum, member: Person, uploader: ApiClient
) -> None:
    friend = forum.member()
    reply = uploader.post("huddles", {"title": "Us", "participants": [{"id": friend.id}]})
    huddle_id = int(reply.location.rsplit("/", 1)[1])
    text = {"itemType": "huddle", "itemId": huddle_id, "markdown": "Look"}
    comments = [uploader.post("comments", text | {"markdown": word}).location.rsplit("/", 1)[1] for word in ("a", "b")]
    hash, shared = sent(uploader, b"secret"), sent(uploader, b"shared")
    elsewhere = say(member, start(member, forum.root))
    for place in (*comments, elsewhere.id):
        assert attach(uploader, f"comments/{place}", shared).status == 302
    assert attach(uploader, f"comments/{comments[0]}", hash).status == 302
    for person in (friend, member):
        assert api.as_(person).delete(f"huddles/{huddle_id}").status == 200
    assert delete_orphaned_huddles() == 1
    assert [repair(site_id=forum.site.id) for repair in REPAIRS] == [[]] * len(REPAIRS)
    assert {hash: File.objects.get(hash=hash).attach_count for hash in (hash, shared)} == {hash: 0, shared: 1}
    for person in (None, friend, forum.owner):
        assert [api.as_(person).get(f"files/{one}").status for one in (hash, shared)] == [404, 200]
    assert uploader.get(f"files/{hash}").status == 200


def test_x3_a_file_attached_to_what_may_not_be_read_is_404(
    api: ApiClient, forum: Forum, member: Person, uploader: ApiClient
) -> None:
    place = place_in(forum)
    role = closed_to_all_but(place, member)
    comment = say(member, start(forum.owner, place))
    hash = sent(uploader)
    stranger = api.as_(forum.member())
    assert stranger.get(f"files/{hash}").status == 200
    attach(uploader, f"comments/{comment.id}", hash)
    for client in (api, stranger):
        for reply in (
            client.get(f"files/{hash}"),
            client.get(f"files/{hash}.txt?thumbnail=true"),
            client.get(f"files/{hash}", headers={"Range": "bytes=0-1"}),
            client.get(f"files/{hash}", headers={"If-None-Match": f'"{hash}"'}),
            client.head(f"files/{hash}"),
        ):
            assert reply.status == 404
        never = client.get(f"files/{'c' * 40}")
        assert client.get(f"files/{hash}").content == never.content
    reply = uploader.get(f"files/{hash}")
    assert (reply.status, reply.headers["Cache-Control"]) == (200, "private, no-cache")
    assert uploader.get(f"files/{hash}", headers={"Range": "bytes=0-1"}).content == b"so"
    # One thing that may be read is enough, and its end is enough to hide the file again.
    public = say(member, start(member, forum.root))
    attach(uploader, f"comments/{public.id}", hash)
    assert stranger.get(f"files/{hash}").status == 200
    Comment.objects.filter(id=public.id).update(is_moderated=True)
    assert stranger.get(f"files/{hash}").status == 404
    assert api.as_(forum.owner).get(f"files/{hash}").status == 200
    RoleProfile.objects.filter(role=role).delete()
    assert uploader.get(f"files/{hash}").status == 200, "authors keep what is theirs"


@pytest.mark.parametrize("change", ["comment deleted", "item deleted", "item moderated", "place hidden"])
def test_x3_what_is_hidden_hides_its_files(
    api: ApiClient, forum: Forum, member: Person, uploader: ApiClient, change: str
) -> None:
    place = place_in(forum)
    item = start(forum.owner, place)
    comment = say(member, item)
    hash = sent(uploader)
    attach(uploader, f"comments/{comment.id}", hash)
    assert api.get(f"files/{hash}").status == 200
    match change:
        case "comment deleted":
            Comment.objects.filter(id=comment.id).update(is_deleted=True)
        case "item deleted":
            Item.objects.filter(id=item.id).update(is_deleted=True)
        case "item moderated":
            Item.objects.filter(id=item.id).update(is_moderated=True)
        case _:
            type(place).objects.filter(id=place.id).update(is_deleted=True, is_live=False)
    for client, status in ((api, 404), (api.as_(forum.member()), 404), (uploader, 404), (api.as_(forum.owner), 200)):
        assert client.get(f"comments/{comment.id}").status == status
        assert client.get(f"files/{hash}").status == status


def test_x3_nobody_opens_a_hidden_file_by_attaching_its_hash(
    api: ApiClient, forum: Forum, member: Person, uploader: ApiClient
) -> None:
    place = place_in(forum)
    closed_to_all_but(place, member)
    comment = say(member, start(forum.owner, place))
    hash = sent(uploader)
    attach(uploader, f"comments/{comment.id}", hash)
    thief = forum.member()
    own = say(thief, start(thief, forum.root))
    for path in (f"comments/{own.id}", f"profiles/{thief.id}"):
        stolen = attach(api.as_(thief), path, hash)
        assert (stolen.status, stolen.content) == (400, attach(api.as_(thief), path, "d" * 40).content)
    # Those who have the bytes themselves are no thieves.
    assert sent(api.as_(thief)) == hash
    assert attach(api.as_(thief), f"comments/{own.id}", hash).status == 302


def test_t1_a_file_of_another_site_is_unknown(
    api: ApiClient, forum: Forum, other_forum: Forum, uploader: ApiClient, said: Comment
) -> None:
    elsewhere = ApiClient(host=other_forum.host).as_(other_forum.owner)
    hash = sent(elsewhere, b"only there")
    assert attach(uploader, f"comments/{said.id}", hash).status == 400
    foreign = say(other_forum.owner, start(other_forum.owner, other_forum.root))
    assert attach(elsewhere, f"comments/{foreign.id}", hash).status == 302
    owner = api.as_(forum.owner)
    assert owner.get(f"comments/{foreign.id}/attachments").status == 404
    assert owner.delete(f"comments/{foreign.id}/attachments/{hash}").status == 404
    assert owner.get(f"profiles/{other_forum.owner.id}/attachments").status == 404


# --- Pictures of sites and microcosms -------------------------------------------------------------


def hide_in_huddle(client: ApiClient, forum: Forum, hash: str) -> None:
    """Attach a file where only two people read."""
    reply = client.post("huddles", {"title": "Us", "participants": [{"id": forum.member().id}]})
    body = {"itemType": "huddle", "itemId": int(reply.location.rsplit("/", 1)[1]), "markdown": "Look"}
    assert attach(client, client.post("comments", body).location.removeprefix("/api/v1/"), hash).status == 302


def wear_and_drop(client: ApiClient, person: Person, hash: str) -> None:
    """Make a file one's avatar and take it off again."""
    for one in (hash, sent(client, b"another face")):
        assert attach(client, f"profiles/{person.id}", one).status == 302
    assert client.delete(f"profiles/{person.id}/attachments/{hash}").status == 200


@pytest.mark.parametrize("key", ["logoUrl", "faviconUrl", "backgroundUrl"])
@pytest.mark.parametrize(
    "prefix", ["", "https://alpha.localhost", "http://Alpha.localhost:8000", "https://own.example.com"]
)
def test_x3_nobody_takes_the_pictures_of_a_site_away(
    api: ApiClient, forum: Forum, member: Person, uploader: ApiClient, key: str, prefix: str
) -> None:
    type(forum.site).objects.filter(id=forum.site.id).update(domain="own.example.com")
    owner = api.as_(forum.owner)
    hash, other = sent(owner, b"a picture"), sent(owner, b"no picture")
    assert owner.put("site", {key: f"{prefix}/api/v1/files/{hash}.png"}).status == 302
    for one in (hash, other):
        wear_and_drop(uploader, member, one)
    assert [api.get(f"files/{one}").status for one in (hash, other)] == [200, 404]
    hide_in_huddle(uploader, forum, hash)
    for client in (api, owner, api.as_(forum.member())):
        assert client.get(f"files/{hash}").status == 200
    assert api.get(f"files/{hash}").headers["Cache-Control"].startswith("public")
    # What it was is over with the picture.
    assert owner.put("site", {key: f"{prefix}/api/v1/files/{'c' * 39}.png"}).status == 302
    assert api.get(f"files/{hash}").status == 404


def test_x3_nobody_takes_the_picture_of_a_microcosm_away_from_its_readers(
    api: ApiClient, forum: Forum, member: Person, uploader: ApiClient
) -> None:
    owner, reader = api.as_(forum.owner), forum.member()
    public, closed = place_in(forum), place_in(forum)
    hashes = [sent(owner, content) for content in (b"public", b"closed")]
    for place, hash in zip((public, closed), hashes, strict=True):
        body = {"logoUrl": f"http://{forum.host}/api/v1/files/{hash}.png", "meta": {"editReason": "a logo"}}
        assert owner.put(f"microcosms/{place.id}", body).status == 302
        wear_and_drop(uploader, member, hash)
        hide_in_huddle(uploader, forum, hash)
    closed_to_all_but(closed, reader)
    for person, status in ((None, 404), (forum.member(), 404), (reader, 200), (forum.owner, 200)):
        assert [api.as_(person).get(f"files/{hash}").status for hash in hashes] == [200, status]
    assert owner.delete(f"microcosms/{public.id}").status == 200
    assert api.get(f"files/{hashes[0]}").status == 404


@pytest.mark.parametrize(
    "prefix", ["", "https://alpha.localhost", "https://ALPHA.example.com", "https://own.example.com"]
)
def test_x3_nobody_opens_a_hidden_file_by_making_a_picture_of_it(
    api: ApiClient, forum: Forum, root_forum: Forum, uploader: ApiClient, prefix: str
) -> None:
    type(forum.site).objects.filter(id=forum.site.id).update(domain="own.example.com", only_admins_create=False)
    owner, place = api.as_(forum.owner), place_in(forum)
    hash = sent(uploader)
    hide_in_huddle(uploader, forum, hash)

    def refused(client: ApiClient, verb: str, path: str, key: str, **body: Any) -> None:
        stolen, unknown = (
            client.request(verb, path, json={key: f"{prefix}/api/v1/files/{one}", **body}) for one in (hash, "c" * 40)
        )
        assert (stolen.status, stolen.content) == (400, unknown.content)

    for key in ("logoUrl", "faviconUrl", "backgroundUrl"):
        refused(owner, "PUT", "site", key)
        refused(owner.at(root_forum.host), "PUT", f"sites/{forum.site.id}", key)
    refused(owner, "PUT", f"microcosms/{place.id}", "logoUrl", meta={"editReason": "x"})
    refused(api.as_(forum.member()), "POST", "microcosms", "logoUrl", title="Mine", description="It")
    for client in (api, owner, api.as_(forum.member())):
        assert client.get(f"files/{hash}").status == 404
    # Those who may have it make of it what they like, and others may send the address again.
    address = {"logoUrl": f"{prefix}/api/v1/files/{hash}"}
    reply = uploader.post("microcosms", {"title": "Theirs", "description": "It", **address})
    assert reply.status == 302
    assert api.get(f"files/{hash}").status == 200
    path = reply.location.removeprefix("/api/v1/")
    assert owner.put(path, {"title": "Renamed", "meta": {"editReason": "x"}, **address}).status == 302


@pytest.mark.parametrize(
    "prefix", ["https://elsewhere.example.com", "https://alphabet.localhost", "https://x@alpha.localhost"]
)
def test_x3_the_picture_of_another_host_opens_nothing(
    api: ApiClient, forum: Forum, uploader: ApiClient, prefix: str
) -> None:
    hash = sent(uploader)
    hide_in_huddle(uploader, forum, hash)
    body = {"title": "Place", "description": "It", "logoUrl": f"{prefix}/api/v1/files/{hash}.png"}
    assert api.as_(forum.owner).post("microcosms", body).status == 302
    assert api.get(f"files/{hash}").status == 404


# --- Profiles -------------------------------------------------------------------------------------


def avatar_of(api: ApiClient, person: Person) -> str:
    """What a profile shows."""
    avatar: str = api.get(f"profiles/{person.id}").data["avatar"]
    return avatar


def test_avatars_switch(api: ApiClient, uploader: ApiClient, member: Person) -> None:
    path = f"profiles/{member.id}"
    first, second, third = (sent(uploader, content) for content in (b"one", b"two", b"three"))
    for hash in (first, second, third):
        assert attach(uploader, path, hash, "me.png").status == 302
        assert avatar_of(api, member) == f"/api/v1/files/{hash}.png"
    data = api.get(f"{path}/attachments").data
    assert [item["fileHash"] for item in data["attachments"]["items"]] == [first, second, third]
    assert_same_shape(
        api.get(f"comments/{describe(member).id}/attachments").data,
        recorded("profiles", "GET_profile-attachments_owner"),
    )
    attach(uploader, path, first, "me.png")
    assert avatar_of(api, member) == f"/api/v1/files/{first}.png"
    assert len(items_of(api, path)) == 3
    assert uploader.delete(f"{path}/attachments/{second}").status == 200
    assert avatar_of(api, member) == f"/api/v1/files/{first}.png", "another one was removed"
    assert uploader.delete(f"{path}/attachments/{first}").status == 200
    assert avatar_of(api, member) == f"/api/v1/files/{third}.png"
    reply = uploader.delete(f"{path}/attachments/{third}")
    assert (reply.status, reply.code) == (400, 4)
    assert avatar_of(api, member) == f"/api/v1/files/{third}.png"
    assert dict(File.objects.values_list("hash", "attach_count")) == {first: 0, second: 0, third: 1}


def test_only_oneself_and_the_owner_of_the_site_change_avatars(
    api: ApiClient, forum: Forum, uploader: ApiClient, member: Person
) -> None:
    other, path = forum.member(), f"profiles/{member.id}"
    hashes = [sent(uploader, content) for content in (b"one", b"two", b"three", b"four")]
    for hash, (person, status) in zip(
        hashes, ((None, 403), (other, 403), (member, 302), (forum.owner, 302)), strict=True
    ):
        assert attach(api.as_(person), path, hash).status == status
    attach(uploader, path, hashes[0])
    for hash, (person, status) in zip(
        (hashes[0], hashes[0], hashes[2], hashes[3]),
        ((None, 403), (other, 403), (member, 200), (forum.owner, 200)),
        strict=True,
    ):
        assert api.as_(person).delete(f"{path}/attachments/{hash}").status == status
    assert api.get("profiles/987654321/attachments").status == 404
    assert attach(uploader, "profiles/987654321", hashes[0]).status == 404


def test_on_the_apex_only_one_s_own_avatars_are_there(api: ApiClient, root_forum: Forum) -> None:
    person, other = root_forum.member(), root_forum.member()
    root = api.at(root_forum.host).as_(person)
    assert items_of(root, f"profiles/{person.id}") == []
    assert root.get(f"profiles/{other.id}/attachments").status == 404
    assert attach(root, f"profiles/{other.id}", "a" * 40).status == 404
    assert attach(root, f"profiles/{person.id}", "a" * 40).status == 400


# --- Many at once ---------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_counters_equal_a_recount_after_attaching_and_detaching_at_once(forum: Forum, api: ApiClient) -> None:
    people = [forum.member() for _ in range(3)]
    item = start(forum.owner, forum.root)
    comment_ids = [
        comment_on_item(
            site_id=forum.site.id,
            author_id=person.id,
            item_id=item.id,
            markdown=f"By {person.id}",
            in_reply_to_id=None,
            flags={},
            by_moderator=True,
        )
        for person in people
    ]
    hashes = [sent(api.as_(people[0]), content) for content in (b"one", b"two")]

    def run(number: int) -> int:
        which = number % 3
        client, hash = api.as_(people[which]), hashes[number // 3 % 2]
        path = f"comments/{comment_ids[which]}" if number % 4 else f"profiles/{people[which].id}"
        try:
            if number % 5 == 4:
                return client.delete(f"{path}/attachments/{hash}").status
            return attach(client, path, hash, "x.png").status
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        assert set(pool.map(run, range(60))) <= {200, 302, 400}
    for comment in Comment.objects.all():
        assert comment.attachment_count == Attachment.objects.filter(comment=comment).count()
    for file in File.objects.all():
        links = Attachment.objects.filter(file=file).count() + Avatar.objects.filter(file=file).count()
        assert file.attach_count == links
    assert not [difference for repair in REPAIRS for difference in repair(site_id=forum.site.id)]
    for profile in Profile.objects.filter(attachments__isnull=False).distinct():
        paths = {f"/api/v1/files/{one.file.hash}.png" for one in profile.attachments.select_related("file")}
        assert profile.avatar_url in paths
