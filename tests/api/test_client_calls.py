"""Every call of the recorded web client in its own form, and our answers against the recorded ones.

`tests/data/client-calls.md` lists the calls, `tests/data/recorded` holds the answers, `docs/api/differences.md` says
where we differ on purpose: what it does not say is a fault, and so is what it says without need.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apps.accounts.models import User
from apps.accounts.services import create_client
from apps.comments.models import Comment
from apps.items.models import Item
from apps.links.models import Link
from apps.microcosms.models import Microcosm
from tests.api.test_auth import EMAIL, PASSWORD, make_account
from tests.api.test_updates import deliver
from tests.api.walk import Walk, listed_calls, listed_differences
from tests.client import ApiClient, Reply
from tests.content import ALL_TYPES, ask, closed_to_all_but, moderator_of, place_in, say, start
from tests.factories import Forum, Person, ban, make_forum
from tests.files.pictures import encode, gradient
from tests.files.uploads import MULTIPART, body, part
from tests.recorded import all_recorded

FLAGS = "/meta/flags/"


def flag(name: str, value: bool) -> list[dict[str, Any]]:
    """A patch as the client sends it."""
    return [{"op": "replace", "path": f"{FLAGS}{name}", "value": value}]


def id_of(reply: Reply) -> int:
    """The id of what a write made."""
    assert reply.status == 302, reply
    return int(reply.location.split("?")[0].rstrip("/").split("/")[-1])


@dataclass
class Visit:
    """A forum, those who walk through it, and what they do."""

    walk: Walk
    forum: Forum
    root: Forum
    guest: ApiClient
    anna: Person
    bert: Person

    def as_(self, person: Person) -> ApiClient:
        """A signed-in client."""
        return self.guest.as_(person)

    @property
    def owner(self) -> ApiClient:
        """The owner of the site."""
        return self.as_(self.forum.owner)

    def get(self, path: str, *people: Person | None, **options: Any) -> Reply:
        """Ask as each of some people, as a guest for None; answers what the last one got."""
        assert people
        return [self.walk.ask(self.guest.as_(person), "GET", path, **options) for person in people][-1]

    def write(self, person: Person, verb: str, path: str, data: Any = None, **options: Any) -> Reply:
        """Send something as somebody."""
        return self.walk.ask(self.as_(person), verb, path, **({"json": data} if data is not None else {}), **options)

    def aside(self, client: ApiClient, verb: str, path: str, **options: Any) -> Reply:
        """A call that was recorded but is none of the client's."""
        return self.walk.ask(client, verb, path, counts=False, **options)


def look_of(forum: Forum) -> dict[str, Any]:
    """Settings of a site that show on it."""
    urls = {f"{name}Url": f"https://example.org/{name}.png" for name in ("background", "favicon", "logo")}
    return urls | {"backgroundPosition": "tall", "siteId": forum.site.id}


def sign_in(visit: Visit) -> None:
    """Signing in and out, and the front page."""
    assert visit.owner.put("site", look_of(visit.forum)).status == 302
    assert visit.owner.put("site/menu", [{"href": "https://example.org/", "text": "There", "title": "x"}]).status == 200
    secret = create_client(name="Web client")[1]
    make_account()
    form = {"Assertion": json.dumps({"email": EMAIL, "password": PASSWORD}), "ClientSecret": secret}
    token = visit.walk.ask(visit.guest, "POST", "auth", form=form).data
    assert visit.walk.ask(visit.guest, "POST", "auth", form=form | {"ClientSecret": "wrong"}, was=500).status == 403
    code = {"ClientSecret": secret, "Code": "x", "State": "y"}
    assert visit.walk.ask(visit.guest, "POST", "auth0", form=code).status == 400
    wrong = ApiClient(host=visit.guest.host, token="b" * 128)
    for path in ("whoami", "microcosms"):
        assert visit.walk.ask(wrong, "GET", path).status == 401
    leaving = visit.walk.ask(visit.guest, "POST", f"auth/{token}?access_token={token}&method=DELETE", was=404)
    assert leaving.status == 200
    visit.get("site", None)
    visit.get("whoami", visit.anna, visit.forum.owner)
    for document in ("cookies", "privacy", "terms"):
        visit.get(f"legal/{document}", None)
    outlaw = visit.forum.member("outlaw")
    ban(visit.forum.site, outlaw)
    assert visit.get("microcosms", outlaw).status == 403


