"""What is in the database, to be compared."""

import re
from typing import Any

from django.apps import apps
from django.db import connection

from apps.comments.models import Attachment, Comment, CommentAttribute
from apps.files.models import File
from apps.huddles.models import AllHuddlesReadMark, Participant
from apps.items.models import Attendee, Event, Item, ItemAttribute, Poll, PollChoice, PollVote
from apps.microcosms.models import Microcosm, MicrocosmAttribute
from apps.permissions.models import Ban, Role
from apps.profiles.models import Attachment as Picture
from apps.profiles.models import Profile, ProfileAttribute
from apps.sites.models import MenuLink, Site, SiteAttribute
from apps.transfer.models import ImportedItem, Origin, PendingReply
from apps.updates.models import Ignore, Preference, Watcher

_PROFILE_LINK = re.compile(r'(?<="/profiles/)(\d+)')


def database() -> dict[str, str]:
    """Every row of every table of ours, and every sequence."""
    prints = {}
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            cursor.execute(f"SELECT md5(coalesce(string_agg(t::text, ' ' ORDER BY t::text), '')) FROM {table} AS t")
            prints[table] = cursor.fetchone()[0]
        cursor.execute("SELECT schemaname || '.' || sequencename, last_value::text FROM pg_sequences")
        prints |= dict(cursor.fetchall())
    return prints


def site(key: str) -> dict[str, Any]:
    """Everything an import writes to a site, by what it says instead of its id, and without the time of the import."""
    site_id = Site.objects.get(key=key).id
    names = dict(Profile.objects.values_list("id", "name"))
    return {
        "profiles": _profiles(site_id, key),
        "microcosms": _microcosms(site_id),
        "roles": _roles(site_id),
        "bans": sorted(
            Ban.objects.filter(site_id=site_id).values_list("user__email", "reason", "created_by__name", "expires_at")
        ),
        "site": _site(site_id, key),
        "events": _events(site_id),
        "polls": _polls(site_id),
        "attributes": _attributes(site_id),
        "preferences": sorted(
            Preference.objects.filter(profile__site_id=site_id).values_list(
                "profile__name", "type", "send_email", "send_sms"
            )
        ),
        "items": _items(site_id),
        "comments": sorted(_comment(comment, names) for comment in _comments(site_id)),
        "participants": sorted(
            Participant.objects.filter(huddle__item__site_id=site_id).values_list(
                "huddle__item__title", "profile__name", "joined_at", "huddle__is_confidential"
            )
        ),
        "read": AllHuddlesReadMark.objects.filter(profile__site_id=site_id).count(),
        "attachments": _attachments(site_id),
        "avatars": _avatars(site_id),
        "files": sorted(
            File.objects.filter(site_id=site_id).values_list(
                "hash", "name", "mime_type", "extension", "size", "width", "height", "attach_count"
            ),
            key=str,
        ),
        "follows": _follows(Watcher, site_id, "send_email", "send_sms") + _follows(Ignore, site_id, "kind"),
        "origin": list(
            Origin.objects.filter(site_id=site_id).values_list("product", "has_founded_site", "is_finished")
        ),
        "map": sorted(ImportedItem.objects.filter(origin__site_id=site_id).values_list("kind", "old_id")),
        "pending": sorted(PendingReply.objects.filter(origin__site_id=site_id).values_list("old_id", flat=True)),
    }


def _profiles(site_id: int, key: str) -> list[Any]:
    rows = Profile.objects.filter(site_id=site_id).values_list(
        "name", "user__email", "user__is_active", "item_count", "comment_count", "unread_huddle_count", "created_at",
        "last_active_at", "options__send_email", "user__canonical_email", "gender", "is_visible", "style_id",
        "options__show_dob", "options__show_dob_year", "options__send_sms", "options__is_discouraged",
    )  # fmt: skip
    # The placeholder came with the site, at the time of the import.
    return sorted(tuple(str(v).replace(key, "<key>") for v in row) for row in rows if row[0] != "deleted")


def _microcosms(site_id: int) -> list[Any]:
    rows = Microcosm.objects.filter(site_id=site_id)
    titles = {row.id: row.title for row in rows}
    return sorted(
        (
            [titles[id] for id in row.path], row.title, row.owner.name, row.is_open, row.is_sticky, row.is_moderated,
            row.is_deleted, row.is_live, row.sequence, row.conversation_count, row.comment_count,
            str(row.last_activity_at), row.item_types, row.description, row.visibility,
            row.logo_url, row.edit_reason, str(row.edited_at), row.event_count, row.poll_count,
        )
        for row in rows.select_related("owner")
    )  # fmt: skip


def _roles(site_id: int) -> list[Any]:
    found = []
    for role in Role.objects.filter(site_id=site_id).select_related("microcosm"):
        flags = [
            getattr(role, field.name) for field in Role._meta.fields if field.get_internal_type() == "BooleanField"
        ]
        members = sorted(role.profiles.values_list("name", flat=True))
        criteria = sorted(str(row) for row in role.criteria.values_list("profile_column", "predicate", "value"))
        found.append((role.microcosm.title, role.title, flags, members, criteria))
    return sorted(found)


