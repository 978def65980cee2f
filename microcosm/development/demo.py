"""The demo site of `make run`: people, roles, microcosms and enough to read. Made once, kept afterwards."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain, count

from django.db import connection, transaction

from apps.accounts.models import AccessToken, Client, User
from apps.accounts.services import create_client, create_operator, get_or_create_user, issue_token
from apps.accounts.tokens import token_hash
from apps.comments.services import comment_on_item
from apps.core import clock
from apps.items.models import PollChoice
from apps.items.polls import ChoiceDraft, PollDraft, cast_vote, create_poll
from apps.items.services import create_conversation
from apps.microcosms.drafts import read_draft
from apps.microcosms.models import Microcosm
from apps.microcosms.services import create_microcosm
from apps.permissions.services import add_profiles, ban_user, create_role, found_site
from apps.profiles.services import get_or_create_profile
from apps.sites.models import Site
from apps.sites.statistics import count_people

KEY = "demo"
MAIL_DOMAIN = "demo.example"
OPERATOR = f"operator@{MAIL_DOMAIN}"
#: The people whose tokens are handed out, by what they may do; then the rest.
ROLES = ("owner", "moderator", "member", "banned")
PEOPLE = {"owner": "olivia", "moderator": "max", "member": "mira", "banned": "bert"}
OTHERS = ("ann", "ben", "chloe", "dev", "emre", "fay")
# Any constant of ours; it only has to differ from other advisory locks.
LOCK_KEY = 7_461_004


@dataclass(frozen=True)
class Demo:
    """What a person or a script needs to use the demo site.

    `secrets` is what the next start hands in again: the tokens, the client's secret and the operator's password.
    """

    site_key: str
    tokens: dict[str, str]
    notes: tuple[str, ...] = ()
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def people(self) -> list[Mapping[str, str]]:
        """Whom the demo page can be: name, role and token."""
        return [{"name": PEOPLE[role], "role": role, "token": token} for role, token in self.tokens.items()]


@dataclass(frozen=True)
class Talk:
    """A conversation and what is said in it: (who, text)."""

    place: str
    title: str
    comments: tuple[tuple[str, str], ...]
    flags: Mapping[str, bool] = field(default_factory=dict)


#: What may be started in the places: all there is.
ITEM_TYPES = ("microcosm", "conversation", "event", "poll")
PLACES = (
    ("Forums", "Announcements", "What is new here. Everybody reads, moderators write."),
    ("Forums", "Rides", "Where we went and where we go next."),
    ("Rides", "Night rides", "With lights, please."),
    ("Forums", "Workshop", "Squeaks, rattles and how to get rid of them."),
)

TALKS = (
    Talk(
        "Announcements",
        "Welcome to the demo site",
        (
            (
                "olivia",
                "Welcome! This site was made by `make run`. **Everything may be broken**: nothing here is needed.",
            ),
            (
                "max",
                "I moderate. Ask @olivia if I am too strict.\n\n> Everything may be broken\n\nPlease not on purpose.",
            ),
            ("mira", "Hello everybody :) #introductions"),
        ),
        {"is_sticky": True},
    ),
    Talk(
        "Announcements",
        "The old forum is closed",
        (("olivia", "Its conversations are here now, and old links still lead to them."),),
        {"is_open": False},
    ),
    Talk(
        "Rides",
        "Sunday: along the canal, 60 km, flat",
        (
            (
                "ann",
                "Start at nine.\n\n1. warm up to the lock\n2. coffee at the mill\n3. home with the wind",
            ),
            ("ben", "I am in."),
            ("chloe", "Me too, and I bring cake."),
            ("dev", "Is it gravel after the mill? Last time it was https://example.org/map/canal and rather muddy."),
            ("ann", "@dev dry since Tuesday. Wide tyres are nicer, though."),
            ("emre", "Café or flask? 日本のコーヒー would be something. ☕"),
        ),
    ),
    Talk(
        "Night rides",
        "Which lights last three hours?",
        (
            ("fay", "Mine give up after ninety minutes."),
            (
                "ben",
                "| Light | Hours |\n|---|---|\n| small | 3.5 |\n| big | 1.2 |\n| hub dynamo | ∞ |",
            ),
            ("fay", "A dynamo then. ~~Batteries~~"),
        ),
    ),
    Talk(
        "Workshop",
        "Creaking from the bottom bracket",
        (
            ("dev", "Only under load, only on the left. What would you check first?"),
            ("max", "- pedal threads\n- chainring bolts\n- seat post (yes, really)\n- then the bracket"),
            ("dev", "It was the seat post."),
        ),
    ),
    Talk(
        "Workshop",
        "Chain length: a rule of thumb in code",
        (
            (
                "emre",
                "```python\ndef links(stay, ring, cog):\n    return round(stay / 6.35 + (ring + cog) / 4 + 1)\n```",
            ),
        ),
    ),
)

#: A conversation of several pages.
LONG_TALK = Talk(
    "Rides",
    "Counting kilometres together",
    tuple((OTHERS[number % len(OTHERS)], f"{number * 25} km, and on to the next {number}.") for number in range(1, 61)),
)


#: A poll in a place: title, question, and each choice with those who vote for it.
POLL_PLACE, POLL_TITLE, POLL_QUESTION = "Rides", "Where to in spring?", "One long day out in April. Where shall we go?"
POLL_CHOICES = (
    ("To the sea and back by train", ("ann", "chloe", "fay")),
    ("Round the reservoir", ("ben", "emre")),
    ("Over the three passes", ("dev",)),
    ("Wherever there is cake", ()),
)


@transaction.atomic
def create_demo(saved: Mapping[str, str]) -> Demo:
    """The demo site with valid tokens; `saved` is `Demo.secrets` of an earlier start. Processes take turns."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_KEY])
    if not Site.objects.filter(is_root=True).exists():
        _found("root", title="Microcosm", description="The root site of this platform.", is_root=True)
    site = _demo_site()
    users = {role: get_or_create_user(email=_email(name)) for role, name in PEOPLE.items()}
    tokens = {role: _valid_token(users[role], saved.get(role, "")) for role in ROLES}
    secret = _valid_secret(saved.get("client_secret", ""))
    password = _valid_password(saved.get("operator_password", ""))
    return Demo(
        site_key=site.key,
        tokens=tokens,
        notes=(
            f"The admin is at /admin/ of the root site: {OPERATOR}, {password}",
            f"Applications sign people in with the ClientSecret {secret} (docs/api/authentication.md)",
        ),
        secrets={**tokens, "client_secret": secret, "operator_password": password},
    )


