"""Legal texts: templates of ours, which a deployment may replace by its own (LEGAL_TEMPLATES_DIR)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import get_template

#: The documents of a site, and the one of the root site.
SITE_DOCUMENTS = ("cookies", "privacy", "terms")
ROOT_DOCUMENTS = ("service",)

#: When our texts last changed. A file's date would be that of its installation.
_OURS = Path(__file__).with_name("templates")
_OURS_MODIFIED_AT = datetime(2026, 11, 21, tzinfo=UTC)


@dataclass(frozen=True)
class LegalDocument:
    """A text as HTML, and when it last changed."""

    html: str
    modified_at: datetime


def legal_document(name: str, *, site_title: str, site_url: str, contact_email: str) -> LegalDocument:
    """One of the documents, filled in for a site; `site_title` is HTML already, as it is stored."""
    template: Any = get_template(f"legal/{name}.html")
    path = Path(template.origin.name)
    modified_at = _OURS_MODIFIED_AT
    if not path.is_relative_to(_OURS):
        modified_at = datetime.fromtimestamp(int(path.stat().st_mtime), tz=UTC)
    html: str = template.render(
        {
            "site_title": site_title,
            "site_url": site_url,
            "contact_email": contact_email,
            "operator_name": settings.OPERATOR_NAME,
            "operator_email": settings.OPERATOR_EMAIL,
            "modified_at": modified_at,
        }
    )
    return LegalDocument(html=html.strip(), modified_at=modified_at)
