"""Writes of comments. Locks are taken in the order of `items.services`: microcosm, item, comment, profiles."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.db import transaction

from apps.comments.blocks import note_newest, note_visibility
from apps.comments.events import CommentCreated, CommentDeleted, CommentEdited, CommentFlagged
from apps.comments.models import Comment, Mention, Revision
from apps.comments.queries import profiles_by_name, statements
from apps.core import clock
from apps.core.errors import DeleteForbidden, Missing, OutOfRange
from apps.core.events import publish
from apps.core.recounting import Difference, repair
from apps.core.sql import Rows, sent_together
from apps.huddles import services as huddles
from apps.items.models import Item
from apps.items.services import (
    REPETITION_PERIOD,
    await_same_submission,
    await_turn,
    lock_item,
    note_comment,
    note_comment_visibility,
    require_open,
    submission_hash,
)
from apps.links.services import shortener
from apps.permissions.queries import permissions_on
from apps.profiles import services as profiles
from apps.sites.hosts import SiteInfo, site_of_id
from apps.sites.types import ItemType
from apps.text.characters import is_blank
from apps.text.rendering import MAX_MARKDOWN_LENGTH, RENDERER_VERSION, RenderContext, Rendered, render

#: Revisions that are rendered again in one transaction.
RERENDER_BATCH = 200


class BlankMarkdown(OutOfRange):
    """markdown must not be blank."""


class MarkdownTooLong(OutOfRange):
    """markdown is too long."""


# --- Comments -------------------------------------------------------------------------------------


@transaction.atomic
def comment_on_item(
    *,
    site_id: int,
    author_id: int,
    item_id: int,
    markdown: str,
    in_reply_to_id: int | None,
    flags: Mapping[str, bool],
    by_moderator: bool,
) -> int:
    """Say something on an item and return the comment's id; the same again within five minutes returns the first one's.

    `flags` are `is_*` fields and count only from moderators, who may also post where it is closed; in huddles there are
    none. An answer to what is hidden or elsewhere answers nothing. Raises BlankMarkdown, MarkdownTooLong, ItemClosed,
    MicrocosmClosed, and Missing for an item that has just gone or a huddle that the author has just left.
    """
    check_markdown(markdown)
    rendered = render_comment(markdown, site=site_of(site_id))
    draft = _Draft(
        site_id=site_id, author_id=author_id, item_id=item_id, markdown=markdown, in_reply_to_id=in_reply_to_id
    )
    first_id = _await_repeated(draft)
    if first_id is not None:
        return first_id
    with sent_together():
        await_turn(site_id=site_id, item_id=item_id)
        asked = _ask_for_comment(draft)
        item = lock_item(site_id=site_id, item_id=item_id)
    is_private = item.kind == ItemType.HUDDLE
    by_moderator = by_moderator and not is_private
    if not by_moderator:
        _require_there(item, author_id=author_id)
        require_open(item)
        flags = {}
    # Clocks of two machines may differ: a comment is never older than the one before it.
    now = clock.now()
    at = max(now, item.last_comment_at) if item.last_comment_at else now
    with sent_together(ends=True):
        new = _insert(draft, rendered, made=asked.first(), at=at, flags=flags, is_private=is_private)
        if not any(flags.values()):
            note_comment(item, comment_id=new.comment_id, author_id=author_id, at=at)
            note_newest(item, comment_id=new.comment_id, at=at)
            if is_private:
                huddles.note_comment(site_id=site_id, huddle_id=item.id, author_id=author_id, at=at)
            profiles.adjust_counts(site_id=site_id, profile_id=author_id, comments=1)
        publish(new)
    return new.comment_id


@transaction.atomic
def comment_on_profile(*, site_id: int, author_id: int, home_id: int, markdown: str, in_reply_to_id: int | None) -> int:
    """Write on a profile, which shows it as the biography, and return the comment's id; repetitions as on items."""
    check_markdown(markdown)
    rendered = render_comment(markdown, site=site_of(site_id))
    draft = _Draft(
        site_id=site_id, author_id=author_id, home_id=home_id, markdown=markdown, in_reply_to_id=in_reply_to_id
    )
    first_id = _await_repeated(draft)
    if first_id is not None:
        return first_id
    made = _ask_for_comment(draft).first()
    with sent_together(ends=True):
        new = _insert(draft, rendered, made=made, at=clock.now())
        profiles.adjust_counts(site_id=site_id, profile_id=author_id, comments=1)
        publish(new)
    return new.comment_id