def _demo_site() -> Site:
    """The first demo site that its owner has not deleted; the key of one that was deleted stays taken."""
    for key in chain([KEY], (f"{KEY}{number}" for number in count(2))):
        site = Site.objects.filter(key=key).first()
        if site is None:
            site = _found(key, title="Demo riders", description="A forum to look at.", is_root=False)
            _fill(site)
        if not site.is_deleted:
            return site
    raise AssertionError


def _email(name: str) -> str:
    return f"{name}@{MAIL_DOMAIN}"


def _found(key: str, *, title: str, description: str, is_root: bool) -> Site:
    owner = get_or_create_user(email=_email(PEOPLE["owner"]))
    return found_site(
        key=key,
        title=title,
        description=description,
        owner_user_id=owner.id,
        owner_name=PEOPLE["owner"],
        is_root=is_root,
    ).site


def _fill(site: Site) -> None:
    """People, a moderators' role, a ban, places and talk."""
    people = {}
    for name in (*PEOPLE.values(), *OTHERS):
        user = get_or_create_user(email=_email(name))
        people[name] = get_or_create_profile(site_id=site.id, user_id=user.id, name=name).id
    owner_id = people[PEOPLE["owner"]]
    root = Microcosm.objects.get(site=site, parent=None)
    flags = {"is_moderator": True, "can_read": True}
    role = create_role(actor_id=owner_id, microcosm=root, title="Moderators", flags=flags)
    add_profiles(actor_id=owner_id, site_id=site.id, role_id=role.id, profile_ids=[people[PEOPLE["moderator"]]])
    places = {root.title: root.id}
    for parent, title, description in PLACES:
        draft = read_draft(title=title, description=description, item_types=ITEM_TYPES)
        made = create_microcosm(draft, site_id=site.id, parent_id=places[parent], creator_id=owner_id)
        places[title] = made.id
    for talk in (*TALKS, LONG_TALK):
        _hold(talk, site=site, microcosm_id=places[talk.place], people=people)
    _ask(site=site, microcosm_id=places[POLL_PLACE], people=people)
    ban_user(
        actor_id=owner_id,
        site_id=site.id,
        profile_id=people[PEOPLE["banned"]],
        reason="Sold the same saddle three times",
    )
    # A job counts them every ten minutes: too late for who looks at the site now.
    count_people([site.id])


def _hold(talk: Talk, *, site: Site, microcosm_id: int, people: Mapping[str, int]) -> None:
    starter = talk.comments[0][0]
    item_id = create_conversation(
        site_id=site.id,
        author_id=people[starter],
        microcosm_id=microcosm_id,
        title=talk.title,
        flags=talk.flags,
        by_moderator=True,
    )
    first: int | None = None
    for number, (name, text) in enumerate(talk.comments):
        comment_id = comment_on_item(
            site_id=site.id,
            author_id=people[name],
            item_id=item_id,
            markdown=text,
            # Every third answers the first, so that there are threads to look at.
            in_reply_to_id=first if number % 3 == 1 else None,
            flags={},
            by_moderator=True,
        )
        first = first or comment_id


def _ask(*, site: Site, microcosm_id: int, people: Mapping[str, int]) -> None:
    poll_id = create_poll(
        PollDraft(question=POLL_QUESTION, choices=[ChoiceDraft(text=text) for text, _voters in POLL_CHOICES]),
        site_id=site.id,
        author_id=people["ann"],
        microcosm_id=microcosm_id,
        title=POLL_TITLE,
        flags={},
        by_moderator=False,
    )
    for (_text, voters), choice in zip(
        POLL_CHOICES, PollChoice.objects.filter(poll=poll_id).order_by("position"), strict=True
    ):
        for name in voters:
            cast_vote(
                site_id=site.id,
                profile_id=people[name],
                item_id=poll_id,
                choice_ids=[choice.id],
                by_moderator=False,
            )


def _valid_token(user: User, saved: str) -> str:
    alive = AccessToken.objects.filter(user=user, revoked_at=None, expires_at__gt=clock.now())
    if saved and alive.filter(token_hash=token_hash(saved)).exists():
        return saved
    return issue_token(user=user, client=None)


def _valid_secret(saved: str) -> str:
    if saved and Client.objects.filter(secret_hash=token_hash(saved)).exists():
        return saved
    return create_client(name="demo")[1]


def _valid_password(saved: str) -> str:
    operator = User.objects.filter(email=OPERATOR, is_staff=True, is_active=True).first()
    if saved and operator is not None and operator.check_password(saved):
        return saved
    password = secrets.token_urlsafe(12)
    create_operator(email=OPERATOR, password=password)
    return password
