"""The security barrier: an HTML5 parser and serialiser that let through only what profile.py lists."""

import nh3

from apps.text.profile import ATTRIBUTES, DROPPED_WITH_CONTENT, ELEMENTS, GLOBAL_ATTRIBUTES, clean_attribute

_CLEANER = nh3.Cleaner(
    tags=set(ELEMENTS),
    clean_content_tags=set(DROPPED_WITH_CONTENT),
    attributes={"*": set(GLOBAL_ATTRIBUTES), **{element: set(names) for element, names in ATTRIBUTES.items()}},
    attribute_filter=clean_attribute,
    strip_comments=True,
    link_rel=None,
    url_schemes={"http", "https", "mailto"},
)


def sanitise(html: str) -> str:
    """The listed part of any HTML, in canonical form: every `<` of the result starts a tag, every value is quoted."""
    return _CLEANER.clean(html)