def microcosms(visit: Visit) -> int:
    """Making, editing and looking at places."""
    owner = visit.forum.owner
    made = {
        "title": "A place",
        "description": "About it.",
        "itemTypes": ALL_TYPES,
        "parentId": visit.forum.root.id,
        "visibility": "public",
    }
    place = id_of(visit.write(owner, "POST", "microcosms", made))
    path = f"microcosms/{place}"
    edit = made | {"id": place, "meta": {"editReason": "better"}}
    for changes in ({"logoUrl": "https://example.org/logo.png"}, {"removeLogo": True}, {}):
        assert visit.write(owner, "POST", f"{path}?method=PUT", edit | changes).status == 302
    other = place_in(visit.forum)
    move = {"id": place, "parentId": other.id, "meta": {"editReason": "moved"}}
    assert visit.write(owner, "POST", f"{path}?method=PUT", move).status == 302
    back = move | {"parentId": visit.forum.root.id}
    assert visit.write(owner, "POST", f"{path}?method=PUT", back).status == 302
    visit.write(owner, "PATCH", path, flag("sticky", True))
    private = place_in(visit.forum)
    closed_to_all_but(private, visit.forum.owner)
    visit.get(f"microcosms/{private.id}", visit.anna, was=403)
    visit.get("microcosms/999999", owner)
    return place


def look_at_places(visit: Visit, place: int) -> None:
    """The lists of places, when there is something in them."""
    visit.owner.put(f"microcosms/{place}/attributes/colour", {"value": "blue"})
    below = place_in(visit.forum, Microcosm.objects.get(id=place))
    for _ in range(25):
        say(visit.bert, start(visit.bert, Microcosm.objects.get(id=place)))
    for person in (None, visit.anna, visit.forum.owner):
        visit.get("microcosms", person)
        visit.get(f"microcosms/{place}", person)
        visit.get(f"microcosms/{below.id}", person)
    visit.get("microcosms/tree", visit.anna)
    visit.get(f"microcosms/{place}?offset=25", None)


def roles(visit: Visit, place: int) -> None:
    """Roles of a place, with people and criteria."""
    owner, path = visit.forum.owner, f"microcosms/{place}/roles"
    rights = ("banned", "closeOwn", "create", "delete", "includeGuests", "includeUsers", "moderator", "openOwn", "read")
    role = {name: name in ("read", "create") for name in (*rights, "readOthers", "update")}
    role |= {"id": 0, "microcosmId": place, "title": "Helpers"}
    assert visit.write(visit.anna, "POST", path, role).status == 403
    made = id_of(visit.write(owner, "POST", path, role))
    one = f"{path}/{made}"
    assert visit.write(owner, "PUT", one, role | {"id": made, "title": "More helpers"}).status == 302
    visit.get(one, owner)
    visit.write(owner, "PUT", f"{one}/profiles", [{"id": visit.bert.id}])
    visit.get(f"{one}/profiles?limit=250", owner)
    test = {"id": 0, "orGroup": 0, "predicate": "ge", "profileColumn": "commentCount", "value": 10}
    criterion = id_of(visit.write(owner, "POST", f"{one}/criteria", test))
    test = {"id": 0, "orGroup": 1, "predicate": "eq", "attrKey": "colour", "value": "blue"}
    by_key = id_of(visit.write(owner, "POST", f"{one}/criteria", test))
    visit.get(f"{one}/criteria", owner)
    for number in (criterion, by_key):
        visit.get(f"{one}/criteria/{number}", owner)
    for name in ("members", f"profiles/{visit.bert.id}"):
        visit.aside(visit.owner, "GET", f"{one}/{name}")
    for client in (visit.guest, visit.as_(visit.anna), visit.owner):
        visit.aside(client, "GET", "roles")
    visit.write(owner, "DELETE", f"{one}/profiles", [])
    visit.write(owner, "DELETE", f"{one}/criteria", [])
    visit.write(owner, "DELETE", one)
    visit.get(path, None, visit.anna)


