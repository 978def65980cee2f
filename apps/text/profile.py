"""What rendered HTML may hold: the elements, attributes and addresses of the contract's sanitiser profile (B 6.3)."""

import re


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


ELEMENTS = _names(
    """
    a abbr acronym area article aside b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl
    dt em figcaption figure h1 h2 h3 h4 h5 h6 hgroup hr i img ins li map mark meter ol p pre progress q rp rt ruby s
    samp section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr
    """
)
INLINE_ELEMENTS = _names(
    """
    a abbr acronym area b bdi bdo br cite code del dfn em i img ins map mark meter progress q rp rt ruby s samp
    small span strike strong sub sup time tt u var wbr
    """
)
VOID_ELEMENTS = _names("area br col hr img wbr")
# Elements whose content is never shown: HTML reads it as something else than text.
DROPPED_WITH_CONTENT = _names(
    "iframe math noembed noframes noscript object plaintext script select style svg template textarea title xmp"
)

GLOBAL_ATTRIBUTES = _names("dir id lang title")
ATTRIBUTES = {
    "a": _names("href"),
    "area": _names("alt coords href shape"),
    "blockquote": _names("cite"),
    "col": _names("align span"),
    "colgroup": _names("align span"),
    "del": _names("cite datetime"),
    "details": _names("open"),
    "img": _names("align alt height src width"),
    "ins": _names("cite datetime"),
    "map": _names("name"),
    "meter": _names("high low max min optimum value"),
    "ol": _names("start"),
    "progress": _names("max value"),
    "q": _names("cite"),
    "td": _names("align colspan rowspan"),
    "th": _names("align colspan rowspan"),
    "time": _names("datetime"),
    "tr": _names("align"),
}
ALLOWED_ATTRIBUTES = {element: GLOBAL_ATTRIBUTES | ATTRIBUTES.get(element, frozenset()) for element in ELEMENTS}

_PLAIN_TEXT = re.compile(r"[\w \t\n\-',\[\]!./\\()]+")
_NUMBER = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?")
_COUNT = re.compile(r"[0-9]{1,3}")
_NAME = re.compile(r"[A-Za-z0-9:._-]{1,100}")
_VALUES = {
    "align": re.compile(r"left|right|center|justify|char|top|middle|bottom", re.IGNORECASE),
    "alt": _PLAIN_TEXT,
    "colspan": _COUNT,
    "coords": re.compile(r"[0-9]{1,5}(?:,[0-9]{1,5}){0,99}"),
    "datetime": re.compile(r"[0-9A-Za-z:.+\- ]{1,40}"),
    "dir": re.compile(r"ltr|rtl|auto", re.IGNORECASE),
    "height": re.compile(r"[0-9]{1,5}%?"),
    "high": _NUMBER,
    "id": _NAME,
    "lang": re.compile(r"[A-Za-z0-9-]{1,35}"),
    "low": _NUMBER,
    "max": _NUMBER,
    "min": _NUMBER,
    "name": _NAME,
    "open": re.compile(r"(?:open)?", re.IGNORECASE),
    "optimum": _NUMBER,
    "rowspan": _COUNT,
    "shape": re.compile(r"default|circle|rect|poly", re.IGNORECASE),
    "span": _COUNT,
    "start": re.compile(r"-?[0-9]{1,9}"),
    "title": _PLAIN_TEXT,
    "value": _NUMBER,
    "width": re.compile(r"[0-9]{1,5}%?"),
}
_ADDRESSES = _names("cite href src")
# Browsers remove these before they read an address, wherever they stand.
_IGNORED_IN_ADDRESS = dict.fromkeys(map(ord, "\t\n\r"))
_TRIMMED_FROM_ADDRESS = "".join(map(chr, range(0x21)))
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_HAS_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MAY_NAME_SCHEME = re.compile(r"[^/?#]*:")
_WEB = re.compile(r"https?://[^/?#\\]", re.IGNORECASE)
_MAILTO = re.compile(r"mailto:[^\\]", re.IGNORECASE)


def clean_attribute(element: str, name: str, value: str) -> str | None:
    """The value an allowed attribute may have, or None if it has to go."""
    if name in _ADDRESSES:
        return _clean_address(value, is_link=name == "href")
    pattern = _VALUES.get(name)
    return value if pattern and pattern.fullmatch(value) else None


def _clean_address(value: str, *, is_link: bool) -> str | None:
    """An absolute web address, a mailto (links only) or a relative address, spelled so that it can only mean that."""
    address = value.translate(_IGNORED_IN_ADDRESS).strip(_TRIMMED_FROM_ADDRESS)
    if _HAS_CONTROL.search(address):
        return None
    if _SCHEME.match(address):
        is_allowed = _WEB.match(address) or (is_link and _MAILTO.match(address))
        return address if is_allowed else None
    if address.startswith("//") and not address.startswith(("///", "//\\")):
        return _clean_address("https:" + address, is_link=is_link)
    if address[:1] in ("/", "\\") and address[1:2] in ("/", "\\"):
        return None
    if _MAY_NAME_SCHEME.match(address):
        return None
    if address.lower().startswith("www."):
        return "http://" + address
    return address or None
