"""Rows as the documents of the format (export-format.md 2): plain titles, markdown, every flag in words."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from apps.items.models import Attendee, Event
from apps.sites.types import ItemType
from apps.text.cleaning import unescape
from apps.updates.types import UpdateType

#: Whose addresses lead to what is exported: no other product's, although ids look alike.
PRODUCT = "microcosm"
#: The folder of the bytes of files.
CONTENTS = "files"
#: The author who stands for people who are gone.
UNKNOWN = 0
_GRANTS = {
    "canView": "can_view",
    "canPostNew": "can_create",
    "canEditOthers": "can_update",
    "canDeleteOthers": "can_delete",
    "canCloseOwn": "can_close_own",
    "canOpenOwn": "can_open_own",
}
_FOLLOWED = {
    ItemType.PROFILE: "users",
    ItemType.MICROCOSM: "forums",
    ItemType.CONVERSATION: "conversations",
    ItemType.EVENT: "events",
    ItemType.POLL: "polls",
    ItemType.HUDDLE: "huddles",
}
#: What everybody's importer can follow, so that the lists are there even if they are empty.
_FORMAT_HAS = frozenset({ItemType.PROFILE, ItemType.MICROCOSM, ItemType.CONVERSATION})
_ON_TYPES = {
    ItemType.CONVERSATION: "conversation",
    ItemType.HUDDLE: "message",
    ItemType.EVENT: "event",
    ItemType.POLL: "poll",
}


@dataclass(frozen=True)
class Documents:
    """Makes the documents of one site."""

    placeholder_id: int | None
    has_emails: bool

    def profile(self, row: Any) -> dict[str, Any]:
        """`profiles/{id}.json`; who is in which role is in the files of roles."""
        document = {
            "id": row.id,
            "name": unescape(row.name),
            "email": row.email if self.has_emails else "",
            "dateCreated": _moment(row.created_at),
            "lastActive": _moment(row.last_active_at),
            "receiveEmailNotifications": row.sends_email,
            "isBanned": row.is_banned,
            "usergroups": [],
        }
        document |= _chosen(
            gender=unescape(row.gender),
            styleId=row.style_id,
            showsBirthday=row.shows_birthday,
            showsBirthYear=row.shows_birth_year,
            receiveSMS=row.sends_sms,
            isDiscouraged=row.is_discouraged,
            attributes=_attributes(row),
        )
        if not row.is_visible:
            document["isVisible"] = False
        if row.is_banned:
            document["ban"] = _chosen(
                reason=unescape(row.ban_reason),
                dateCreated=_moment(row.banned_at),
                by=row.banned_by_id and self._author(row.banned_by_id),
                until=row.ban_expires_at and _moment(row.ban_expires_at),
            )
        if row.avatar_hash is not None:
            document["avatar"] = {
                "author": self._author(row.avatar_created_by_id or row.id),
                "dateCreated": _moment(row.avatar_created_at or row.created_at),
                "associations": [{"onType": "profile", "onId": row.id}],
                "name": row.avatar_name or row.avatar_file_name,
                "contentSize": row.avatar_size,
                "contentUrl": content_path(row.avatar_hash),
                "mimetype": row.avatar_mime_type,
                "width": row.avatar_width,
                "height": row.avatar_height,
            }
        return document

    def role(self, row: Any) -> dict[str, Any]:
        """`roles/{id}.json`."""
        return {
            "id": row.id,
            "name": unescape(row.title),
            "isModerator": row.is_moderator,
            "isBanned": row.is_banned,
            "default": row.is_default,
            "includeRegisteredUsers": row.include_users,
            "includeGuests": row.include_guests,
            "forumPermissions": {
                **{name: getattr(row, column) for name, column in _GRANTS.items()},
                **_reading(row.can_read, row.can_read_others),
            },
            "users": _ids(row.profile_ids),
            "criteria": row.criteria,
        }

    def forum(self, row: Any) -> dict[str, Any]:
        """`forums/{id}.json` with the extensions `parentId`, `isRoot` and `ownRoles`.

        Importers that do not know `ownRoles` copy every role into a section with roles of its own, unless it is listed
        there without a grant; so all others are.
        """
        document = {
            "id": row.id,
            "name": unescape(row.title),
            "author": self._author(row.owner_id),
            "text": unescape(row.description),
            "displayOrder": row.sequence,
            **_flags(row),
            "usergroups": [],
            "moderators": [],
            "dateCreated": _moment(row.created_at),
            "creator": self._author(row.created_by_id),
            "visibility": row.visibility,
            "itemTypes": row.item_types,
            **self._edited(row),
            **_chosen(logoUrl=row.logo_url, attributes=_attributes(row)),
        }
        if row.own_roles is not None:
            own = [
                {
                    "id": role["id"],
                    "forumPermissions": {
                        **{name: role[name] for name in _GRANTS},
                        **_reading(role["canReadOwn"], role["canReadOthers"]),
                    },
                }
                for role in row.own_roles
            ]
            document["usergroups"] = own + [{"id": id_, "forumPermissions": {}} for id_ in row.other_role_ids]
            document["ownRoles"] = _ids([role["id"] for role in row.own_roles])
        if row.parent_id is not None:
            document["parentId"] = row.parent_id
        if row.is_root:
            document["isRoot"] = True
        return document

    def conversation(self, row: Any) -> dict[str, Any]:
        """`conversations/{id}.json`."""
        return {
            "id": row.id,
            "name": unescape(row.title),
            "forumId": row.microcosm_id,
            "author": self._author(row.created_by_id),
            "dateCreated": _moment(row.created_at),
            "viewCount": row.view_count,
            **_flags(row),
            **self._edited(row),
            **_chosen(attributes=_attributes(row)),
        }

    def event(self, row: Any) -> dict[str, Any]:
        """`events/{id}.json`; `when` is the reading of a clock at the place, as if that were UTC."""
        return {
            **self.conversation(row),
            "when": row.when_at and _moment(row.when_at),
            "zone": row.zone,
            "duration": row.duration,
            "place": unescape(row.place),
            **{name: getattr(row, name) for name in Event.NUMBERS},
            "status": row.status,
            "rsvpLimit": row.rsvp_limit,
            "attendees": [
                {
                    **attendee,
                    "rsvp": Attendee.Rsvp(attendee["rsvp"]).label,
                    "by": self._author(attendee["by"]),
                    "queue": attendee["queue"] or 0,
                }
                for attendee in row.attendees or ()
            ],
        }

    def poll(self, row: Any) -> dict[str, Any]:
        """`polls/{id}.json`, with who voted for what."""
        return {
            **self.conversation(row),
            "question": unescape(row.question),
            "multi": row.is_multi,
            "isVotingOpen": row.is_voting_open,
            "closes": row.closes_at and _moment(row.closes_at),
            "results": row.results,
            "choices": [{**choice, "text": unescape(choice["text"])} for choice in row.choices or ()],
        }

    def huddle(self, row: Any) -> dict[str, Any]:
        """`huddles/{id}.json`: one that nothing is said in."""
        return {
            "id": row.id,
            "name": unescape(row.title),
            "author": self._author(row.created_by_id),
            "dateCreated": _moment(row.created_at),
            "isConfidential": row.is_confidential,
            "participants": row.participants,
        }

    def site(self, row: Any, root: Any) -> dict[str, Any]:
        """`site.json`; its domain is there to be read, importers do not take it over."""
        return {
            "title": unescape(row.title),
            "description": unescape(row.description),
            "domain": row.domain,
            "logoUrl": row.logo_url,
            "faviconUrl": row.favicon_url,
            "backgroundUrl": row.background_url,
            "backgroundPosition": row.background_position,
            "backgroundColor": row.background_color,
            "linkColor": row.link_color,
            "analyticsId": row.analytics_id,
            "contactEmail": row.contact_email if self.has_emails else "",
            "product": PRODUCT,
            "onlyAdminsCreate": row.only_admins_create,
            "sendEmail": row.send_email,
            "sendSMS": row.send_sms,
            "shortenLinks": row.shorten_links,
            "menu": [
                {"href": link["href"], "text": unescape(link["text"]), "title": unescape(link["title"])}
                for link in row.menu or ()
            ],
            "attributes": _attributes(row),
            "root": {
                "title": unescape(root.title),
                "description": unescape(root.description),
                "logoUrl": root.logo_url,
                "visibility": root.visibility,
                "itemTypes": root.item_types,
                "isOpen": root.is_open,
                "isSticky": root.is_sticky,
                "attributes": _attributes(root),
            },
        }

    def former_ids(self, row: Any) -> dict[str, Any]:
        """`former-ids/{n}.json`: what things are called in old addresses, and the ids of their files here."""
        return {"id": row.id, "product": row.product, "onType": ItemType(row.kind).word, "ids": row.ids}

    def message(self, row: Any) -> dict[str, Any]:
        """`messages/{id}.json`: a huddle with its first comment.

        The extensions `participants` (the author may have left) and `comment` say what the format has no place for.
        """
        title = unescape(row.title)
        return {
            "id": row.id,
            "name": title,
            "author": self._author(row.created_by_id),
            "isDeleted": row.is_deleted,
            "to": _ids([each["id"] for each in row.participants if each["id"] != row.created_by_id]),
            "bcc": [],
            "dateCreated": _moment(row.created_at),
            "versions": [self._version(row, headline=title)],
            **self._history(row),
            "isConfidential": row.is_confidential,
            "participants": row.participants,
            "comment": {
                **_chosen(attributes=_attributes(row)),
                "id": row.comment_id,
                "author": self._author(row.comment_author_id),
                "dateCreated": _moment(row.commented_at),
                "isModerated": row.is_moderated,
                "isDeleted": row.is_deleted,
            },
        }

    def comment(self, row: Any) -> dict[str, Any]:
        """`comments/{id}.json` with its current version."""
        if row.item_id is None:
            on_type, on_id = "user", row.profile_id
        else:
            on_type, on_id = _ON_TYPES[row.kind], row.item_id
        document = {
            "id": row.id,
            "onType": on_type,
            "onId": on_id,
            "author": self._author(row.created_by_id),
            "dateCreated": _moment(row.created_at),
            "isModerated": row.is_moderated,
            "isDeleted": row.is_deleted,
            "versions": [self._version(row, headline="")],
            **self._history(row),
            **_chosen(attributes=_attributes(row)),
        }
        if row.in_reply_to_id is not None:
            document["inReplyTo"] = row.in_reply_to_id
        return document

    def attachment(self, row: Any) -> dict[str, Any]:
        """`attachments/{id}.json`: a file on one thing, with the extensions `fileName` and `isCurrent`."""
        association = {"onType": row.on_type, "onId": row.on_id}
        if row.is_current:
            association["isCurrent"] = True
        return {**self.upload(row), "associations": [association]}

    def upload(self, row: Any) -> dict[str, Any]:
        """`uploads/{id}.json`: a file that is attached to nothing."""
        document = {
            "id": row.id,
            "author": self._author(row.created_by_id),
            "dateCreated": _moment(row.created_at),
            "associations": [],
            "name": row.name,
            "contentSize": row.size,
            "contentUrl": content_path(row.hash),
            "mimetype": row.mime_type,
        }
        if row.file_name != row.name:
            document["fileName"] = row.file_name
        if row.width and row.height:
            document |= {"width": row.width, "height": row.height}
        return document

    def follows(self, row: Any) -> dict[str, Any]:
        """`follows/{authorId}.json`, with the extensions `events`, `polls`, `huddles`, `everybody`, `site`, `sms`."""
        document: dict[str, Any] = {"author": row.id}
        followed = [target for target in row.followed or () if target["id"] is not None]
        for kind, name in _FOLLOWED.items():
            found = [_followed(target) for target in followed if target["kind"] == kind]
            if found or kind in _FORMAT_HAS:
                document[name] = found
        for kind, name in _FOLLOWED.items():
            ignored = [target["id"] for target in row.ignored or () if target["kind"] == kind]
            if ignored or kind in _FORMAT_HAS:
                document[f"{name}Ignored"] = ignored
        for target in row.followed or ():
            if target["id"] is None:
                document["site" if target["kind"] == ItemType.SITE else "everybody"] = _followed(target)
        if row.preferences:
            document["preferences"] = [
                {**preference, "type": UpdateType(preference["type"]).word} for preference in row.preferences
            ]
        return document

    def _edited(self, row: Any) -> dict[str, Any]:
        """Who changed something last."""
        if row.edited_at is None:
            return {}
        edited = {"at": _moment(row.edited_at), "reason": unescape(row.edit_reason)}
        return {"edited": {**edited, "by": self._author(row.edited_by_id or UNKNOWN)}}

    def _history(self, row: Any) -> dict[str, Any]:
        """The versions before the current one, oldest first, if there are any."""
        history = [{**version, "editor": self._author(version["editor"])} for version in row.history or ()]
        return {"history": history} if history else {}

    def _author(self, profile_id: int) -> int:
        return UNKNOWN if profile_id == self.placeholder_id else profile_id

    def _version(self, row: Any, *, headline: str) -> dict[str, Any]:
        return {
            "editor": self._author(row.editor_id),
            "dateModified": _moment(row.written_at),
            "headline": headline,
            "text": row.markdown,
        }


def content_path(hash: str) -> str:
    """Where the bytes of a file are in an export, each once."""
    return f"{CONTENTS}/{hash[:2]}/{hash}"


def _flags(row: Any) -> dict[str, bool]:
    return {
        "isOpen": row.is_open,
        "isSticky": row.is_sticky,
        "isModerated": row.is_moderated,
        "isDeleted": row.is_deleted,
    }


def _reading(can_read: bool, can_read_others: bool) -> dict[str, bool]:
    """The extension for a role that may read only half of what `canView` means."""
    return {} if can_read == can_read_others else {"canReadOwn": can_read, "canReadOthers": can_read_others}


def _followed(target: dict[str, Any]) -> dict[str, Any]:
    follow = {"notify": target["notify"]} if target["id"] is None else {"id": target["id"], "notify": target["notify"]}
    return {**follow, "sms": True} if target["sms"] else follow


def _attributes(row: Any) -> list[dict[str, Any]]:
    """Keys and values, plain."""
    return [
        {
            "key": unescape(each["key"]),
            "value": unescape(each["value"]) if isinstance(each["value"], str) else each["value"],
        }
        for each in row.attributes or ()
    ]


def _chosen(**values: Any) -> dict[str, Any]:
    """Those of some extensions that say something."""
    return {name: value for name, value in values.items() if value}


def _ids(ids: list[int]) -> list[dict[str, int]]:
    return [{"id": id_} for id_ in ids]


def _moment(moment: datetime) -> datetime:
    """In UTC, which is written as `Z`."""
    return moment.astimezone(UTC)