def _items(site_id: int) -> list[Any]:
    return sorted(
        tuple(map(str, row))
        for row in Item.objects.filter(site_id=site_id).values_list(
            "kind", "title", "microcosm__title", "created_by__name", "created_at", "is_open", "is_sticky", "is_deleted",
            "is_moderated", "comment_count", "view_count", "last_comment_at", "last_comment_by__name",
            "last_activity_at", "edited_at", "edited_by__name", "edit_reason",
        )
    )  # fmt: skip


def _site(site_id: int, key: str) -> dict[str, Any]:
    left_out = {"id", "key", "title", "description", "domain", "created_at"}
    found = Site.objects.filter(id=site_id).values()[0]
    columns = {name: str(value).replace(key, "<key>") for name, value in found.items() if name not in left_out}
    menu = list(MenuLink.objects.filter(site_id=site_id).order_by("position").values_list("href", "text", "title"))
    return {**columns, "menu": menu}


def _events(site_id: int) -> list[Any]:
    rows = Event.objects.filter(item__site_id=site_id)
    attendees = Attendee.objects.filter(event__item__site_id=site_id).order_by("event__item__title", "id")
    return [
        sorted(
            rows.values_list(
                "item__title", "when_at", "starts_at", "zone", "duration", "place", "lat", "lon", "north", "east",
                "south", "west", "status", "rsvp_limit",
            )
        ),
        list(
            attendees.values_list(
                "event__item__title", "profile__name", "rsvp", "rsvp_at", "queue_number", "created_at",
                "created_by__name",
            )
        ),
    ]  # fmt: skip


def _polls(site_id: int) -> list[Any]:
    return [
        sorted(
            Poll.objects.filter(item__site_id=site_id).values_list(
                "item__title", "question", "is_multi", "is_open", "closes_at", "results"
            )
        ),
        sorted(
            PollChoice.objects.filter(poll__item__site_id=site_id).values_list("poll__item__title", "position", "text")
        ),
        sorted(
            PollVote.objects.filter(poll__item__site_id=site_id).values_list(
                "poll__item__title", "choice__text", "profile__name", "created_at"
            )
        ),
    ]


def _attributes(site_id: int) -> list[Any]:
    columns = ("key", "text_value", "number_value", "bool_value", "date_value")
    parents = (
        (ProfileAttribute, "profile__name", "profile__site_id"), (ItemAttribute, "item__title", "item__site_id"),
        (MicrocosmAttribute, "microcosm__title", "microcosm__site_id"),
        (CommentAttribute, "comment__created_at", "comment__site_id"), (SiteAttribute, "site__is_deleted", "site_id"),
    )  # fmt: skip
    return [
        sorted(map(str, model.objects.filter(**{where: site_id}).values_list(name, *columns)))
        for model, name, where in parents
    ]


def _attachments(site_id: int) -> list[Any]:
    """What is on each comment, in its order."""
    rows = Attachment.objects.filter(comment__site_id=site_id).order_by("id")
    found: dict[str, list[Any]] = {}
    for row in rows.select_related("comment__item", "file", "created_by"):
        where = f"{row.comment.item} {row.comment.created_at} {row.comment.attachment_count}"
        said = (row.file.hash, row.name, row.extension, str(row.created_at), row.created_by.name)
        found.setdefault(where, []).append(said)
    return sorted(found.items())


def _avatars(site_id: int) -> list[Any]:
    """The pictures of everybody in their order, and the one that is shown."""
    rows = Picture.objects.filter(profile__site_id=site_id).order_by("profile__name", "id")
    return [
        (row.profile.name, row.profile.avatar_url, row.file.hash, row.name, row.extension, str(row.created_at),
         row.created_by.name)
        for row in rows.select_related("profile", "file", "created_by")
    ]  # fmt: skip


def _comments(site_id: int) -> Any:
    return (
        Comment.objects.filter(site_id=site_id)
        .select_related("item", "profile", "created_by", "in_reply_to")
        .prefetch_related("revisions__created_by", "mentions__profile", "in_reply_to__revisions")
    )


def _comment(comment: Comment, names: dict[int, str]) -> tuple[str, ...]:
    def html(text: str) -> str:
        return _PROFILE_LINK.sub(lambda match: names[int(match[1])], text)

    revisions = sorted(
        (r.number, r.markdown, html(r.html), r.renderer_version, str(r.created_at), r.created_by.name)
        for r in comment.revisions.all()
    )
    answered = sorted(r.markdown for r in comment.in_reply_to.revisions.all()) if comment.in_reply_to else None
    return tuple(
        map(
            str,
            (
                comment.item and (comment.item.title, comment.item.created_at),
                comment.profile and comment.profile.name,
                comment.created_by.name,
                comment.created_at,
                comment.is_deleted,
                comment.is_moderated,
                revisions,
                answered,
                sorted(mention.profile.name for mention in comment.mentions.all()),
            ),
        )
    )


def _follows(model: Any, site_id: int, *extra: str) -> list[Any]:
    rows = model.objects.filter(profile__site_id=site_id).values_list(
        "profile__name", "kind", "item__title", "microcosm__title", "target_profile__name", *extra
    )
    return sorted((model.__name__, *map(str, row)) for row in rows)