@transaction.atomic
def edit_comment(*, site_id: int, actor_id: int, comment_id: int, markdown: str) -> None:
    """Give a comment another text; time, order and counters stay. Raises BlankMarkdown, MarkdownTooLong or Missing."""
    check_markdown(markdown)
    rendered = render_comment(markdown, site=site_of(site_id))
    comment = lock_comment(site_id=site_id, comment_id=comment_id)
    comment.revision_count += 1
    _insert_revision(comment, markdown=markdown, rendered=rendered, actor_id=actor_id)
    comment.save(update_fields=["revision_count"])
    is_private = comment.item_id is not None and Item.objects.filter(id=comment.item_id, kind=ItemType.HUDDLE).exists()
    mentioned_ids = () if is_private else _insert_mentions(comment, rendered=rendered, actor_id=actor_id)
    publish(
        CommentEdited(
            site_id=site_id,
            actor_id=actor_id,
            comment_id=comment.id,
            item_id=comment.item_id,
            home_id=comment.profile_id,
            mentioned_ids=mentioned_ids,
        )
    )


@transaction.atomic
def flag_comment(*, site_id: int, actor_id: int, comment_id: int, flags: Mapping[str, bool]) -> None:
    """Set `is_deleted` or `is_moderated` of a comment; counters follow when that hides or shows it."""
    comment, item = _lock_with_item(site_id=site_id, comment_id=comment_id)
    if all(getattr(comment, field) == value for field, value in flags.items()):
        return
    was_visible = is_visible(comment)
    _set_flags(comment, item=item, flags=flags)
    publish(
        CommentFlagged(
            site_id=site_id,
            actor_id=actor_id,
            comment_id=comment.id,
            item_id=comment.item_id,
            home_id=comment.profile_id,
            was_visible=was_visible,
        )
    )


@transaction.atomic
def delete_comment(*, site_id: int, actor_id: int, comment_id: int) -> None:
    """Hide a comment for good; nothing more happens to one that is deleted already.

    Raises DeleteForbidden where that is not the actor's to do, or not any more; in huddles it is nobody's.
    """
    comment, item = _lock_with_item(site_id=site_id, comment_id=comment_id)
    if comment.is_deleted:
        return
    # The item may have been closed since the comment's author was let through to it.
    if not permissions_on(site_id=site_id, profile_id=actor_id, kind=ItemType.COMMENT, thing_id=comment_id).can_delete:
        raise DeleteForbidden
    was_visible = is_visible(comment)
    _set_flags(comment, item=item, flags={"is_deleted": True})
    publish(
        CommentDeleted(
            site_id=site_id,
            actor_id=actor_id,
            comment_id=comment.id,
            item_id=comment.item_id,
            home_id=comment.profile_id,
            was_visible=was_visible,
        )
    )


def check_markdown(markdown: str) -> None:
    """Refuse a text that shows nothing or is longer than people may post; raises BlankMarkdown or MarkdownTooLong."""
    if len(markdown) > MAX_MARKDOWN_LENGTH:
        raise MarkdownTooLong(f"markdown may have {MAX_MARKDOWN_LENGTH:,} characters")
    if is_blank(markdown):
        raise BlankMarkdown


def is_visible(comment: Comment) -> bool:
    """Whether a comment itself is neither deleted nor moderated."""
    return not (comment.is_deleted or comment.is_moderated)


