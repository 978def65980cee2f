"""The things in an export's files, as the contract's format names them (export-format.md 2)."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from apps.core.attributes import Value
from apps.files.names import MAX_NAME
from apps.text.cleaning import clean_sentence, clean_word
from apps.transfer.importer.fields import Fields, FileError

_MAX_GENDER = 100
_MAX_KEY = 50
_MAX_REASON = 1000
#: The most that a small column holds.
_MAX_SMALL = 2**15 - 1
_PREDICATES = frozenset({"eq", "ne", "neq", "lt", "le", "ge", "gt", "substr", "nsubstr"})


@dataclass(frozen=True, slots=True)
class Flags:
    """What places and items are marked with."""

    is_open: bool
    is_sticky: bool
    is_moderated: bool
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class Edit:
    """An extension: who changed something last, and why."""

    at: datetime
    by_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class BanFile:
    """An extension: why somebody is banned, by whom, since when and until when."""

    created_at: datetime | None
    expires_at: datetime | None
    by_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class ProfileFile:
    """Somebody of the old forum."""

    old_id: int
    name: str
    email: str
    created_at: datetime | None
    last_active_at: datetime | None
    is_banned: bool
    wants_mail: bool
    role_ids: tuple[int, ...]
    #: From here on extensions.
    ban: BanFile | None = None
    gender: str = ""
    is_visible: bool = True
    style_id: int = 0
    shows_birthday: bool = False
    shows_birth_year: bool = False
    wants_sms: bool = False
    is_discouraged: bool = False
    attributes: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grants:
    """What a role allows."""

    can_read: bool = False
    can_read_others: bool = False
    can_create: bool = False
    can_update: bool = False
    can_delete: bool = False
    can_close_own: bool = False
    can_open_own: bool = False

    @property
    def is_empty(self) -> bool:
        """Nothing at all is allowed."""
        return self == Grants()


@dataclass(frozen=True, slots=True)
class CriterionFile:
    """A test that makes people members of a role."""

    or_group: int
    key: str
    predicate: str
    value: str | int | float | bool


@dataclass(frozen=True, slots=True)
class RoleFile:
    """A user group."""

    old_id: int
    name: str
    is_banned: bool
    is_moderator: bool
    is_default: bool
    includes_users: bool
    includes_guests: bool
    grants: Grants
    profile_ids: tuple[int, ...]
    criteria: tuple[CriterionFile, ...]


@dataclass(frozen=True, slots=True)
class ForumFile:
    """A section."""

    old_id: int
    name: str
    text: str
    author_id: int
    parent_id: int
    flags: Flags
    grants: tuple[tuple[int, Grants], ...]
    moderator_ids: tuple[int, ...]
    #: An extension: it stands for the root of the site, which is there already.
    is_root: bool = False
    #: An extension: exactly these roles are its own, with the grants listed for them.
    own_role_ids: tuple[int, ...] = ()
    #: From here on extensions, too.
    created_at: datetime | None = None
    creator_id: int | None = None
    visibility: str = "public"
    logo_url: str = ""
    item_types: tuple[str, ...] | None = None
    edit: Edit | None = None
    attributes: Mapping[str, Value] = field(default_factory=dict)

    @property
    def has_roles(self) -> bool:
        """It differs from the site's defaults in who may do what."""
        return bool(self.grants or self.moderator_ids or self.own_role_ids)


