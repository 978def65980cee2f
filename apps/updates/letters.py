"""What mail about updates looks like: subject, text, HTML, and the headers that thread it and end it.

Names and titles are strangers' words. They stand in mail as words: without control characters, and so that no program
takes one for an address to link (X2).
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from apps.sites.hosts import SiteInfo
from apps.sites.models import Site
from apps.sites.types import ItemType
from apps.updates.types import Digest, UpdateType

Letter = EmailMultiAlternatives

_SALT = "apps.updates.letters"
_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
#: What programs take for the inside of an address: a full stop before a letter, a colon before slashes.
_LINKED = re.compile(r"(?<=\w)\.(?=[^\W\d_])|:(?=//)|(?<=mailto):", re.IGNORECASE)
#: Addresses within the site, as comments have them.
_RELATIVE = re.compile(r"""(?<=\s)(href|src)=(["'])/(?!/)""")

_SENTENCES = {
    UpdateType.NEW_COMMENT: "{actor} commented on {title}",
    UpdateType.REPLY_TO_COMMENT: "{actor} replied to your comment on {title}",
    UpdateType.MENTIONED: "{actor} mentioned you in {title}",
    UpdateType.NEW_COMMENT_IN_HUDDLE: "{actor} wrote in {title}",
    UpdateType.NEW_ATTENDEE: "{actor} is going to {title}",
    UpdateType.EVENT_REMINDER: "{title} begins soon",
    UpdateType.NEW_ITEM: "{actor} started {title}",
    UpdateType.NEW_USER: "{actor} is new here",
}

_OWN_PLACE = "You have a place at {title} now"


class BadLink(Exception):
    """This is no link of a mail of ours."""


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """What a signed link ends: mail to somebody about a type of update, and about one thing where it is watched."""

    site_id: int
    profile_id: int
    #: None for all mail of the site.
    type: UpdateType | None
    item_id: int = 0
    home_id: int = 0

    @property
    def description(self) -> str:
        """What mail it is about, for anybody who holds the link."""
        return self.type.description if self.type else "Everything that is new for you on this site"

    def token(self) -> str:
        """The signed form; it does not expire, for mail is kept for years."""
        values = [self.site_id, self.profile_id, int(self.type or 0), self.item_id, self.home_id]
        return signing.Signer(salt=_SALT).sign_object(values)

    @classmethod
    def of_token(cls, token: str) -> "Subscription":
        """What a token says; raises BadLink."""
        try:
            site_id, profile_id, type, item_id, home_id = signing.Signer(salt=_SALT).unsign_object(token)
        except signing.BadSignature as error:
            raise BadLink(BadLink.__doc__) from error
        return cls(
            site_id=site_id,
            profile_id=profile_id,
            type=UpdateType(type) if type else None,
            item_id=item_id,
            home_id=home_id,
        )


def letter(row: Any, *, site_id: int) -> Letter:
    """The mail about one update or newcomer, from a row of `letters`."""
    site = Site.objects.get(id=site_id)
    url = SiteInfo.of_row(site).url
    subscription = Subscription(
        site_id=site_id,
        profile_id=row.reader_id,
        type=UpdateType(row.type),
        item_id=row.item_id or 0,
        home_id=row.home_id or 0,
    )
    entry = _entry(row, url=url)
    context = {
        "site_title": plain(site.title),
        "site_url": url,
        "reader": plain(row.reader_name),
        "stop_url": f"{url}/api/v1/unsubscribe/{subscription.token()}",
        "entry": entry,
        "quoted": _quoted(row.markdown) if row.markdown else "",
        # Sanitised when it was written.
        "body": mark_safe(_absolute(row.html, url=url)) if row.html else "",  # noqa: S308
    }
    name = f"update-{row.update_id}" if row.update_id else f"newcomer-{row.newcomer_id}-{row.reader_id}"
    thread = _thread_of(row)
    return _message(
        "update",
        context,
        site=site,
        to=row.email,
        subject=plain(row.title) if row.item_id or row.home_id else entry["sentence"],
        name=name,
        headers={"In-Reply-To": _message_id(thread), "References": _message_id(thread)} if thread else {},
    )


def digest_letter(rows: Sequence[Any], *, site_id: int, digest: Digest, until: datetime, more: int) -> Letter:
    """The mail about many, from rows of `letters` of one member; `more` is how many it leaves out."""
    site = Site.objects.get(id=site_id)
    url = SiteInfo.of_row(site).url
    subscription = Subscription(site_id=site_id, profile_id=rows[0].reader_id, type=None)
    context = {
        "site_title": plain(site.title),
        "site_url": url,
        "reader": plain(rows[0].reader_name),
        "stop_url": f"{url}/api/v1/unsubscribe/{subscription.token()}",
        "entries": [_entry(row, url=url) for row in rows],
        "more": more,
    }
    return _message(
        "digest",
        context,
        site=site,
        to=rows[0].email,
        subject="What is new" if digest is Digest.DAILY else "What was new this week",
        name=f"digest-{digest.word}-{rows[0].reader_id}-{until:%Y%m%d}",
        headers={},
    )


def plain(text: str) -> str:
    """A name or title, stored escaped, as words that nothing turns into a link."""
    return _LINKED.sub(lambda found: found[0] + " ", _SPACES.sub(" ", html.unescape(text)).strip())


def _entry(row: Any, *, url: str) -> dict[str, str]:
    type = UpdateType(row.type)
    begins = f"{row.starts_at:%Y-%m-%d %H:%M} UTC" if type is UpdateType.EVENT_REMINDER and row.starts_at else ""
    return {
        # Only who waited for a place is told of what they are said to have done.
        "sentence": (_OWN_PLACE if row.is_own else _SENTENCES[type]).format(
            actor=plain(row.actor_name), title=plain(row.title)
        ),
        "link": f"{url}{_path(row)}?utm_source=notification&utm_medium=email&utm_campaign={type.word}",
        "actor": plain(row.actor_name),
        "actor_link": f"{url}/profiles/{row.actor_id}/" if row.actor_id else "",
        "begins": begins,
    }


def _path(row: Any) -> str:
    """Where people read about it, as the web client's routes are."""
    if row.comment_id is not None:
        return f"/comments/{row.comment_id}/incontext/"
    if row.item_id is not None:
        return f"/{ItemType(row.item_kind).word}s/{row.item_id}/"
    return f"/profiles/{row.newcomer_id}/"


def _thread_of(row: Any) -> str:
    """What all mails about one thing answer."""
    if row.item_id:
        return f"item-{row.item_id}"
    return f"profile-{row.home_id}" if row.home_id else ""


def _message(
    template: str, context: dict[str, Any], *, site: Site, to: str, subject: str, name: str, headers: dict[str, str]
) -> Letter:
    message = EmailMultiAlternatives(
        subject=f"[{context['site_title']}] {subject}",
        body=render_to_string(f"updates/mail/{template}.txt", context),
        from_email=formataddr((context["site_title"], parseaddr(settings.DEFAULT_FROM_EMAIL)[1])),
        to=[to],
        headers={
            "Message-ID": _message_id(name),
            "List-Id": f"<updates.{site.key}.{settings.PLATFORM_DOMAIN}>",
            "List-Unsubscribe": f"<{context['stop_url']}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
            **headers,
        },
    )
    message.attach_alternative(render_to_string(f"updates/mail/{template}.html", context), "text/html")
    return message


def _message_id(name: str) -> str:
    return f"<{name}@{settings.PLATFORM_DOMAIN}>"


def _quoted(markdown: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in markdown.splitlines())


def _absolute(text: str, *, url: str) -> str:
    """HTML of a comment whose addresses within the site work outside of it."""
    return _RELATIVE.sub(lambda found: f"{found[1]}={found[2]}{url}/", text)
