"""The scene of permissions.md 2.2: a site with everyone and everything that matrix.py names."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apps.comments.attachments import attach_to_comment
from apps.comments.models import Comment, CommentAttribute
from apps.comments.services import comment_on_item, comment_on_profile
from apps.core import clock
from apps.files.attaching import Choice
from apps.files.models import File
from apps.huddles.services import create_huddle
from apps.items.models import Attendee, Event, Item, ItemAttribute, PollChoice, PollVote
from apps.links.models import Link
from apps.microcosms.models import Microcosm, MicrocosmAttribute
from apps.permissions.models import Role
from apps.profiles.attachments import attach_avatar
from apps.profiles.models import ProfileAttribute
from apps.sites.hosts import forget_sites
from apps.sites.models import Site, SiteAttribute
from apps.sites.types import ItemType
from apps.updates.letters import Subscription
from apps.updates.models import Ignore, PushSubscription, Update, Watcher
from apps.updates.types import UpdateType
from apps.webhooks.services import create_webhook
from tests.client import ApiClient
from tests.factories import Forum, Person, ban, make_criterion, make_forum, make_member
from tests.trees import make_item, make_microcosm, make_moderator, make_role


@dataclass
class Scene:
    """A forum, the people of the matrix and the ids of its things; `hosts` says where rows are asked."""

    forum: Forum
    people: dict[str, Person | None]
    ids: dict[str, Any]
    hosts: dict[str, str]

    def client(self, person: str, host: str = "site") -> ApiClient:
        """A client that speaks for one of the people."""
        return ApiClient(host=self.hosts[host]).as_(self.people[person])

    def ids_for(self, person: str) -> dict[str, Any]:
        """The ids of all things, and of the asking person as SELF."""
        who = self.people[person]
        return self.ids | ({"SELF": who.id} if who else {})


def set_scene() -> Scene:
    """Everything, made through the services where they matter."""
    forum, other, root_forum = make_forum("alpha"), make_forum("beta"), make_forum("root", is_root=True)
    people: dict[str, Person | None] = {
        name: forum.member(name.lower()) for name in ("MEM", "AUT", "PRV", "MO0", "MO1", "MCO", "BRO", "BAN")
    }
    people["GUE"], people["SO"] = None, forum.owner
    stranger = other.member()
    # On this site they have a profile of their own, which their first request would make.
    people["OUT"] = Person(profile=make_member(forum.site, user=stranger.profile.user).profile, token=stranger.token)
    ids = {"ROOT": forum.root.id, "SITE": forum.site.id}
    ids |= _places(forum, people)
    ids |= _things(forum, people, ids)
    ids |= _strangers(other, stranger)
    ids |= {"WH": _tell(forum), "OUT_WH": _tell(other)}
    ids |= {name: person.id for name, person in people.items() if person and name != "OUT"}
    banned = _known(people["BAN"])
    ids["AUT_U"] = _known(people["AUT"]).profile.user_id
    ban(forum.site, banned)
    ban(root_forum.site, banned)
    scene = Scene(forum=forum, people=people, ids=ids, hosts={"site": forum.host, "root": root_forum.host})
    for name, person in people.items():
        if person:
            # First requests make profiles: let nobody's be one of the matrix.
            scene.client(name, "root").get("whoami")
    return scene


def _known(person: Person | None) -> Person:
    assert person
    return person


def _places(forum: Forum, people: dict[str, Person | None]) -> dict[str, Any]:
    """The tree of 2.2 with its roles."""
    owner = _known(people["MCO"]).profile
    x = make_microcosm(forum, owner=owner, created_by=owner)
    y = make_microcosm(forum)
    make_role(forum.root, _known(people["MO0"]), title="Nothing ticked", is_moderator=True)
    make_moderator(x, _known(people["MO1"]))
    make_role(x, _known(people["BRO"]), title="Outlaws", is_banned=True)
    # The roles that the rows manage name a profile that asks nothing.
    bystander = forum.member("bystander")
    managed, default = (make_role(place, bystander, title="Managed", is_banned=True) for place in (x, forum.root))
    criteria = [make_criterion(role, column="commentCount", predicate="gt", value=10**6) for role in (managed, default)]
    private = make_role(y, _known(people["PRV"]), title="Private", can_read=True)
    return {
        "X": x.id,
        "XC": make_microcosm(forum, x).id,
        "XP": make_microcosm(forum, x).id,
        "XO": make_microcosm(forum, x, is_open=False).id,
        "XD": make_microcosm(forum, x, is_deleted=True, is_live=False).id,
        "Y": y.id,
        "R": managed.id,
        "RC": criteria[0].id,
        "N": bystander.id,
        "TOKEN": bystander.token,
        "RY": private.id,
        "RB": default.id,
        "RBC": criteria[1].id,
    }


def _things(forum: Forum, people: dict[str, Person | None], ids: dict[str, int]) -> dict[str, int]:
    """Conversations and comments, a huddle and a watcher."""
    author, member, outlaw = (_known(people[name]) for name in ("AUT", "MEM", "BRO"))
    x, child, private = (Microcosm.objects.get(id=ids[name]) for name in ("X", "XC", "Y"))
    c, ct, cc, cd, cm = (make_item(child, author) for _ in range(5))
    cx, cb = make_item(x, author), make_item(x, outlaw)
    cp, cy = make_item(child, _known(people["PRV"])), make_item(private, forum.owner)
    things: dict[str, Any] = {"C": c.id, "CT": ct.id, "CC": cc.id, "CD": cd.id, "CM": cm.id}
    things |= {"CX": cx.id, "CB": cb.id, "CP": cp.id, "CY": cy.id}
    things["K"] = _say(author, c)
    _say(member, ct)
    things["KD"], things["KM"] = _say(author, ct), _say(author, ct, number=2)
    things["KC"], things["KY"] = _say(author, cc), _say(forum.owner, cy)
    Comment.objects.filter(id=things["KD"]).update(is_deleted=True)
    Comment.objects.filter(id=things["KM"]).update(is_moderated=True)
    Item.objects.filter(id=cc.id).update(is_open=False)
    Item.objects.filter(id=cd.id).update(is_deleted=True)
    Item.objects.filter(id=cm.id).update(is_moderated=True)
    things["B"] = comment_on_profile(
        site_id=forum.site.id, author_id=author.id, home_id=author.id, markdown="Me.", in_reply_to_id=None
    )
    things |= _own(author, x, cx)
    things |= _events(forum, author, child, private, ids["N"])
    things |= _polls(forum, author, child, private)
    for name, is_confidential in (("H", False), ("HC", True)):
        things[name] = create_huddle(
            site_id=forum.site.id,
            author_id=author.id,
            title="Secret",
            is_confidential=is_confidential,
            invited_ids=[member.id, outlaw.id],
        )
    things["KH"] = _say(author, Item.objects.get(id=things["H"]))
    # Who says something watches it.
    things["W"] = Watcher.objects.get(profile=author.profile, kind=ItemType.CONVERSATION, item=c).id
    things["T"] = int(UpdateType.NEW_COMMENT)
    things["U"] = Update.objects.create(
        profile=author.profile,
        type=UpdateType.REPLY_TO_COMMENT,
        item=c,
        comment_id=things["K"],
        created_by=member.profile,
    ).id
    things["A"] = _mark(forum, author, ids | things)
    things["F"] = _attach(author, forum.owner, things)
    # Its short id, 23, is one that looks like a number.
    Link.objects.create(id=1, salt="2", site=forum.site, url="https://example.org/", domain="example.org")
    things["MT"] = Subscription(site_id=forum.site.id, profile_id=author.id, type=UpdateType.MENTIONED).token()
    things["PU"] = PushSubscription.objects.create(profile=author.profile, endpoint_hash="x").id
    things["L"] = 23
    return things


def _own(author: Person, place: Microcosm, item: Item) -> dict[str, int]:
    """What the owner of a microcosm finds there beside an open conversation."""
    closed, deleted, moderated = (make_item(place, author) for _ in range(3))
    Item.objects.filter(id=closed.id).update(is_open=False)
    Item.objects.filter(id=deleted.id).update(is_deleted=True)
    Item.objects.filter(id=moderated.id).update(is_moderated=True)
    said = [_say(author, item, number=number) for number in (3, 4, 5)]
    Comment.objects.filter(id=said[1]).update(is_deleted=True)
    Comment.objects.filter(id=said[2]).update(is_moderated=True)
    event = make_item(place, author, kind=ItemType.EVENT)
    return {
        "CXC": closed.id, "CXD": deleted.id, "CXM": moderated.id, "KX": said[0], "KXD": said[1], "KXM": said[2],
        "EX": event.id,
    }  # fmt: skip


def _events(forum: Forum, author: Person, child: Microcosm, private: Microcosm, comer_id: int) -> dict[str, int]:
    """Events, to one of which somebody comes."""
    e, ec, ed = (make_item(child, author, kind=ItemType.EVENT) for _ in range(3))
    ey = make_item(private, forum.owner, kind=ItemType.EVENT)
    ea = make_item(child, forum.owner, kind=ItemType.EVENT)
    Event.objects.update(when_at=clock.now(), starts_at=clock.now())
    Item.objects.filter(id=ec.id).update(is_open=False)
    Item.objects.filter(id=ed.id).update(is_deleted=True)
    answers = [
        Attendee.objects.create(event_id=event.id, profile_id=id, rsvp=Attendee.Rsvp.YES, created_by_id=id).id
        for event, id in ((ea, author.id), (e, comer_id))
    ]
    return {
        "E": e.id, "EY": ey.id, "EC": ec.id, "ED": ed.id, "EA": ea.id, "EAA": answers[0], "EN": answers[1],
    }  # fmt: skip


def _polls(forum: Forum, author: Person, child: Microcosm, private: Microcosm) -> dict[str, int]:
    """Polls and their choices."""
    p, px, pc, pd = (make_item(child, author, kind=ItemType.POLL) for _ in range(4))
    py = make_item(private, forum.owner, kind=ItemType.POLL)
    Item.objects.filter(id=pc.id).update(is_open=False)
    Item.objects.filter(id=pd.id).update(is_deleted=True)

    def choice(item: Item, position: int = 1) -> int:
        return PollChoice.objects.get(poll_id=item.id, position=position).id

    return {
        "P": p.id, "PA": choice(p), "PB": choice(p, 2), "PX": choice(px), "PY": py.id, "PYA": choice(py),
        "PC": pc.id, "PCA": choice(pc), "PD": pd.id, "PDA": choice(pd),
    }  # fmt: skip


def _mark(forum: Forum, author: Person, ids: dict[str, int]) -> int:
    """Give things an attribute whose key is a number."""
    key = 12345
    for model, parent in (
        (SiteAttribute, {"site_id": forum.site.id}),
        (MicrocosmAttribute, {"microcosm_id": ids["X"]}),
        (MicrocosmAttribute, {"microcosm_id": ids["Y"]}),
        (ItemAttribute, {"item_id": ids["C"]}),
        (ItemAttribute, {"item_id": ids["P"]}),
        (ItemAttribute, {"item_id": ids["E"]}),
        (CommentAttribute, {"comment_id": ids["K"]}),
        (ProfileAttribute, {"profile_id": author.id}),
    ):
        model.objects.create(**parent, key=str(key), text_value="some")
    return key


def _attach(author: Person, owner: Person, things: dict[str, int]) -> int:
    """Attach a file whose hash is a number; one more is an avatar too, and a third is attached to nothing."""
    site_id = author.profile.site_id
    files = [
        File.objects.create(
            site_id=site_id, hash=digit * 40, name="x.png", mime_type="image/png", extension="png", size=1
        )
        for digit in "123"
    ]
    chosen, another = (Choice(file=file, name="x.png", extension="png") for file in (files[0], files[2]))
    attach_to_comment(chosen, site_id=site_id, comment_id=things["K"], actor_id=author.id)
    attach_to_comment(chosen, site_id=site_id, comment_id=things["KY"], actor_id=owner.id)
    for choice in (another, chosen):
        attach_avatar(choice, site_id=site_id, profile_id=author.id, actor_id=author.id)
    return int(files[0].hash)


def _say(author: Person, item: Item, number: int = 1) -> int:
    """The id of a comment by somebody who may say it."""
    return comment_on_item(
        site_id=item.site_id,
        author_id=author.id,
        item_id=item.id,
        markdown=f"Said {number} time(s).",
        in_reply_to_id=None,
        flags={},
        by_moderator=True,
    )


def _tell(forum: Forum) -> int:
    """The id of a webhook of a site."""
    owner_id = forum.owner.id
    return create_webhook(
        site_id=forum.site.id, actor_id=owner_id, profile_id=owner_id, url="https://example.org/hook", kinds=[]
    ).id


def _strangers(other: Forum, stranger: Person) -> dict[str, int]:
    """Things of another site, which nobody here may find."""
    item = make_item(other.root, stranger)
    return {
        "OUT_SITE": other.site.id,
        "OUT_ROOT": other.root.id,
        "OUT_C": item.id,
        "OUT_E": make_item(other.root, stranger, kind=ItemType.EVENT).id,
        "OUT_PO": make_item(other.root, stranger, kind=ItemType.POLL).id,
        "OUT_K": _say(stranger, item),
        "OUT_P": other.owner.id,
        "OUT_U": other.owner.profile.user_id,
        "OUT_R": Role.objects.get(microcosm=other.root, title="Banned").id,
    }


def _everyone_creates(scene: Scene) -> None:
    Site.objects.filter(id=scene.forum.site.id).update(only_admins_create=False)


def _other_site_deleted(scene: Scene) -> None:
    Site.objects.filter(id=scene.ids["OUT_SITE"]).update(is_deleted=True)
    forget_sites()


def _everyone_has_voted(scene: Scene) -> None:
    for person in scene.people.values():
        for poll, choice in (("P", "PA"), ("PY", "PYA")):
            if person:
                PollVote.objects.create(
                    poll_id=scene.ids[poll], choice_id=scene.ids[choice], profile_id=person.profile.id
                )


def _everyone_watches_and_ignores(scene: Scene) -> None:
    for person in scene.people.values():
        if person:
            target = {"profile": person.profile, "kind": ItemType.PROFILE, "target_profile_id": scene.ids["N"]}
            Watcher.objects.create(**target)
            Ignore.objects.create(**target)


def _everyone_comes(scene: Scene) -> None:
    for person in scene.people.values():
        if person:
            Attendee.objects.create(
                event_id=scene.ids["E"], profile_id=person.id, rsvp=Attendee.Rsvp.YES, created_by_id=person.id
            )


#: The changes that rows may ask for.
SETUPS: dict[str, Callable[[Scene], None]] = {
    "everyone creates": _everyone_creates,
    "everyone comes": _everyone_comes,
    "everyone has voted": _everyone_has_voted,
    "everyone watches and ignores": _everyone_watches_and_ignores,
    "other site deleted": _other_site_deleted,
}
