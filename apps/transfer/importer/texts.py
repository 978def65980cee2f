"""Versions of a text as the revisions of a comment: rendered, with mentions, and nobody told."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property

from apps.comments.imports import ImportedRevision
from apps.comments.services import render_context, site_of
from apps.links.services import shortener
from apps.sites.hosts import SiteInfo
from apps.text.cleaning import unescape
from apps.text.rendering import MAX_MARKDOWN_LENGTH, RenderContext, Rendered, render
from apps.transfer import queries
from apps.transfer.importer.documents import Version
from apps.transfer.importer.run import Run


class Renderer:
    """Renders the texts of one site; the names on it are read once, not for every text."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._profile_ids: dict[str, int] | None = None
        self._context: RenderContext | None = None

    def revisions(
        self,
        versions: Sequence[Version],
        *,
        author_id: int,
        created_at: datetime,
        path: str,
        is_private: bool = False,
    ) -> tuple[tuple[ImportedRevision, ...], tuple[int, ...]]:
        """Revisions oldest first, and who is mentioned in any of them, as far as that is kept (B 6.2).

        Nobody is where it is private, nor for mentioning themselves. A dry run renders nothing.
        """
        revisions, mentioned = [], dict[int, None]()
        for version in versions:
            if len(version.text) > MAX_MARKDOWN_LENGTH:
                self._run.report.warn(
                    path,
                    f"has a text of {len(version.text):,} characters, longer than new ones may be; it is kept whole",
                )
            editor_id = self._run.author(version.editor_id, path=path) if version.editor_id else author_id
            html = ""
            if not self._run.is_dry:
                rendered = self._render(version.text)
                html = rendered.html
                named = set(rendered.mentioned_profile_ids) - {author_id, editor_id}
                mentioned.update(dict.fromkeys(() if is_private else sorted(named)))
            revisions.append(
                ImportedRevision(
                    markdown=version.text,
                    html=html,
                    created_at=version.written_at or created_at,
                    created_by_id=editor_id,
                )
            )
        return tuple(revisions), tuple(mentioned)

    def _render(self, text: str) -> Rendered:
        """As written; outgoing links are short where the site wants that."""
        context = self._site_context()
        rendered = render(text, context=context)
        if not rendered.links or not self._shortens_links:
            return rendered
        shorten = shortener([(link.url, link.text) for link in rendered.links], site_id=self._run.place.site_id)
        return render(text, context=replace(context, shorten=shorten))

    @cached_property
    def _shortens_links(self) -> bool:
        return self._site.shorten_links

    @cached_property
    def _site(self) -> SiteInfo:
        return site_of(self._run.place.site_id)

    def _site_context(self) -> RenderContext:
        if self._context is None:
            self._context = replace(render_context(self._site), profiles=self._find)
        return self._context

    def _find(self, names: Collection[str]) -> Mapping[str, int]:
        if self._profile_ids is None:
            stored = queries.profile_names(site_id=self._run.place.site_id)
            self._profile_ids = {unescape(name).lower(): id_ for id_, name in stored.items()}
        return {name: self._profile_ids[name] for name in names if name in self._profile_ids}


def time_of(
    created_at: datetime | None, versions: Sequence[Version], *, now: datetime, warn: Callable[[str], object]
) -> datetime:
    """When something was written: as it says, else when its oldest version was, else now."""
    if created_at is not None:
        return created_at
    first = next((version.written_at for version in versions if version.written_at), None)
    warn(f"has no dateCreated; the time of {'its first version' if first else 'the import'} stands in")
    return first or now