def files(visit: Visit) -> str:
    """Uploading; answers the hash of a picture."""
    content = body(part(encode(gradient(120, 80), "PNG"), name="test.png"))
    hash = ""
    for query in ("", "?maxWidth=100&maxHeight=100", "?maxWidth=64&maxHeight=64"):
        reply = visit.write(visit.anna, "POST", f"files{query}", body=content, content_type=MULTIPART)
        hash = hash or reply.data[0]["fileHash"]
    return hash


def conversations(visit: Visit, place: int, hash: str) -> int:
    """Starting, reading, editing and ending conversations, and what is said in them; answers one that stays."""
    anna, bert, owner = visit.anna, visit.bert, visit.forum.owner
    closed = place_in(visit.forum, title="Closed")
    closed_to_all_but(closed, owner)
    mute = visit.forum.member("mute")
    new = {"microcosmId": place, "title": "A walk"}
    talk = id_of(visit.write(anna, "POST", "conversations", new))
    path = f"conversations/{talk}"
    # In a place that only gives `read`, starting something is refused.
    readable = place_in(visit.forum, title="Readable")
    role = {"title": "Readers", "read": True, "includeGuests": True, "includeUsers": True}
    assert visit.owner.post(f"microcosms/{readable.id}/roles", role).status == 302
    assert visit.write(mute, "POST", "conversations", {"microcosmId": readable.id, "title": "No"}).status == 403
    hidden = start(owner, closed)
    say(owner, hidden)
    visit.get(f"conversations/{hidden.id}", anna, was=403)
    visit.get("conversations/999999", owner)
    said = comments(visit, talk, hash)
    visit.owner.put(f"{path}/attributes/colour", {"value": "blue"})
    for person in (None, anna, bert, owner):
        visit.get(path, person)
    visit.get(f"{path}?comment_id={said}", anna)
    for _ in range(26):
        say(bert, Item.objects.get(id=talk))
    visit.get(f"{path}?comment_id={said}&offset=25", None)
    visit.get(f"{path}?offset=25", None, anna)
    assert visit.get(f"{path}/newcomment", anna).status == 307
    edit = {"id": talk, "microcosmId": place, "title": "A ride", "meta": {"editReason": "typo"}}
    assert visit.write(anna, "POST", f"{path}?method=PUT", edit).status == 302
    assert visit.write(bert, "POST", f"{path}?method=PUT", edit).status == 403
    move = {"id": talk, "microcosmId": place_in(visit.forum).id, "meta": {"editReason": "moved"}}
    assert visit.write(owner, "POST", f"{path}?method=PUT", move).status == 302
    assert visit.write(owner, "POST", f"{path}?method=PUT", move | {"microcosmId": place}).status == 302
    visit.write(owner, "PATCH", path, flag("sticky", True))
    gone = id_of(visit.write(anna, "POST", "conversations", new | {"title": "Gone"}))
    assert visit.write(bert, "DELETE", f"conversations/{gone}?method=DELETE").status == 403
    assert visit.write(owner, "DELETE", f"conversations/{gone}?method=DELETE").status == 200
    assert visit.write(owner, "PATCH", f"conversations/{gone}", flag("deleted", False), was=404).status == 200
    say(bert, Item.objects.get(id=gone))
    for name in ("attributes", "attributes/colour"):
        visit.aside(visit.owner, "GET", f"{path}/{name}")
    return talk