# --- The parts of a write -------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Draft:
    """What somebody wants to say, and on what: exactly one of `item_id` and `home_id`."""

    site_id: int
    author_id: int
    item_id: int | None = None
    home_id: int | None = None
    markdown: str
    in_reply_to_id: int | None


def _await_repeated(draft: _Draft) -> int | None:
    """Wait for whoever is writing the same, then find the comment that it made, or that was made a short while ago."""
    parent = ("profile", draft.home_id) if draft.item_id is None else ("item", draft.item_id)
    with sent_together():
        fingerprint = submission_hash(*parent, draft.author_id, draft.markdown)
        await_same_submission(fingerprint, site_id=draft.site_id)
        first_id: int | None = statements.repeated_comment.value(
            site_id=draft.site_id,
            author_id=draft.author_id,
            item_id=draft.item_id,
            home_id=draft.home_id,
            since=clock.now() - REPETITION_PERIOD,
            markdown=draft.markdown,
        )
    return first_id


def _require_there(item: Item, *, author_id: int) -> None:
    """The item may have been hidden since the author was let through to it."""
    is_live = item.microcosm is None or item.microcosm.is_live
    if not is_live or item.is_deleted or (item.is_moderated and item.created_by_id != author_id):
        raise Missing


def _ask_for_comment(draft: _Draft) -> Rows:
    """Ask for the id of the new comment and for what it answers."""
    return statements.next_comment.ask(
        site_id=draft.site_id,
        item_id=draft.item_id,
        home_id=draft.home_id,
        in_reply_to_id=draft.in_reply_to_id or None,
    )


def _insert(
    draft: _Draft,
    rendered: Rendered,
    *,
    made: Any,
    at: datetime,
    flags: Mapping[str, bool] = MappingProxyType({}),
    is_private: bool = False,
) -> CommentCreated:
    """Store a new comment with its first revision and whom it mentions, nobody where it is private: the news of it."""
    mentioned_ids = () if is_private else tuple(sorted(set(rendered.mentioned_profile_ids) - {draft.author_id}))
    statements.insert_comment.send(
        id=made.id,
        site_id=draft.site_id,
        author_id=draft.author_id,
        item_id=draft.item_id,
        home_id=draft.home_id,
        in_reply_to_id=made.in_reply_to_id,
        at=at,
        is_deleted=flags.get("is_deleted", False),
        is_moderated=flags.get("is_moderated", False),
        markdown=draft.markdown,
        html=rendered.html,
        renderer_version=RENDERER_VERSION,
        mentioned_ids=list(mentioned_ids),
    )
    return CommentCreated(
        site_id=draft.site_id,
        actor_id=draft.author_id,
        comment_id=made.id,
        item_id=draft.item_id,
        home_id=draft.home_id,
        in_reply_to_id=made.in_reply_to_id,
        mentioned_ids=mentioned_ids,
    )


def _insert_revision(comment: Comment, *, markdown: str, rendered: Rendered, actor_id: int) -> None:
    Revision.objects.create(
        comment=comment,
        number=comment.revision_count,
        markdown=markdown,
        html=rendered.html,
        renderer_version=RENDERER_VERSION,
        created_at=clock.now(),
        created_by_id=actor_id,
    )


def _insert_mentions(comment: Comment, *, rendered: Rendered, actor_id: int) -> tuple[int, ...]:
    """Store who is mentioned for the first time, except those who wrote it; returns them."""
    named = set(rendered.mentioned_profile_ids) - {comment.created_by_id, actor_id}
    if not named:
        return ()
    known = set(comment.mentions.filter(profile_id__in=named).values_list("profile_id", flat=True))
    new = sorted(named - known)
    Mention.objects.bulk_create([Mention(comment=comment, profile_id=profile_id) for profile_id in new])
    return tuple(new)


