"""What the pages of all kinds of items have in common (contract B 1): reading one, hiding and showing, jumping."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

import orjson
from orjson import Fragment

from apps.comments.shapes import comment_summary
from apps.core import clock
from apps.core.api import Answer, Api
from apps.core.cursors import Key
from apps.core.errors import CreateForbidden, Missing, OutOfRange, UpdateForbidden
from apps.core.openapi import patch_document, query_parameter
from apps.core.pagination import DEFAULT_LIMIT, Ends, Paging, RequestUrl, collection
from apps.core.patching import Replacement, read_patch
from apps.core.release import release
from apps.core.wire import dump
from apps.items.access import access_item
from apps.items.cache import PageComments, keep_page_comments, page_comments, page_comments_of
from apps.items.models import Item
from apps.items.queries import ItemList, ItemPage, item_identity, item_page
from apps.items.reading import mark_item_read
from apps.items.services import delete_item, flag_item
from apps.items.shapes import item_detail, item_summary
from apps.items.viewing import views
from apps.permissions.access import Access, Need, access_microcosm
from apps.permissions.queries import permissions_for
from apps.profiles.viewer import Viewer
from apps.sites.types import ItemType, href

COMMENTS = href(ItemType.COMMENT)
#: The paths of a patch and the fields they set (contract B 1.6).
FLAG_FIELDS = {
    "/meta/flags/sticky": "is_sticky",
    "/meta/flags/open": "is_open",
    "/meta/flags/deleted": "is_deleted",
    "/meta/flags/moderated": "is_moderated",
}


#: A patch document for the description.
PATCH_BODY = patch_document(FLAG_FIELDS)


COMMENT_ID = query_parameter("comment_id", int, "The comment a jump led to; it only comes back in the page's links.")


class ItemApi(Api):
    """Base of the routes of one item, whose id is the first variable of the path, and of the list of its kind."""

    kind: ClassVar[ItemType]

    @property
    def item_id(self) -> int:
        """The id in the path."""
        id: int = next(iter(self.kwargs.values()))
        return id

    def page_answer(self) -> Answer:
        """The item with a page of its comments, or that the client has it already."""
        paging, url = self.paging_of("comments", self.item_id), self.url
        seen = self.see(paging)
        headers = seen.ends(paging).headers(url)
        if not seen.item.is_shared:
            return Answer(self.page_shape(seen, paging=paging, url=url), headers=headers)
        shape = partial(self.page_shape, seen, paging=paging, url=url)
        return self.unless_held(seen.identity(), shape, headers=headers)

    def page(self, *, paging: Paging, url: RequestUrl) -> dict[str, Any]:
        """The item with a page of its comments, as it is before the reader's mark moves; raises Missing."""
        return self.page_shape(self.see(paging), paging=paging, url=url)

    def see(self, paging: Paging) -> "Seen":
        """Read a page, which counts as a view and moves the reader's mark; raises Missing or OutOfRange."""
        viewer: Viewer = self.viewer
        asked_at = clock.now()
        place: dict[str, Any] = {"site_id": viewer.site_id, "item_id": self.item_id, "paging": paging}
        known = page_comments(**place)
        found = item_page(profile_id=viewer.profile_id, kind=self.kind, known=known, **place)
        if found is None:
            raise Missing
        paging.check(found.item.comment_total)
        if known is None or not found.item.is_known:
            known = _comments_of(found, site_id=viewer.site_id, paging=paging)
            if found.item.is_shared:
                keep_page_comments(known, **place)
        seen = Seen(found.item, own=self.own_fields(found.item), flags=self.own_flags(), comments=known)
        self._mark_read(seen, paging=paging, asked_at=asked_at)
        self.each_time(partial(views.note, site_id=viewer.site_id, id=found.item.id))
        return seen

    def page_shape(self, seen: "Seen", *, paging: Paging, url: RequestUrl) -> dict[str, Any]:
        """What somebody saw in the contract's JSON."""
        comments = collection(
            paging=paging, total=seen.item.comment_total, items=[], type=COMMENTS, url=url, ends=seen.ends(paging)
        )
        comments["items"] = Fragment(seen.comments.as_seen(seen.item.read_at))
        shape = item_detail(seen.item, site_id=self.viewer.site_id, comments=comments, own=seen.own)
        shape["meta"]["flags"] |= seen.flags
        return shape

    def own_fields(self, row: Any) -> dict[str, Any]:
        """What a kind adds to the item; nothing for a conversation."""
        return {}

    def own_flags(self) -> dict[str, bool]:
        """What a kind adds to the flags, asked after `own_fields`."""
        return {}

    def first_page(self, item_id: int) -> dict[str, Any]:
        """The item as the answer to a write shows it."""
        self.kwargs = {"item_id": item_id}
        return self.page(
            paging=Paging(limit=DEFAULT_LIMIT),
            url=RequestUrl(path=href(self.kind, item_id), query=(), raw=""),
        )

    def list_answer(self, found: ItemList, *, paging: Paging, key: Callable[[Any], Key]) -> Answer:
        """A page of the list of the kind, sorted by `key`, with what the caller may do with the kind in general."""
        url = self.url
        rows, ends = paging.cut(found.items, total=found.total, key=key)
        page = collection(
            paging=paging,
            total=found.total,
            items=[item_summary(row, site_id=self.viewer.site_id) for row in rows],
            type=href(self.kind),
            url=url,
            ends=ends,
        )
        meta = {
            "links": [{"rel": "self", "href": href(self.kind)}],
            "permissions": permissions_for(self.viewer, kind=self.kind).shape(),
        }
        return Answer({self.kind.plural: page, "meta": meta}, headers=ends.headers(url))

    def access(self, need: Need) -> Access[Item]:
        """The item, if the viewer may act on it; see `access_item`."""
        return access_item(self.viewer, self.item_id, need, kind=self.kind)

    def moderates_target(self, access: Access[Item], target_id: int | None) -> bool:
        """Whether the viewer moderates where the item goes; raises unless they may bring it there."""
        if target_id is None or target_id == access.thing.microcosm_id:
            return access.permissions.is_moderator
        may = access_microcosm(self.viewer, target_id, Need.READ).permissions
        if not (may.can_create or may.is_moderator):
            raise CreateForbidden
        return may.is_moderator

    def patch_flags(self, data: Any) -> Answer:
        """Carry out a patch document."""
        replacements = read_patch(data, paths=FLAG_FIELDS)
        flags = flags_to_set(self.access(Need.UPDATE), replacements)
        flag_item(
            site_id=self.viewer.site_id,
            actor_id=self.viewer.require_profile(),
            item_id=self.item_id,
            flags=flags,
        )
        return Answer()

    def remove(self) -> Answer:
        """Delete the item."""
        self.access(Need.DELETE)
        delete_item(site_id=self.viewer.site_id, actor_id=self.viewer.require_profile(), item_id=self.item_id)
        return Answer()

    def _mark_read(self, seen: "Seen", *, paging: Paging, asked_at: datetime) -> None:
        if self.viewer.is_guest:
            return
        is_last = paging.reaches_end(total=seen.item.comment_total, is_more=seen.comments.is_more)
        at = read_up_to(seen.comments.last_at, is_last=is_last, asked_at=asked_at)
        if at is None or covers(seen.item.read_at, at=at, news_at=seen.item.news_at):
            return
        mark_item_read(
            site_id=self.viewer.site_id,
            profile_id=self.viewer.profile_id,
            kind=self.kind,
            item_id=self.item_id,
            at=at,
        )