def comments(visit: Visit, talk: int, hash: str) -> int:
    """What is said, with an answer and attachments; answers the id of a comment."""
    anna, bert, owner = visit.anna, visit.bert, visit.forum.owner
    text = {"attachments": 0, "inReplyTo": 0, "itemId": talk, "itemType": "conversation", "markdown": "Hello **all**"}
    said = id_of(visit.write(anna, "POST", "comments", text))
    path = f"comments/{said}"
    answer = id_of(visit.write(bert, "POST", "comments", text | {"inReplyTo": said, "markdown": "Hello @anna"}))
    edit = text | {"id": said, "markdown": "Edited"}
    assert visit.write(anna, "POST", f"{path}?method=PUT", edit).status == 302
    assert visit.write(bert, "POST", f"{path}?method=PUT", edit).status == 403
    form = {"FileHash": hash, "FileName": "test.png"}
    assert visit.write(anna, "POST", f"{path}/attachments", form=form).status == 302
    visit.owner.put(f"{path}/attributes/colour", {"value": "blue"})
    visit.aside(visit.owner, "GET", f"{path}/attributes")
    for person in (None, anna, bert, owner):
        visit.get(path, person)
        visit.get(f"comments/{answer}", person)
        visit.get(f"{path}/attachments", person)
    picture = visit.get(f"files/{hash}.png", None)
    assert picture.headers["Content-Type"] == "image/png"
    for person in (None, anna):
        assert visit.get(f"{path}/incontext", person).status == 307
    refused = visit.walk.ask(visit.guest, "DELETE", f"{path}/attachments/{hash}?method=DELETE", was=200)
    assert refused.status == 403
    gone = id_of(visit.write(anna, "POST", "comments", text | {"markdown": "Gone"}))
    assert visit.write(bert, "DELETE", f"comments/{gone}?method=DELETE").status == 403
    # Its author may delete it too: test_comments.
    assert visit.write(owner, "DELETE", f"comments/{gone}?method=DELETE").status == 200
    return said


def events(visit: Visit, place: int) -> int:
    """An event, and who comes; answers its id."""
    anna, bert, owner = visit.anna, visit.bert, visit.forum.owner
    new = {
        "duration": 60, "east": 0.2, "lat": 51.5, "lon": 0.1, "microcosmId": place, "north": 51.6, "rsvpLimit": 10,
        "south": 51.4, "title": "A ride", "tz": "Europe/London", "west": -0.2, "when": "2030-05-01T10:00:00Z",
        "where": "London",
    }  # fmt: skip
    ride, gone = (id_of(visit.write(anna, "POST", "events", new | {"title": name})) for name in ("A ride", "No ride"))
    path = f"events/{ride}"
    edit = new | {"id": ride, "title": "A long ride", "meta": {"editReason": "longer"}}
    assert visit.write(anna, "POST", f"{path}?method=PUT", edit).status == 302
    move = {"id": ride, "microcosmId": place, "meta": {"editReason": "moved"}}
    assert visit.write(owner, "POST", f"{path}?method=PUT", move).status == 302
    visit.write(owner, "PATCH", path, flag("sticky", True))
    visit.write(bert, "PUT", f"{path}/attendees", [{"profileId": bert.id, "rsvp": "yes"}])
    visit.write(anna, "PUT", f"{path}/attendees", [{"profileId": anna.id, "rsvp": "maybe"}])
    said = id_of(visit.as_(bert).post("comments", {"itemType": "event", "itemId": ride, "markdown": "I come"}))
    visit.owner.put(f"{path}/attributes/colour", {"value": "blue"})
    for person in (None, anna, bert, owner):
        visit.get(path, person)
        visit.get(f"{path}/attendees", person)
        visit.aside(visit.guest.as_(person), "GET", f"{path}/attendees/{bert.id}")
    for name in ("attributes", "attributes/colour"):
        visit.aside(visit.owner, "GET", f"{path}/{name}")
    visit.get(f"{path}?comment_id={said}", anna)
    visit.get(f"{path}/newcomment", anna)
    table = visit.walk.ask(visit.guest, "GET", f"{path}/attendeescsv?access_token={visit.forum.owner.token}")
    assert table.status == 200
    assert visit.write(owner, "DELETE", f"events/{gone}?method=DELETE").status == 200
    return ride