def lock_comment(*, site_id: int, comment_id: int) -> Comment:
    """A comment, locked alone; raises Missing if it is not there."""
    comment = Comment.objects.select_for_update(no_key=True).filter(site_id=site_id, id=comment_id).first()
    if comment is None:
        raise Missing
    return comment


def _lock_with_item(*, site_id: int, comment_id: int) -> tuple[Comment, Item | None]:
    """A comment and the item it is on, which is locked first; None for one on a profile."""
    parent = Comment.objects.filter(site_id=site_id, id=comment_id).values_list("item_id").first()
    if parent is None:
        raise Missing
    item = lock_item(site_id=site_id, item_id=parent[0]) if parent[0] is not None else None
    return lock_comment(site_id=site_id, comment_id=comment_id), item


def _set_flags(comment: Comment, *, item: Item | None, flags: Mapping[str, bool]) -> None:
    """Set flags of a locked comment; what counts it follows when that hides or shows it."""
    was_visible = is_visible(comment)
    for field, value in flags.items():
        setattr(comment, field, value)
    comment.save(update_fields=list(flags))
    if is_visible(comment) != was_visible:
        if item is not None:
            note_comment_visibility(item, is_shown=not was_visible)
            if item.kind == ItemType.HUDDLE:
                huddles.note_comment_visibility(
                    site_id=comment.site_id, huddle_id=item.id, author_id=comment.created_by_id
                )
            note_visibility(item, comment=comment, is_shown=not was_visible)
        profiles.adjust_counts(
            site_id=comment.site_id, profile_id=comment.created_by_id, comments=-1 if was_visible else 1
        )


# --- Rendering ------------------------------------------------------------------------------------


def render_comment(markdown: str, *, site: SiteInfo) -> Rendered:
    """A text as HTML, with short links where the site wants them (contract A 27.2)."""
    context = render_context(site)
    rendered = render(markdown, context=context)
    if not rendered.links or not site.shorten_links:
        return rendered
    shorten = shortener([(link.url, link.text) for link in rendered.links], site_id=site.id)
    return render(markdown, context=replace(context, shorten=shorten))


def render_context(site: SiteInfo) -> RenderContext:
    """What the renderer needs to know of a site: its addresses and the names of its people."""
    host, port = site.subdomain_host, settings.PLATFORM_PORT
    hosts = {host, f"{host}:{port}" if port else host}
    if site.domain:
        hosts.add(site.domain.lower())
    return RenderContext(site_hosts=frozenset(hosts), profiles=lambda names: profiles_by_name(names, site_id=site.id))


def site_of(site_id: int) -> SiteInfo:
    """The site that something is written on; raises Missing if it is gone."""
    site = site_of_id(site_id)
    if site is None:
        raise Missing
    return site


@transaction.atomic
def rerender_batch() -> int:
    """Render some revisions again that an older renderer made; returns how many. Safe to run at once and again.

    What they mention was told when they were written, so mentions stay.
    """
    outdated = (
        Revision.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .filter(renderer_version__lt=RENDERER_VERSION)
        .select_related("comment")
        .order_by("renderer_version", "id")[:RERENDER_BATCH]
    )
    sites: dict[int, SiteInfo] = {}
    revisions = list(outdated)
    for revision in revisions:
        site_id = revision.comment.site_id
        if site_id not in sites:
            sites[site_id] = site_of(site_id)
        revision.html = render_comment(revision.markdown, site=sites[site_id]).html
        revision.renderer_version = RENDERER_VERSION
    Revision.objects.bulk_update(revisions, ["html", "renderer_version"])
    return len(revisions)


# --- Repair ---------------------------------------------------------------------------------------


def repair_counters(*, site_id: int) -> list[Difference]:
    """Count the attachments of each comment of a site again and correct what differs.

    Locks one row at a time, and none whose numbers are right.
    """
    return repair(
        Comment.objects.filter(site_id=site_id),
        fields=("attachment_count",),
        differing=lambda ids: statements.differing_comments.rows(site_id=site_id, comment_ids=ids),
    )