@dataclass(frozen=True)
class Seen:
    """A page as somebody sees it."""

    #: A row of the statement `item_page`.
    item: Any
    own: dict[str, Any]
    flags: dict[str, bool]
    comments: PageComments

    def ends(self, paging: Paging) -> Ends:
        """The cursors of the page."""
        keys = self.comments.end_keys
        if keys is None:
            return Ends()
        return paging.ends(*keys, total=self.item.comment_total, is_more=self.comments.is_more)

    def identity(self) -> bytes:
        """What its body is made from, for those who ignore nobody; cheaper than the body."""
        comments = self.comments
        read_count = comments.read_count(self.item.read_at)
        parts = [release(), comments.version, comments.people_version, read_count, self.own, self.flags]
        return orjson.dumps([*parts, *item_identity(self.item)])


def _comments_of(found: ItemPage, *, site_id: int, paging: Paging) -> PageComments:
    """The comments of a page as JSON, in which none is unread."""
    comments, is_more = paging.without_probe(found.comments)
    return page_comments_of(
        found.item,
        comments=comments,
        is_more=is_more,
        json=dump([comment_summary(comment, site_id=site_id) for comment in comments]),
    )


def read_up_to(last_at: datetime | None, *, is_last: bool, asked_at: datetime) -> datetime | None:
    """Up to when a page has been read: its last comment, or now if it is the last page (contract B 1.3).

    Now is when it was asked for, before the database was: what is written meanwhile is not on it.
    """
    return asked_at if is_last else last_at


def covers(mark: datetime | None, *, at: datetime, news_at: datetime) -> bool:
    """Whether a mark says as much as one at `at`, because nothing happened behind it since: it need not be moved."""
    return mark is not None and mark >= min(at, news_at)


def flags_to_set(access: Access[Item], replacements: list[Replacement]) -> Mapping[str, bool]:
    """The fields a patch sets; raises UpdateForbidden for what the viewer may not set (permissions.md 4).

    Moderators set everything. Authors close their own item with `closeOwn` and open it again with `openOwn`.
    """
    may = access.permissions
    for change in replacements:
        own_right = may.can_open_own if change.value else may.can_close_own
        if not may.is_moderator and not (change.path == "/meta/flags/open" and may.is_owner and own_right):
            raise UpdateForbidden("only moderators may set this flag")
    return {FLAG_FIELDS[change.path]: change.value for change in replacements}


def flags_given(given: Mapping[str, Any]) -> dict[str, bool]:
    """The `is_*` fields that the body of a create sets."""
    flags = given.get("meta", {}).get("flags", {})
    return {f"is_{name}": value for name, value in flags.items()}


def require_id(given: Mapping[str, Any], name: str) -> int:
    """An id of a body that has to be there; raises OutOfRange."""
    id: int = given.get(name, 0)
    if id < 1:
        raise OutOfRange(f"{name} must be 1 or more")
    return id