@dataclass(frozen=True, slots=True)
class ConversationFile:
    """A thread."""

    old_id: int
    name: str
    forum_id: int
    author_id: int
    created_at: datetime | None
    view_count: int
    flags: Flags
    edit: Edit | None = None
    attributes: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a text."""

    editor_id: int
    written_at: datetime | None
    headline: str
    text: str


@dataclass(frozen=True, slots=True)
class CommentFile:
    """A post, or the biography of a profile."""

    old_id: int
    on_type: str
    on_id: int
    reply_to_id: int
    author_id: int
    created_at: datetime | None
    is_moderated: bool
    is_deleted: bool
    versions: tuple[Version, ...]
    attributes: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MessageComment:
    """An extension: what is said of the comment of a message where it differs from the message."""

    old_id: int
    author_id: int
    created_at: datetime | None
    is_moderated: bool
    is_deleted: bool
    attributes: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MessageFile:
    """A private message."""

    old_id: int
    name: str
    author_id: int
    created_at: datetime | None
    is_deleted: bool
    recipient_ids: tuple[int, ...]
    versions: tuple[Version, ...]
    #: An extension: exactly who is in it since when, whoever wrote it or got it.
    participants: tuple[tuple[int, datetime | None], ...] = ()
    comment: MessageComment | None = None
    #: An extension: nobody can be added to it. Messages of other products are like that.
    is_confidential: bool = True


@dataclass(frozen=True, slots=True)
class Follow:
    """What somebody follows or ignores: `kind` is a word of `follows.KINDS`; the id of a whole is 0."""

    kind: str
    old_id: int
    sends_mail: bool = False
    sends_sms: bool = False


@dataclass(frozen=True, slots=True)
class PreferenceFile:
    """An extension: how somebody wants to be told of a type of update."""

    type: str
    sends_mail: bool
    sends_sms: bool


@dataclass(frozen=True, slots=True)
class FollowFile:
    """All that one person follows and ignores."""

    old_id: int
    author_id: int
    followed: tuple[Follow, ...]
    ignored: tuple[Follow, ...]
    preferences: tuple[PreferenceFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """Something that a file is attached to: `kind` is a word of the format."""

    kind: str
    old_id: int
    #: An extension: this picture of a profile is the one it shows.
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class AttachmentFile:
    """A file and what it is attached to."""

    old_id: int
    author_id: int
    created_at: datetime | None
    targets: tuple[Target, ...]
    #: As whoever attached it called it.
    name: str
    #: An extension: as whoever uploaded it called it.
    file_name: str
    mime_type: str
    content_url: str


def read_profile(fields: Fields, old_id: int) -> ProfileFile:
    """`profiles/{id}.json`."""
    return ProfileFile(
        old_id=old_id,
        name=fields.text("name"),
        email=fields.text("email").strip(),
        created_at=fields.moment("dateCreated"),
        last_active_at=fields.moment("lastActive"),
        is_banned=fields.flag("isBanned", "banned"),
        wants_mail=fields.flag("receiveEmailNotifications", "emailNotifications"),
        role_ids=tuple(fields.ids("usergroups")),
        ban=_ban(fields.object("ban")),
        gender=clean_sentence(fields.text("gender"))[:_MAX_GENDER],
        is_visible=fields.flag("isVisible") if fields.has("isVisible") else True,
        style_id=fields.whole_up_to(_MAX_SMALL, "styleId"),
        shows_birthday=fields.flag("showsBirthday"),
        shows_birth_year=fields.flag("showsBirthYear"),
        wants_sms=fields.flag("receiveSMS"),
        is_discouraged=fields.flag("isDiscouraged"),
        attributes=read_attributes(fields),
    )


def read_role(fields: Fields, old_id: int) -> RoleFile:
    """`roles/{id}.json`."""
    is_banned, is_moderator = fields.flag("isBanned", "banned"), fields.flag("isModerator", "moderator")
    if is_banned and is_moderator:
        fields.warn("is for moderators and for banned people at once and is taken for the latter")
        is_moderator = False
    return RoleFile(
        old_id=old_id,
        name=fields.text("name"),
        is_banned=is_banned,
        is_moderator=is_moderator,
        is_default=fields.flag("default"),
        includes_users=fields.flag("includeRegisteredUsers"),
        includes_guests=fields.flag("includeGuests"),
        grants=Grants() if is_banned else _grants(fields),
        profile_ids=tuple(fields.ids("users")),
        criteria=tuple(_criterion(criterion) for criterion in fields.objects("criteria")),
    )


def read_forum(fields: Fields, old_id: int) -> ForumFile:
    """`forums/{id}.json`."""
    return ForumFile(
        old_id=old_id,
        name=fields.text("name"),
        text=fields.text("text"),
        author_id=fields.whole("author"),
        parent_id=fields.whole("parentId"),
        flags=_flags(fields),
        grants=tuple((role.whole("id"), _grants(role)) for role in fields.objects("usergroups")),
        moderator_ids=tuple(fields.ids("moderators")),
        is_root=fields.flag("isRoot"),
        own_role_ids=tuple(fields.ids("ownRoles")),
        created_at=fields.moment("dateCreated"),
        creator_id=fields.whole("creator") if fields.has("creator") else None,
        visibility=fields.text("visibility") or "public",
        logo_url=fields.text("logoUrl"),
        item_types=tuple(fields.texts("itemTypes")) if fields.has("itemTypes") else None,
        edit=_edit(fields),
        attributes=read_attributes(fields),
    )


def read_conversation(fields: Fields, old_id: int) -> ConversationFile:
    """`conversations/{id}.json`."""
    return ConversationFile(
        old_id=old_id,
        name=fields.text("name"),
        forum_id=fields.whole("forumId"),
        author_id=fields.whole("author"),
        created_at=fields.moment("dateCreated"),
        view_count=fields.whole("viewCount"),
        flags=_flags(fields),
        edit=_edit(fields),
        attributes=read_attributes(fields),
    )


def read_comment(fields: Fields, old_id: int) -> CommentFile:
    """`comments/{id}.json`."""
    return CommentFile(
        old_id=old_id,
        on_type=fields.text("onType").lower() or "conversation",
        on_id=fields.whole("onId"),
        reply_to_id=fields.whole("inReplyTo"),
        author_id=fields.whole("author"),
        created_at=fields.moment("dateCreated"),
        is_moderated=fields.flag("isModerated", "moderated"),
        is_deleted=fields.flag("isDeleted", "deleted"),
        versions=_versions(fields),
        attributes=read_attributes(fields),
    )


def read_message(fields: Fields, old_id: int) -> MessageFile:
    """`messages/{id}.json`."""
    if fields.ids("bcc"):
        fields.warn("hidden recipients become visible participants")
    recipients: dict[int, None] = {}
    for recipient in [*fields.objects("to"), *fields.objects("bcc"), *fields.objects("users")]:
        if not recipient.flag("isDeleted", "deleted"):
            recipients[recipient.whole("id")] = None
    return MessageFile(
        old_id=old_id,
        name=fields.text("name"),
        author_id=fields.whole("author"),
        created_at=fields.moment("dateCreated"),
        is_deleted=fields.flag("isDeleted", "deleted"),
        recipient_ids=tuple(recipients),
        versions=_versions(fields),
        participants=read_participants(fields),
        comment=_message_comment(fields.object("comment")),
        is_confidential=_is_confidential(fields),
    )


def _message_comment(fields: Fields | None) -> MessageComment | None:
    if fields is None:
        return None
    return MessageComment(
        old_id=fields.whole("id"),
        author_id=fields.whole("author"),
        created_at=fields.moment("dateCreated"),
        is_moderated=fields.flag("isModerated"),
        is_deleted=fields.flag("isDeleted"),
        attributes=read_attributes(fields),
    )


def read_participants(fields: Fields) -> tuple[tuple[int, datetime | None], ...]:
    """Who is in a huddle since when, each once."""
    people = {each.whole("id"): each.moment("dateJoined") for each in fields.objects("participants")}
    return tuple(people.items())


def _is_confidential(fields: Fields) -> bool:
    return fields.flag("isConfidential") if fields.has("isConfidential") else True


def read_follows(fields: Fields, old_id: int) -> FollowFile:
    """`follows/{authorId}.json`."""
    kinds = {
        "users": "profile",
        "forums": "forum",
        "conversations": "conversation",
        "events": "event",
        "polls": "poll",
        "huddles": "huddle",
    }
    followed = [
        Follow(kind, follow.whole("id"), sends_mail=follow.flag("notify"), sends_sms=follow.flag("sms"))
        for name, kind in kinds.items()
        for follow in fields.objects(name)
    ]
    for word in ("everybody", "site"):
        whole = fields.object(word)
        if whole is not None:
            followed.append(Follow(word, 0, sends_mail=whole.flag("notify"), sends_sms=whole.flag("sms")))
    words = {"user": "profile", "profile": "profile", "forum": "forum", "conversation": "conversation"}
    for follow in fields.objects("follows"):
        kind = words.get(follow.text("type").lower())
        if kind is None:
            raise FileError(f"follows something of the unknown type {follow.text('type')[:40]!r}")
        followed.append(Follow(kind, follow.whole("id"), sends_mail=follow.flag("notify")))
    ignored = [Follow(kind, ignored_id) for name, kind in kinds.items() for ignored_id in fields.ids(f"{name}Ignored")]
    author_id = fields.whole("author") or old_id
    preferences = [
        PreferenceFile(each.text("type"), each.flag("notify"), each.flag("sms"))
        for each in fields.objects("preferences")
    ]
    return FollowFile(
        old_id=old_id,
        author_id=author_id,
        followed=tuple(followed),
        ignored=tuple(ignored),
        preferences=tuple(preferences),
    )


def read_attachment(fields: Fields, old_id: int) -> AttachmentFile:
    """`attachments/{id}.json`; older samples have the one thing it is on at the top."""
    associations = fields.objects("associations") or ([fields] if fields.has("onType") else [])
    name = _file_name(fields, "name")
    return AttachmentFile(
        old_id=old_id,
        author_id=fields.whole("author"),
        created_at=fields.moment("dateCreated"),
        targets=tuple(
            Target(each.text("onType").lower(), each.whole("onId"), is_current=each.flag("isCurrent"))
            for each in associations
        ),
        name=name,
        file_name=_file_name(fields, "fileName") or name,
        mime_type=fields.text("mimetype"),
        content_url=fields.text("contentUrl"),
    )


def read_avatar(fields: Fields, old_id: int) -> AttachmentFile:
    """The `avatar` of `profiles/{id}.json`; one without a contentUrl is none."""
    return read_attachment(fields.object("avatar") or Fields({}, warnings=[]), old_id)


def _file_name(fields: Fields, key: str) -> str:
    """The end of a name, where the extension is, as far as a name may go."""
    return fields.text(key)[-MAX_NAME:]


#: How the files of each folder are read.
READERS: dict[str, Callable[[Fields, int], object]] = {
    "profiles": read_profile,
    "roles": read_role,
    "forums": read_forum,
    "conversations": read_conversation,
    "comments": read_comment,
    "item-comments": read_comment,
    "messages": read_message,
    "follows": read_follows,
    "attachments": read_attachment,
    "uploads": read_attachment,
    "avatars": read_avatar,
}


def _flags(fields: Fields) -> Flags:
    return Flags(
        is_open=fields.flag("isOpen", "open"),
        is_sticky=fields.flag("isSticky", "sticky"),
        is_moderated=fields.flag("isModerated", "moderated"),
        is_deleted=fields.flag("isDeleted", "deleted"),
    )


def read_attributes(fields: Fields) -> dict[str, Value]:
    """The extension `attributes`: keys and values as the API takes them (contract A 26)."""
    attributes: dict[str, Value] = {}
    for each in fields.objects("attributes"):
        key = clean_word(each.text("key"))
        if not 0 < len(key) <= _MAX_KEY:
            raise FileError(f"an attribute has no key of 1 to {_MAX_KEY} characters")
        attributes[key] = _attribute_value(each.scalar("value"))
    return attributes


def _attribute_value(value: str | int | float | bool) -> Value:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        text = clean_sentence(value).strip()
        return _date(text) or text
    try:
        number = float(value)
    except OverflowError as error:
        raise FileError("the value of an attribute is too large") from error
    if not math.isfinite(number):
        raise FileError("the value of an attribute is no number")
    return number


def _date(text: str) -> date | None:
    """A day in the one form that is a date to the API, else None."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None


