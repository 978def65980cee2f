"""`/legal` and its documents (contract A 19)."""

from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.openapi import operation
from apps.sites.legal import ROOT_DOCUMENTS, SITE_DOCUMENTS, legal_document
from apps.sites.models import Site
from apps.sites.serializers import LegalDocumentOutput, LinksOutput
from apps.sites.shapes import LEGAL_HREF


class LegalCollection(Api):
    """`/legal`."""

    @operation("The legal documents", answer=LinksOutput)
    def get(self, request: Request) -> Answer:
        if self.viewer.site.is_root:
            return Answer({"links": [{"rel": "api", "href": f"{LEGAL_HREF}/{name}"} for name in ROOT_DOCUMENTS]})
        return Answer({"links": [{"rel": name, "href": f"{LEGAL_HREF}/{name}"} for name in SITE_DOCUMENTS]})


class LegalDetail(Api):
    """`/legal/{document}`; the routes say which documents there are."""

    @operation("A legal document", answer=LegalDocumentOutput)
    def get(self, request: Request, document: str) -> Answer:
        site = Site.objects.only("title", "contact_email").get(id=self.viewer.site_id)
        text = legal_document(
            document, site_title=site.title, site_url=self.viewer.site.url, contact_email=site.contact_email
        )
        return Answer({"html": text.html, "lastModified": text.modified_at})
