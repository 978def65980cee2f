"""The promise about rendered HTML, checked by two parsers that the renderer itself does not use."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

import lxml.html

from apps.text.embeds import FRAME_HOSTS
from apps.text.profile import ALLOWED_ATTRIBUTES, ELEMENTS

FRAME_ATTRIBUTES = {
    "allow",
    "allowfullscreen",
    "height",
    "loading",
    "referrerpolicy",
    "sandbox",
    "src",
    "width",
}
ADDED = {"a": {"embed", "rel", "target"}, "img": {"class"}}
ADDED_VALUES = {"embed": "true", "rel": "nofollow ugc noopener", "target": "_blank", "class": "ip"}


def assert_allowed(html: str) -> None:
    """Fail unless every element, attribute and address of this HTML is one that rendering may produce."""
    tokens = _Tokens(convert_charrefs=True)
    tokens.feed(html)
    tokens.close()
    assert tokens.surprises == [], html
    for name, attributes in tokens.tags + _tree_tags(html):
        _assert_tag_allowed(name, attributes, html)


class _Tokens(HTMLParser):
    def __init__(self, **options: bool) -> None:
        super().__init__(**options)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.surprises: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"An attribute is there twice: {tag} {attrs}"
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_comment(self, data: str) -> None:
        self.surprises.append(data)

    def handle_decl(self, decl: str) -> None:
        self.surprises.append(decl)

    def handle_pi(self, data: str) -> None:
        self.surprises.append(data)

    def unknown_decl(self, data: str) -> None:
        self.surprises.append(data)


def _tree_tags(html: str) -> list[tuple[str, dict[str, str]]]:
    if not html.strip():
        return []
    root = lxml.html.fragment_fromstring(html, create_parent="section")
    return [(str(element.tag), dict(element.attrib)) for element in root.iter()]


def _assert_tag_allowed(name: str, attributes: dict[str, str], html: str) -> None:
    if name == "iframe":
        assert set(attributes) == FRAME_ATTRIBUTES, html
        parts = urlsplit(attributes["src"])
        assert parts.scheme == "https", html
        assert parts.netloc in FRAME_HOSTS, html
        return
    assert name in ELEMENTS, f"{name} in {html}"
    for attribute, value in attributes.items():
        if attribute in ADDED.get(name, ()):
            assert value == ADDED_VALUES[attribute], html
        else:
            assert attribute in ALLOWED_ATTRIBUTES[name], f"{name} {attribute} in {html}"
        if attribute in ("href", "src", "cite"):
            _assert_address_allowed(value, html, is_link=attribute == "href")


def _assert_address_allowed(value: str, html: str, *, is_link: bool) -> None:
    # As a browser reads it: without the characters it ignores.
    seen = "".join(character for character in value if character > " ").lower()
    scheme, colon, _ = seen.partition(":")
    if colon and scheme.replace("+", "").replace("-", "").replace(".", "").isalnum():
        assert seen.startswith(("http://", "https://")) or (is_link and scheme == "mailto"), f"{value} in {html}"
    else:
        assert not seen.replace("\\", "/").startswith("//"), f"{value} in {html}"
