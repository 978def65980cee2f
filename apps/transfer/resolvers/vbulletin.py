"""Addresses of vBulletin 3.8, bare and rewritten by its search-engine add-ons (contract A 28)."""

import re
from collections.abc import Callable
from dataclasses import replace

from apps.sites.types import ItemType
from apps.transfer.resolvers.target import Action, OldUrl, Target, whole

#: The first of these keys in a query decides.
_KEYS = (
    ("f", ItemType.MICROCOSM),
    ("forumid", ItemType.MICROCOSM),
    ("p", ItemType.COMMENT),
    ("pmid", ItemType.HUDDLE),
    ("postid", ItemType.COMMENT),
    ("t", ItemType.CONVERSATION),
    ("threadid", ItemType.CONVERSATION),
    ("u", ItemType.PROFILE),
    ("userid", ItemType.PROFILE),
)
_DEFAULT_PAGE = 50
_PAGES = {ItemType.MICROCOSM: 25}
#: Beyond this a page is no page, and an offset no offset that the API takes.
_MAX_PAGE = 10**9


def read_url(url: OldUrl) -> Target | None:
    """What an address pointed at, or None when it is none of this product's."""
    return _read_query(url) or _read_path(url) or _read_attachment(url)


def _read_query(url: OldUrl) -> Target | None:
    for key, kind in _KEYS:
        old_id = url.whole(key)
        if old_id is not None:
            is_newest = kind is ItemType.CONVERSATION and url.query.get("goto", "").lower() == "newpost"
            action = Action.NEW_COMMENT if is_newest else None
            return Target(kind, old_id, offset=_offset(kind, url.query.get("page", "")), action=action)
    return None


def _offset(kind: ItemType, page: str) -> int:
    """How many things come before a page of the old forum; the first page has none before it."""
    number = whole(page or "") or 1
    return (number - 1) * _PAGES.get(kind, _DEFAULT_PAGE) if number <= _MAX_PAGE else 0


def _thread_newest(match: re.Match[str]) -> Target:
    return Target(ItemType.CONVERSATION, int(match["id"]), action=Action.NEW_COMMENT)


def _thread_printed(match: re.Match[str]) -> Target:
    return Target(ItemType.CONVERSATION, int(match["id"]), offset=_offset(ItemType.CONVERSATION, match["page"]))


def _thread(match: re.Match[str]) -> Target:
    # The page is left out on purpose: rewritten addresses kept it although the number of posts a page could differ.
    return Target(ItemType.CONVERSATION, int(match["id"]))


def _post(match: re.Match[str]) -> Target:
    return Target(ItemType.COMMENT, int(match["id"]), action=Action.IN_CONTEXT)


def _forum(match: re.Match[str]) -> Target:
    return Target(ItemType.MICROCOSM, int(match["id"]), offset=_offset(ItemType.MICROCOSM, match["page"]))


def _announcement(match: re.Match[str]) -> Target:
    return Target(ItemType.MICROCOSM, int(match["id"]))


def _members_by_letter(match: re.Match[str]) -> Target:
    return Target(ItemType.PROFILE, action=Action.SEARCH, search=match["letter"].lower())


def _member(match: re.Match[str]) -> Target:
    return Target(ItemType.PROFILE, int(match["id"]))


def _attachment(match: re.Match[str]) -> Target:
    return Target(ItemType.ATTACHMENT, int(match["id"]))


def _list_of(kind: ItemType, action: Action | None = None) -> Callable[[re.Match[str]], Target]:
    return lambda match: Target(kind, action=action)


_ID = r"(?P<id>[0-9]{1,18})"
_PAGE = r"(?:-(?P<page>[0-9]{1,18}))?"
#: Ends of paths, the first that matches decides. A name never begins in the middle of a word.
_PATHS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Target]], ...] = tuple(
    (re.compile(rf"(?<![a-z]){pattern}", re.IGNORECASE | re.ASCII), make)
    for pattern, make in (
        (rf"(?:last|new)postinthread{_ID}\.html$", _thread_newest),
        (rf"printthread{_ID}{_PAGE}\.html$", _thread_printed),
        (rf"thread{_ID}(?:-[0-9]+)?\.html$", _thread),
        (rf"post{_ID}(?:-[0-9]+)?\.html$", _post),
        (rf"forum{_ID}{_PAGE}\.html$", _forum),
        (rf"announcement{_ID}[^/]*$", _announcement),
        (r"memberslist/(?P<letter>[a-z])[0-9]+\.html$", _members_by_letter),
        (rf"member{_ID}(?![0-9])[^/]*\.html$", _member),
        (rf"attachments/{_ID}d[0-9]+-[^/]*$", _attachment),
        (r"memberslist/?$", _list_of(ItemType.PROFILE)),
        (r"online\.php$", _list_of(ItemType.PROFILE, Action.ONLINE)),
        (r"private\.php$", _list_of(ItemType.HUDDLE)),
        (r"subscription\.php$", _list_of(ItemType.UPDATE)),
        (r"usercp\.php$", _list_of(ItemType.UPDATE)),
    )
)


def _read_path(url: OldUrl) -> Target | None:
    for pattern, make in _PATHS:
        match = pattern.search(url.path)
        if match:
            target = make(match)
            is_people = target.kind is ItemType.PROFILE and target.old_id is None and target.action is None
            return replace(target, offset=_offset(target.kind, url.query.get("page", ""))) if is_people else target
    return None


def _read_attachment(url: OldUrl) -> Target | None:
    """`attachment.php?attachmentid=5`, which the contract's table leaves out though posts are full of it."""
    old_id = url.whole("attachmentid")
    return Target(ItemType.ATTACHMENT, old_id) if old_id is not None else None