def question(visit: Visit, place: int) -> int:
    """A poll with an answer to an answer; answers its id."""
    poll = ask(visit.anna, Microcosm.objects.get(id=place))
    said = say(visit.bert, poll)
    text = {"itemType": "poll", "itemId": poll.id, "markdown": "No, @bert", "inReplyTo": said.id}
    assert visit.as_(visit.anna).post("comments", text).status == 302
    return poll.id


def huddles(visit: Visit) -> None:
    """Something between three people, which one of them leaves."""
    anna, bert, owner = visit.anna, visit.bert, visit.forum.owner
    talk = id_of(visit.write(anna, "POST", "huddles", {"isConfidential": False, "title": "Just us"}))
    path = f"huddles/{talk}"
    added = visit.write(anna, "POST", f"{path}/participants?method=PUT", [{"id": bert.id}, {"id": owner.id}])
    assert added.status == 302
    text = {"attachments": 0, "inReplyTo": 0, "itemId": talk, "itemType": "huddle", "markdown": "A secret"}
    said = id_of(visit.write(bert, "POST", "comments", text))
    # A guest is told nothing but an empty list.
    for person in (None, anna):
        visit.get("huddles", person)
    visit.get("huddles?unread=True", anna)
    visit.get(path, anna, bert)
    visit.get(path, None, was=403)
    visit.get(f"{path}?comment_id={said}", anna)
    visit.get(f"{path}/newcomment", anna)
    for name in ("participants", f"participants/{bert.id}"):
        visit.aside(visit.as_(anna), "GET", f"{path}/{name}")
    assert visit.write(bert, "DELETE", f"{path}?method=DELETE").status == 200


def following(visit: Visit, place: int, talk: int, ride: int) -> None:
    """Watching, ignoring, and what one is told."""
    anna = visit.anna
    for kind, number, type in (("microcosm", place, 8), ("conversation", talk, 1), ("event", ride, 1)):
        target = {"itemId": number, "itemType": kind}
        assert visit.write(anna, "POST", "watchers", target | {"updateTypeId": type}).status == 200
        assert visit.write(anna, "PATCH", "watchers/patch?method=PATCH", target | {"sendEmail": True}).status == 200
    visit.aside(visit.as_(anna), "GET", "watchers")
    own = Comment.objects.filter(item_id=talk, created_by=anna.profile, is_deleted=False).latest("id")
    text = {"itemType": "conversation", "itemId": talk, "markdown": "Hello again @anna", "inReplyTo": own.id}
    said = id_of(visit.as_(visit.bert).post("comments", text))
    assert visit.as_(visit.bert).put(f"comments/{said}", {"markdown": "Hello again, @anna"}).status == 302
    deliver()
    visit.get("updates", anna, visit.forum.owner)
    visit.get("updates/preferences", anna)
    for type in range(1, 10):
        visit.get(f"updates/preferences/{type}", anna)
        form = {"id": type, "sendEmail": True, "sendSMS": False}
        assert visit.write(anna, "POST", f"updates/preferences/{type}?method=PUT", form).status == 302
        visit.get(f"updates/preferences/{type}", anna)
    visit.get("profiles?following=True", anna)
    visit.get("search?q=ride&following=true", anna)
    visit.get("trending", None, anna)
    for kind, number in (("conversation", talk), ("event", ride), ("microcosm", place), ("profile", visit.bert.id)):
        target = {"itemId": number, "itemType": kind}
        visit.write(anna, "PUT", "ignored", target)
        visit.get(f"{kind}s/{number}", anna)
        visit.get("ignored", anna)
        visit.write(anna, "DELETE", "ignored", target)
    for kind, number, type in (("microcosm", place, 8), ("conversation", talk, 1), ("event", ride, 1)):
        query = f"updateTypeId={type}&itemId={number}&itemType={kind}&method=DELETE"
        assert visit.write(anna, "DELETE", f"watchers/delete?{query}").status == 200
    target = {"itemId": visit.forum.site.id, "itemType": "site"}
    visit.write(anna, "PUT", "profiles/read", target)


