"""Patterns of path variables that only sites have."""

from django.urls import register_converter

from apps.sites.legal import ROOT_DOCUMENTS, SITE_DOCUMENTS


class SiteDocumentConverter:
    """The name of a legal document of a site."""

    regex = f"(?:{'|'.join(SITE_DOCUMENTS)})"

    def to_python(self, value: str) -> str:
        """The name as it is."""
        return value

    def to_url(self, value: str) -> str:
        """The name as it is."""
        return value


class RootDocumentConverter(SiteDocumentConverter):
    """The name of a legal document of the platform."""

    regex = f"(?:{'|'.join(ROOT_DOCUMENTS)})"


register_converter(SiteDocumentConverter, "site_document")
register_converter(RootDocumentConverter, "root_document")
