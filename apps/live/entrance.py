"""Who may open a socket or a stream: the host's site, the page's origin, the token's holder, and how many there are."""

from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from apps.accounts.tokens import token_hash
from apps.core.client_address import Address, claimed_address
from apps.core.errors import ApiError, Banned, InvalidToken
from apps.profiles.authentication import viewer_of_token_hash
from apps.profiles.viewer import Viewer
from apps.sites.hosts import SiteInfo, normalise_host, site_at

Scope = dict[str, Any]


#: Open connections of this process by address, and by site and profile.
_addresses: Counter[Address] = Counter()
_people: Counter[tuple[int, int]] = Counter()


def header(scope: Scope, name: bytes) -> str:
    """A header of a handshake or request, "" if it is not there."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name), "")


def site_of(scope: Scope) -> SiteInfo | None:
    """The site that the Host header names."""
    return site_at(normalise_host(header(scope, b"host")))


def is_welcome_origin(scope: Scope) -> bool:
    """Whether a page may open a socket: none said, one of the host itself, or one of the setting.

    No cookie speaks for anybody here, so this only keeps pages from using visitors' browsers and addresses (W4).
    """
    origin = header(scope, b"origin")
    if not origin or "*" in settings.LIVE_ORIGINS or origin.lower() in settings.LIVE_ORIGINS:
        return True
    try:
        host = normalise_host(urlsplit(origin).netloc)
    except ValueError:
        # Not an address at all, as `http://[` (W3).
        return False
    return host != "" and host == normalise_host(header(scope, b"host"))


def bearer_token(scope: Scope) -> str:
    """The token of the Authorization header, "" for a guest; raises InvalidToken for anything else in it."""
    text = header(scope, b"authorization")
    if not text:
        return ""
    scheme, _, token = text.partition(" ")
    if scheme.lower() != "bearer" or not token or " " in token:
        raise InvalidToken
    return token


def hash_of(token: str) -> str:
    """What is stored of a token, whatever characters a client has put into it."""
    return token_hash(token.encode(errors="replace").decode())


def current_viewer(*, site: SiteInfo, token: str) -> Viewer | None:
    """Who holds a token now, a guest without one; None when it has ended or they are banned."""
    if not token:
        return Viewer(site=site)
    try:
        return require_viewer(site=site, hashed=hash_of(token))
    except ApiError:
        return None


def require_viewer(*, site: SiteInfo, hashed: str) -> Viewer:
    """Who holds a token now; raises InvalidToken, ExpiredToken or Banned."""
    viewer = viewer_of_token_hash(site=site, hashed=hashed)
    if viewer.is_banned:
        raise Banned
    return viewer


def client_address_of_scope(scope: Scope) -> Address:
    """The network address of the client, as the HTTP process would say it."""
    client = scope.get("client") or ("",)
    name = settings.CLIENT_ADDRESS_HEADER.lower().encode("latin-1")
    return claimed_address(peer=str(client[0]), forwarded=header(scope, name))


def enter(address: Address, viewer: Viewer) -> bool:
    """Count a connection; False, and not counted, when this address or this person has as many as may be."""
    if _addresses[address] >= settings.LIVE_CONNECTIONS_PER_ADDRESS or not become(viewer):
        return False
    _addresses[address] += 1
    return True


def leave(address: Address, viewer: Viewer) -> None:
    """Count a connection no longer."""
    _addresses[address] -= 1
    if _addresses[address] <= 0:
        del _addresses[address]
    person = (viewer.site_id, viewer.profile_id)
    if viewer.profile_id:
        _people[person] -= 1
        if _people[person] <= 0:
            del _people[person]


def become(viewer: Viewer) -> bool:
    """Count a connection for its person; False, and not counted, when they have as many as may be."""
    person = (viewer.site_id, viewer.profile_id)
    if viewer.profile_id and _people[person] >= settings.LIVE_CONNECTIONS_PER_PERSON:
        return False
    if viewer.profile_id:
        _people[person] += 1
    return True