def _edit(fields: Fields) -> Edit | None:
    edited = fields.object("edited")
    at = edited.moment("at") if edited else None
    if edited is None or at is None:
        return None
    return Edit(at=at, by_id=edited.whole("by"), reason=clean_sentence(edited.text("reason"))[:_MAX_REASON])


def _ban(fields: Fields | None) -> BanFile | None:
    if fields is None:
        return None
    return BanFile(
        created_at=fields.moment("dateCreated"),
        expires_at=fields.moment("until"),
        by_id=fields.whole("by"),
        reason=clean_sentence(fields.text("reason"))[:_MAX_REASON],
    )


def _grants(fields: Fields) -> Grants:
    """`forumPermissions`, or the same keys on the object itself."""
    source = fields.object("forumPermissions") or fields
    return Grants(
        can_read=source.flag("canReadOwn") if source.has("canReadOwn") else source.flag("canView"),
        can_read_others=source.flag("canReadOthers") if source.has("canReadOthers") else source.flag("canView"),
        can_create=source.flag("canPostNew"),
        can_update=source.flag("canEditOthers"),
        can_delete=source.flag("canDeleteOthers"),
        can_close_own=source.flag("canCloseOwn"),
        can_open_own=source.flag("canOpenOwn"),
    )


def _criterion(fields: Fields) -> CriterionFile:
    predicate, key = fields.text("predicate"), fields.text("key")
    if predicate not in _PREDICATES:
        raise FileError(f"a criterion has the unknown predicate {predicate[:20]!r}")
    if not 0 < len(key) <= 50:
        raise FileError("a criterion has no key of 1 to 50 characters")
    value = fields.scalar("value")
    if len(str(value)) > 250:
        raise FileError("the value of a criterion is longer than 250 characters")
    return CriterionFile(or_group=_small(fields.whole("orGroup")), key=key, predicate=predicate, value=value)


def _small(number: int) -> int:
    if number >= 2**31:
        raise FileError("orGroup is too large")
    return number


def _versions(fields: Fields) -> tuple[Version, ...]:
    """All versions with a text, oldest first; those of the same time in the order of the file."""
    versions = [
        Version(
            editor_id=version.whole("editor"),
            written_at=version.moment("dateModified"),
            headline=version.text("headline"),
            text=version.text("text"),
        )
        for version in [*fields.objects("history"), *fields.objects("versions")]
    ]
    if not versions:
        raise FileError("has no versions")
    kept = [version for version in versions if version.text.strip()]
    if kept and len(kept) < len(versions):
        fields.warn("versions without a text are left out")
    # A version without a time is older than any that has one.
    kept.sort(key=lambda version: version.written_at.timestamp() if version.written_at else float("-inf"))
    return tuple(kept)
