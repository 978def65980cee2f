"""`/microcosms` and what is below it (contract A 21)."""

from typing import Any

from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.errors import Closed, CreateForbidden, Missing, OutOfRange, UpdateForbidden
from apps.core.openapi import operation, patch_document
from apps.core.pagination import DEFAULT_LIMIT, Ends, Paging, RequestUrl, collection
from apps.core.patching import read_patch
from apps.core.response_cache import kept
from apps.files.attaching import check_picture
from apps.items.shapes import item_summary
from apps.microcosms import queries, shapes
from apps.microcosms.api.serializers import MicrocosmOutput
from apps.microcosms.drafts import Draft, read_draft
from apps.microcosms.models import Microcosm
from apps.microcosms.serializers import MicrocosmInput, NewMicrocosmInput, TreeEntryOutput
from apps.microcosms.services import create_microcosm, delete_microcosm, edit_microcosm, flag_microcosm
from apps.permissions.access import Access, Need, access_microcosm, check_need
from apps.permissions.queries import Permissions, permissions_for
from apps.profiles.viewer import Viewer
from apps.sites.types import ItemType, href

#: What the reference says the items of a microcosm are; nobody reads it (A 21.3).
_COLLECTION_TYPE = "/api/v1/comments"
_FLAG_PATHS = {f"/meta/flags/{name}": name for name in ("sticky", "open", "deleted", "moderated")}


class MicrocosmApi(Api):
    """Base of the pages of microcosms."""

    def page_answer(self, microcosm_id: int | None) -> Answer:
        """A microcosm with a page of what is in it; None stands for the root."""
        paging, url = self.paging_of("microcosm", microcosm_id), self.url
        shape, ends = _page(self.viewer, microcosm_id, paging=paging, url=url)
        return Answer(shape, headers=ends.headers(url))


class MicrocosmList(MicrocosmApi):
    """`/microcosms`."""

    @operation("The root microcosm and what is in it", answer=MicrocosmOutput, cursors=True)
    @kept()
    def get(self, request: Request) -> Answer:
        """Child microcosms and items the caller may see: pinned ones, other microcosms, then items by activity."""
        return self.page_answer(None)

    @operation(
        "Create a microcosm",
        body=NewMicrocosmInput,
        success=(302,),
        prefer=201,
        represents=MicrocosmOutput,
    )
    def post(self, request: Request) -> Answer:
        """For the site's owner, moderators of the parent and, if the site allows it, every member."""
        given = NewMicrocosmInput.read(request.data)
        draft = _draft(given)
        parent = _parent_to_create_in(self.viewer, given.get("parentId", 0))
        _check_logo(self.viewer, draft)
        microcosm = create_microcosm(
            draft, site_id=self.viewer.site_id, parent_id=parent.id, creator_id=self.viewer.require_profile()
        )
        return self.wrote(
            href(ItemType.MICROCOSM, microcosm.id),
            representation=lambda: _first_page(self.viewer, microcosm.id),
            created=True,
        )


class MicrocosmTree(Api):
    """`/microcosms/tree`."""

    @operation("The microcosms the caller may read, depth first", answer=TreeEntryOutput(many=True))
    @kept()
    def get(self, request: Request) -> Answer:
        """Parents before children; ignored microcosms and those below them are left out."""
        rows = queries.microcosm_tree(site_id=self.viewer.site_id, profile_id=self.viewer.profile_id)
        return Answer([shapes.tree_entry(row) for row in rows])


class MicrocosmDetail(MicrocosmApi):
    """`/microcosms/{id}`."""

    @operation("A microcosm and what is in it", answer=MicrocosmOutput, cursors=True)
    @kept()
    def get(self, request: Request, microcosm_id: int) -> Answer:
        """Child microcosms and items the caller may see: pinned ones, other microcosms, then items by activity."""
        return self.page_answer(microcosm_id)

    @operation(
        "Edit or move a microcosm",
        body=MicrocosmInput,
        success=(302,),
        prefer=200,
        represents=MicrocosmOutput,
    )
    def put(self, request: Request, microcosm_id: int) -> Answer:
        """What the body leaves out stays as it is."""
        found = access_microcosm(self.viewer, microcosm_id, Need.READ)
        given = MicrocosmInput.read(request.data)
        check_need(found.permissions, Need.UPDATE)
        draft = _draft(given)
        if draft.logo_url != found.thing.logo_url:
            _check_logo(self.viewer, draft)
        edit_microcosm(
            draft,
            site_id=self.viewer.site_id,
            microcosm_id=microcosm_id,
            editor_id=self.viewer.require_profile(),
            parent_id=_new_parent_id(self.viewer, found.thing, given.get("parentId")),
            remove_logo=given.get("removeLogo", False),
        )
        return self.wrote(
            href(ItemType.MICROCOSM, microcosm_id), representation=lambda: _first_page(self.viewer, microcosm_id)
        )

    @operation("Set flags of a microcosm", body=patch_document(_FLAG_PATHS), errors=(501,))
    def patch(self, request: Request, microcosm_id: int) -> Answer:
        """Paths `/meta/flags/` sticky, open, deleted, moderated; moderators set them all, owners open as well."""
        found = access_microcosm(self.viewer, microcosm_id, Need.READ)
        replacements = read_patch(request.data, paths=_FLAG_PATHS)
        flags = {_FLAG_PATHS[replacement.path]: replacement.value for replacement in replacements}
        _check_may_flag(found.permissions, flags)
        flag_microcosm(
            site_id=self.viewer.site_id,
            microcosm_id=microcosm_id,
            editor_id=self.viewer.require_profile(),
            flags=flags,
        )
        return Answer()

    @operation("Delete a microcosm")
    def delete(self, request: Request, microcosm_id: int) -> Answer:
        """It and everything below it is hidden; moderators can bring it back with a patch."""
        found = access_microcosm(self.viewer, microcosm_id, Need.READ)
        if found.thing.is_deleted:
            raise Missing
        check_need(found.permissions, Need.DELETE)
        delete_microcosm(
            site_id=self.viewer.site_id, microcosm_id=microcosm_id, editor_id=self.viewer.require_profile()
        )
        return Answer()


