"""Where an address of the old forum leads for one viewer; what is not for them is as unknown as what never was."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from apps.comments.access import access_comment
from apps.comments.queries import first_unread_comment
from apps.core.errors import Missing
from apps.files.attaching import file_path
from apps.files.models import File
from apps.files.queries import readable_file
from apps.items.access import access_item
from apps.permissions.access import Need, access_microcosm, access_profile
from apps.profiles.viewer import Viewer
from apps.sites.types import ItemType, href
from apps.transfer import queries
from apps.transfer.resolvers import RESOLVERS
from apps.transfer.resolvers.target import Action, OldUrl, Target

#: What shows a page that starts at an offset.
_PAGED = frozenset({ItemType.MICROCOSM, ItemType.CONVERSATION})


@dataclass(frozen=True)
class Destination:
    """Something on this site; without an id a list of such things."""

    kind: ItemType
    id: int | None
    offset: int = 0
    action: Action | None = None
    search: str = ""
    #: Of a file: its whole address, since clients send people there.
    url: str = ""

    @property
    def href(self) -> str:
        """The address in this API."""
        if self.url:
            return self.url
        query: dict[str, object] = {}
        if self.search:
            query["q"] = self.search
        if self.action is Action.ONLINE:
            query["online"] = "true"
        is_paged = self.kind in _PAGED or (self.kind is ItemType.PROFILE and self.id is None)
        if self.offset and is_paged:
            query["offset"] = self.offset
        path = href(self.kind, self.id)
        return f"{path}?{urlencode(sorted(query.items()))}" if query else path


def access_old_url(viewer: Viewer, url: str) -> Destination:
    """What an old address leads a viewer to.

    Raises Missing when nothing was imported, the address is not understood, or what it names is unknown or not theirs.
    """
    old_url = OldUrl.of(url)
    products = queries.known_products(site_id=viewer.site_id, products=list(RESOLVERS)) if old_url else []
    for product in products:
        target = RESOLVERS[product](old_url) if old_url else None
        if target is not None and target.old_id is None:
            return Destination(target.kind, None, offset=target.offset, action=target.action, search=target.search)
        if target is not None and target.old_id is not None:
            new_id = queries.id_of_old_one(
                site_id=viewer.site_id, product=product, kind=target.kind, old_id=target.old_id
            )
            if new_id is not None:
                return _destination(viewer, target, new_id=new_id)
    raise Missing


def _destination(viewer: Viewer, target: Target, *, new_id: int) -> Destination:
    if target.kind is ItemType.ATTACHMENT:
        return _file(viewer, new_id)
    _require_readable(viewer, target.kind, new_id)
    destination = Destination(target.kind, new_id, offset=target.offset, action=target.action)
    return _at_new_comment(viewer, destination) if target.action is Action.NEW_COMMENT else destination


def _file(viewer: Viewer, file_id: int) -> Destination:
    """The bytes of a file, on the host that files are on (contract A 28)."""
    file = File.objects.filter(site_id=viewer.site_id, id=file_id).first()
    if file is None or not readable_file(site_id=viewer.site_id, profile_id=viewer.profile_id, hash=file.hash):
        raise Missing
    url = replace(viewer.site, domain="").url + file_path(file.hash, file.extension)
    return Destination(ItemType.ATTACHMENT, file_id, url=url)


def _require_readable(viewer: Viewer, kind: ItemType, id: int) -> None:
    if kind is ItemType.MICROCOSM:
        access_microcosm(viewer, id, Need.READ)
    elif kind is ItemType.PROFILE:
        access_profile(viewer, id, Need.READ)
    elif kind is ItemType.COMMENT:
        access_comment(viewer, id, Need.READ)
    elif kind in (ItemType.CONVERSATION, ItemType.HUDDLE):
        access_item(viewer, id, Need.READ, kind=kind)
    else:
        raise Missing


def _at_new_comment(viewer: Viewer, conversation: Destination) -> Destination:
    """The first comment that is new to the viewer, else the last; the conversation itself if it has none."""
    if conversation.id is None:
        return conversation
    jump = first_unread_comment(site_id=viewer.site_id, profile_id=viewer.profile_id, item_id=conversation.id)
    if jump is None:
        return replace(conversation, action=None)
    return Destination(ItemType.COMMENT, jump.comment_id, action=Action.IN_CONTEXT)
