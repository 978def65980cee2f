"""Arrangements for tests: sites with people in them, made through the services."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any

from apps.accounts.models import User
from apps.accounts.services import get_or_create_user, issue_token
from apps.core import clock
from apps.microcosms.models import Microcosm
from apps.permissions.criteria import check_criterion
from apps.permissions.models import Ban, Criterion, Role
from apps.permissions.services import add_criterion, found_site
from apps.profiles.models import Profile
from apps.profiles.services import get_or_create_profile
from apps.sites.models import Site

_numbers = count(1)


@dataclass
class Person:
    """A profile and the token that speaks for it."""

    profile: Profile
    token: str

    @property
    def id(self) -> int:
        """The profile's id."""
        return self.profile.id

    @property
    def headers(self) -> dict[str, str]:
        """The Authorization header of this person."""
        return {"Authorization": f"Bearer {self.token}"}


@dataclass
class Forum:
    """A site with its owner and root microcosm."""

    site: Site
    owner: Person
    root: Microcosm
    host: str
    people: dict[str, Person] = field(default_factory=dict)

    def member(self, name: str | None = None) -> Person:
        """A new member of the site."""
        return make_member(self.site, name=name)


def make_user(email: str | None = None) -> User:
    """A user of the platform."""
    return get_or_create_user(email=email or f"person{next(_numbers)}@example.org")


def make_member(site: Site, *, name: str | None = None, user: User | None = None) -> Person:
    """A member of a site with a token."""
    user = user or make_user()
    profile = get_or_create_profile(site_id=site.id, user_id=user.id, name=name)
    return Person(profile=profile, token=issue_token(user=user, client=None))


def make_forum(key: str | None = None, **options: Any) -> Forum:
    """A site that works, with its owner."""
    key = key or f"forum{next(_numbers)}"
    owner_user = make_user()
    founded = found_site(
        key=key,
        title=options.pop("title", "Forum"),
        description=options.pop("description", "A forum."),
        owner_user_id=owner_user.id,
        owner_name=options.pop("owner_name", None),
        **options,
    )
    owner = Person(profile=founded.owner, token=issue_token(user=owner_user, client=None))
    host = "localhost" if founded.site.is_root else f"{key}.localhost"
    return Forum(site=founded.site, owner=owner, root=founded.root, host=host)


def ban(site: Site, person: Person) -> Ban:
    """Shut a member out of a site."""
    return Ban.objects.create(site=site, user_id=person.profile.user_id, created_at=clock.now())


def make_criterion(
    role: Role, *, predicate: str, value: Any, column: str = "", key: str = "", or_group: int = 0
) -> Criterion:
    """A test that takes people into a role."""
    return add_criterion(
        actor_id=role.created_by_id,
        site_id=role.site_id,
        role_id=role.id,
        criterion=check_criterion(or_group=or_group, column=column, key=key, predicate=predicate, value=value),
    )