def people(visit: Visit, hash: str) -> None:
    """Profiles and their options."""
    anna, owner = visit.anna, visit.forum.owner
    path = f"profiles/{anna.id}"
    visit.get("profiles/options", anna)
    options = {"sendEmail": True, "sendSMS": False}
    assert visit.write(anna, "POST", "profiles/options?method=PUT", options).status == 302
    visit.get("profiles/options", anna)
    override = {"X-HTTP-Method-Override": "PUT"}
    assert visit.aside(visit.as_(anna), "POST", "profiles/options", form=options, headers=override).status == 302
    refused = visit.aside(visit.guest, "GET", "profiles/options?always200", was=403)
    assert (refused.status, refused.json["status"]) == (200, 403)
    edit = {"id": anna.id, "profileName": "anna.b"}
    assert visit.write(anna, "POST", f"{path}?method=PUT", edit).status == 302
    form = {"FileHash": hash, "FileName": "me.png"}
    assert visit.write(anna, "POST", f"{path}/attachments", form=form).status == 302
    visit.get(f"{path}/attachments", anna)
    visit.write(owner, "PATCH", path, [{"op": "replace", "path": "/member", "value": True}])
    biography = {"attachments": 0, "inReplyTo": 0, "itemId": anna.id, "itemType": "profile", "markdown": "Me."}
    assert visit.write(anna, "POST", "comments", biography).status == 302
    visit.as_(anna).put(f"{path}/attributes/is_tall", {"value": True})
    for name in ("attributes", "attributes/is_tall"):
        visit.aside(visit.as_(anna), "GET", f"{path}/{name}")
    for person in (None, anna, owner):
        visit.get(path, person)
    for query, who in (("", [None]), ("?top=True", [None]), ("?online=True", [None, anna]), ("?q=a", [None, anna])):
        visit.get(f"profiles{query}", *who)
    found = visit.aside(visit.as_(anna), "GET", "profiles?disableBoiler&top=true&q=a")
    assert found.json["profiles"]["items"]


def searching(visit: Visit, place: int, talk: int) -> None:
    """The search form, the links of the menus, and the lists that are searches."""
    anna, number = visit.anna, visit.anna.id
    visit.get("search", None)
    visit.get("search?attendee=true&type=event", anna)
    for query in (
        f"authorId={number}&type=conversation",
        f"q=ride&sort=date&inTitle=true&forumId={place}&defaults=true",
        "q=ride&sort=date&inTitle=true&defaults=true",
        "q=zqbbcbaccbddxx&sort=date&inTitle=true&defaults=true",
        "sort=oldest&type=event&eventAfter=0",
        "sort=newest&eventBefore=0&type=event",
        "q=hello&has=attachment&type=comment",
        f"sort=date&q=ride&type=conversation&type=comment&id={talk}",
        "q=hello",
        "since=-1&type=conversation&type=event&type=profile&type=huddle",
        "type=conversation",
    ):
        visit.get(f"search?{query}", None)
    kinds = "type%3Aconversation+type%3Aevent+type%3Ahuddle+type%3Acomment"
    visit.get(f"search?q={kinds}+authorId%3A{number}&sort=date&limit=10", None, anna)
    for query in ("q=%23ride", "q=hello&author=anna"):
        visit.aside(visit.guest, "GET", f"search?{query}")
    visit.get("search?q=secret&since=-1&type=conversation&type=event&type=profile&type=huddle", anna)


