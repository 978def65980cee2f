"""Profiles in the contract's JSON (A 7.6)."""

from typing import Any

from apps.profiles.models import ProfileOptions
from apps.sites.types import ItemType, href

#: What stands for nobody (A 22.5).
EMPTY_SUMMARY: dict[str, Any] = {
    "id": 0,
    "userId": 0,
    "profileName": "",
    "visible": False,
    "avatar": "",
    "meta": {"flags": {}},
}


def profile_summary(
    *, id: int, site_id: int, user_id: int, name: str, is_visible: bool, avatar_url: str
) -> dict[str, Any]:
    """The summary that stands wherever a person is named."""
    return {
        "id": id,
        "siteId": site_id,
        "userId": user_id,
        "profileName": name,
        "visible": is_visible,
        "avatar": avatar_url,
        "meta": {
            "flags": {},
            "links": [
                {"rel": "self", "href": href(ItemType.PROFILE, id)},
                {"rel": "site", "href": href(ItemType.SITE, site_id)},
            ],
        },
    }


def profile_summary_of(row: Any, prefix: str, *, site_id: int) -> dict[str, Any]:
    """The summary from the columns `<prefix>_id`, `_user_id`, `_name`, `_is_visible` and `_avatar_url` of a row."""
    return profile_summary(
        id=getattr(row, f"{prefix}_id"),
        site_id=site_id,
        user_id=getattr(row, f"{prefix}_user_id"),
        name=getattr(row, f"{prefix}_name"),
        is_visible=getattr(row, f"{prefix}_is_visible"),
        avatar_url=getattr(row, f"{prefix}_avatar_url"),
    )


def watch_flags(row: Any) -> dict[str, bool]:
    """The flags of whoever watches something (A 7.4), from `is_watched`, `send_email` and `send_sms` of a row."""
    if not row.is_watched:
        return {}
    return {"watched": True, "sendEmail": row.send_email, "sendSMS": row.send_sms}


def profile_detail(
    row: Any,
    *,
    site_id: int,
    biography: dict[str, Any] | None,
    permissions: dict[str, bool],
    is_own: bool,
    is_confidant: bool,
) -> dict[str, Any]:
    """A profile's own page (A 23.2) from a row of `profile_page`.

    Its holder sees how many huddles are unread, a confidant the address and the mark of a member.
    """
    detail: dict[str, Any] = {"id": row.id, "siteId": site_id, "userId": row.user_id}
    if is_confidant:
        detail["email"] = row.email
    detail["profileName"] = row.name
    if is_confidant and row.is_member:
        detail["member"] = True
    if row.gender:
        detail["gender"] = row.gender
    detail |= {
        "visible": row.is_visible,
        "styleId": row.style_id,
        "itemCount": row.item_count,
        "commentCount": row.comment_count,
        "profileComment": biography,
        "created": row.created_at,
        "lastActive": row.last_active_at,
        "avatar": row.avatar_url,
    }
    meta: dict[str, Any] = {"flags": watch_flags(row)}
    if row.is_ignored:
        meta["flags"]["ignored"] = True
    if is_own:
        meta["stats"] = [{"metric": "unreadHuddles", "value": row.unread_huddle_count}]
    meta["links"] = [
        {"rel": "self", "href": href(ItemType.PROFILE, row.id)},
        {"rel": "site", "href": href(ItemType.SITE, site_id)},
    ]
    meta["permissions"] = permissions
    detail["meta"] = meta
    return detail


def options_shape(options: ProfileOptions) -> dict[str, Any]:
    """A member's switches (A 23.5)."""
    return {
        "profileId": options.profile_id,
        "showDOB": options.show_dob,
        "showDOBYear": options.show_dob_year,
        "sendEmail": options.send_email,
        "sendSMS": options.send_sms,
        "isDiscouraged": options.is_discouraged,
    }


def user_shape(row: Any) -> dict[str, Any]:
    """A user's record (A 13.2) from a row of `user_record`: plain values, what is not known left out."""
    record = {
        "userId": row.id,
        "email": row.email,
        "gender": row.gender or None,
        "language": row.language or None,
        "created": row.created_at,
        "state": "valid" if row.email_confirmed_at else "email_confirm",
        "banned": row.is_banned or None,
        "dobDay": row.birth_day,
        "dobMonth": row.birth_month,
        "dobYear": row.birth_year,
        "canonicalEmail": row.canonical_email,
        "meta": {"links": [{"rel": "self", "href": href(ItemType.USER, row.id)}]},
    }
    return {key: value for key, value in record.items() if value is not None}