def _page(viewer: Viewer, microcosm_id: int | None, *, paging: Paging, url: RequestUrl) -> tuple[dict[str, Any], Ends]:
    """A microcosm's page and its cursors; raises Missing when there is nothing for this viewer."""
    rows = queries.microcosm_page(
        site_id=viewer.site_id, profile_id=viewer.profile_id, microcosm_id=microcosm_id, paging=paging
    )
    if not rows:
        raise Missing
    head = rows[0]
    entries, ends = paging.cut(rows[1:], total=head.total, key=queries.entry_key)
    items = collection(
        paging=paging,
        total=head.total,
        items=[_entry(row, site_id=viewer.site_id) for row in entries],
        type=_COLLECTION_TYPE,
        url=url,
        ends=ends,
    )
    permissions = Permissions.of_row(head).shape()
    return shapes.microcosm_detail(head, site_id=viewer.site_id, items=items, permissions=permissions), ends


def _first_page(viewer: Viewer, microcosm_id: int) -> dict[str, Any]:
    """What a GET without parameters answers."""
    url = RequestUrl(path=href(ItemType.MICROCOSM, microcosm_id), query=(), raw=None)
    shape, _ends = _page(viewer, microcosm_id, paging=Paging(limit=DEFAULT_LIMIT), url=url)
    return shape


def _entry(row: Any, *, site_id: int) -> dict[str, Any]:
    if row.place_id is None:
        entry = _item(row, site_id=site_id, is_unread=row.is_unread)
        if row.kind == ItemType.EVENT:
            # In these lists events say it to guests too (A 7.4).
            entry["item"]["meta"]["flags"].setdefault("attending", False)
        return entry
    recent = None if row.id is None else _item(row, site_id=site_id, is_unread=None)
    summary = shapes.microcosm_summary(row, site_id=site_id, most_recent_update=recent)
    return {"itemType": ItemType.MICROCOSM.word, "item": summary}


def _item(row: Any, *, site_id: int, is_unread: bool | None) -> dict[str, Any]:
    return {"itemType": ItemType(row.kind).word, "item": item_summary(row, site_id=site_id, is_unread=is_unread)}


def _draft(given: dict[str, Any]) -> Draft:
    return read_draft(
        title=given.get("title"),
        description=given.get("description"),
        visibility=given.get("visibility"),
        item_types=given.get("itemTypes"),
        logo_url=given.get("logoUrl"),
        edit_reason=given.get("meta", {}).get("editReason"),
    )


def _check_logo(viewer: Viewer, draft: Draft) -> None:
    if draft.logo_url:
        check_picture(draft.logo_url, site=viewer.site, profile_id=viewer.profile_id, user_id=viewer.user_id)


def _live_parent(viewer: Viewer, parent_id: int) -> Access[Microcosm]:
    """A parent that a body names, 0 for the root; raises Missing, also for moderators, unless it is live."""
    if parent_id < 0:
        raise OutOfRange("parentId must be 0 or more")
    found = access_microcosm(viewer, parent_id or queries.root_id(site_id=viewer.site_id), Need.READ)
    if not found.thing.is_live:
        raise Missing
    return found


def _parent_to_create_in(viewer: Viewer, parent_id: int) -> Microcosm:
    """The microcosm that a new one goes below, if the viewer may put it there."""
    found = _live_parent(viewer, parent_id)
    if not found.permissions.is_moderator:
        if not permissions_for(viewer, kind=ItemType.SITE).can_create:
            raise CreateForbidden
        if not found.thing.is_open:
            raise Closed("this microcosm is closed")
    return found.thing


def _new_parent_id(viewer: Viewer, microcosm: Microcosm, parent_id: int | None) -> int | None:
    """Where a body moves a microcosm to, if the viewer may put it there; None where it stays."""
    if parent_id is None or parent_id == microcosm.parent_id or (parent_id == 0 and microcosm.parent_id is None):
        return None
    found = _live_parent(viewer, parent_id)
    if found.thing.id == microcosm.parent_id:
        return None
    check_need(found.permissions, Need.CREATE)
    if not found.thing.is_open and not found.permissions.is_moderator:
        raise Closed("the microcosm to move to is closed")
    return found.thing.id


def _check_may_flag(permissions: Permissions, flags: dict[str, bool]) -> None:
    check_need(permissions, Need.UPDATE)
    if not permissions.is_moderator and (flags.keys() - {"open"} or not permissions.is_owner):
        raise UpdateForbidden("only moderators may set this flag")