def what_else_was_recorded(visit: Visit, place: int, talk: int, poll: int) -> None:
    """Calls of no client that were recorded all the same."""
    guest, owner, root = visit.guest, visit.owner, visit.guest.at(visit.root.host)
    for path in ("/", "/api", "/api/v1", "site/menu", "legal", "resolve?url=http://old.example/", "nosuchthing"):
        visit.aside(guest, "GET", path)
    site = visit.forum.site.id
    owner.put(f"site/{site}/attributes/plan", {"value": "free"})
    for path in ("site/menu", f"site/{site}/attributes", f"site/{site}/attributes/plan"):
        visit.aside(owner, "GET", path)
    for name in ("attributes", "attributes/colour"):
        visit.aside(owner, "GET", f"microcosms/{place}/{name}")
    visit.aside(guest, "GET", f"permission?itemType=conversation&itemId={talk}")
    known = {"gender": "f", "language": "en-gb", "birth_day": 1, "birth_month": 2, "birth_year": 1990}
    User.objects.filter(id=visit.anna.profile.user_id).update(**known)
    visit.aside(owner, "GET", f"users/{visit.anna.profile.user_id}")
    visit.aside(visit.as_(visit.anna), "GET", "whoami")
    assert root.as_(visit.root.owner).put("site", look_of(visit.root)).status == 302
    visit.aside(owner, "POST", "users", json=[{"email": "new1@example.org"}])
    visit.aside(root, "GET", "hosts/nobody.example.org")
    visit.aside(root, "GET", "reserved/www")
    for path in ("sites", f"sites/{site}", f"sites/{site}/menu", "legal", "legal/service", "site"):
        visit.aside(root.as_(visit.root.owner), "GET", path)
    visit.aside(root.as_(visit.forum.owner), "GET", f"sites/{site}/status")
    link = Link.objects.create(id=1, salt="2", site=visit.forum.site, url="https://example.org/", domain="example.org")
    assert link.id
    for client, path in ((guest, "out/23"), (root, "/out/23"), (root, "/out/zzzz")):
        visit.aside(client, "GET", path)
    owner.put(f"polls/{poll}/attributes/colour", {"value": "blue"})
    for path in ("polls", f"polls/{poll}", f"polls/{poll}/attributes"):
        for client in (guest, visit.as_(visit.anna)):
            visit.aside(client, "GET", path)
    visit.aside(root, "GET", "metrics")


@pytest.fixture
def visited(forum: Forum, api: ApiClient, settings: Any, tmp_path: Path) -> Walk:
    """The whole walk."""
    settings.MEDIA_ROOT = str(tmp_path / "media")
    root = make_forum("root", is_root=True)
    visit = Visit(walk=Walk(), forum=forum, root=root, guest=api, anna=forum.member("anna"), bert=forum.member("bert"))
    sign_in(visit)
    place = microcosms(visit)
    moderator_of(Microcosm.objects.get(id=place), visit.forum.member("moderator"))
    roles(visit, place)
    hash = files(visit)
    talk = conversations(visit, place, hash)
    ride, poll = events(visit, place), question(visit, place)
    huddles(visit)
    look_at_places(visit, place)
    following(visit, place, talk, ride)
    people(visit, hash)
    searching(visit, place, talk)
    visit.get("geocode?q=London", visit.anna)
    what_else_was_recorded(visit, place, talk, poll)
    return visit.walk


@pytest.mark.django_db
def test_every_call_of_the_client_is_answered_as_recorded(visited: Walk) -> None:
    calls = listed_calls()
    problems = [f"not made: {call}" for call in calls.keys() - visited.made.keys()]
    problems += [f"no call of the client: {call}" for call in visited.made.keys() - calls.keys()]
    for call in calls.keys() & visited.made.keys():
        wanted, made = calls[call], visited.made[call]
        if not (wanted.statuses <= made.statuses and wanted.auth <= made.auth):
            problems.append(f"{call}: {wanted} was recorded, but made was {made}")
    differences, found = listed_differences(), dict(visited.found)
    found |= dict.fromkeys(visited.never_shown(), "all calls")
    needed = {entry for entry in differences for other in found if entry.covers(other)}
    problems += [
        f"{other} ({found[other]})" for other in found if not any(entry.covers(other) for entry in differences)
    ]
    problems += [f"no longer true: {entry}" for entry in differences if entry not in needed]
    assert not problems, "\n".join(sorted(problems))


@pytest.mark.django_db
def test_answers_of_each_recorded_resource_were_compared(visited: Walk) -> None:
    asked = {resource_of(route.split(" ")[1]) for route in visited.compared}
    assert {file for file, _ in all_recorded()} - asked == set()


def resource_of(path: str) -> str:
    """The name of the file that holds what was recorded of a route."""
    parts = path.removeprefix("/api/v1").strip("/").split("/")
    return parts[0] if parts[0] not in ("", "api") else "discovery"
