"""How a site may look: colours, addresses of pictures, and what else clients put into pages as it is."""

import re
from urllib.parse import urlsplit

from apps.core.errors import OutOfRange

MAX_URL_LENGTH = 2000
POSITIONS = frozenset({"cover", "tall", "wide", "left", "center", "right", "tile"})
DEFAULT_POSITION = "tile"

_HEX_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_COLOUR_NAMES = frozenset(
    """
    aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet brown burlywood
    cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan darkblue darkcyan darkgoldenrod
    darkgray darkgreen darkgrey darkkhaki darkmagenta darkolivegreen darkorange darkorchid darkred darksalmon
    darkseagreen darkslateblue darkslategray darkslategrey darkturquoise darkviolet deeppink deepskyblue dimgray
    dimgrey dodgerblue firebrick floralwhite forestgreen fuchsia gainsboro ghostwhite gold goldenrod gray green
    greenyellow grey honeydew hotpink indianred indigo ivory khaki lavender lavenderblush lawngreen lemonchiffon
    lightblue lightcoral lightcyan lightgoldenrodyellow lightgray lightgreen lightgrey lightpink lightsalmon
    lightseagreen lightskyblue lightslategray lightslategrey lightsteelblue lightyellow lime limegreen linen magenta
    maroon mediumaquamarine mediumblue mediumorchid mediumpurple mediumseagreen mediumslateblue mediumspringgreen
    mediumturquoise mediumvioletred midnightblue mintcream mistyrose moccasin navajowhite navy oldlace olive
    olivedrab orange orangered orchid palegoldenrod palegreen paleturquoise palevioletred papayawhip peachpuff peru
    pink plum powderblue purple rebeccapurple red rosybrown royalblue saddlebrown salmon sandybrown seagreen
    seashell sienna silver skyblue slateblue slategray slategrey snow springgreen steelblue tan teal thistle tomato
    turquoise violet wheat white whitesmoke yellow yellowgreen
    """.split()  # noqa: SIM905 - a list of 148 lines is no better to read
)
_ANALYTICS_ID = re.compile(r"UA-[0-9A-Za-z-]{1,12}")
#: What ends an attribute, a tag or a style, or means different things to different readers of addresses.
_UNSAFE = re.compile(r"""[\s"<>\\^`{|}]""")
#: Harmless in a path, but they end a style sheet's url().
_ESCAPES = {ord("'"): "%27", ord("("): "%28", ord(")"): "%29"}


class BadColour(OutOfRange):
    """A colour is #RGB, #RRGGBB or a name of CSS."""


class BadUrl(OutOfRange):
    """An address must begin with http://, https:// or /."""


class BadAnalyticsId(OutOfRange):
    """gaWebPropertyId begins with UA- and has at most 15 letters, digits and hyphens."""


def checked_colour(text: str) -> str:
    """A colour as sent; raises BadColour."""
    if not (_HEX_COLOUR.fullmatch(text) or text.lower() in _COLOUR_NAMES):
        raise BadColour
    return text


def background_position(text: str) -> str:
    """A known position: `tiled` is another word for `tile`, which anything unknown becomes."""
    return text if text in POSITIONS else DEFAULT_POSITION


def checked_analytics_id(text: str) -> str:
    """An id or "" for none; raises BadAnalyticsId."""
    if text and not _ANALYTICS_ID.fullmatch(text):
        raise BadAnalyticsId
    return text


def checked_image_url(text: str, *, name: str) -> str:
    """An address of http or https or a path without a host, safe in HTML and CSS; "" for none. Raises BadUrl."""
    return _checked_url(text, name=name, schemes=("http", "https"), relative=("/",)) if text else ""


def checked_href(text: str) -> str:
    """What a menu may link to: http, https, mailto, or an address on the same host. Raises BadUrl."""
    return _checked_url(text, name="href", schemes=("http", "https", "mailto"), relative=("/", "?", "#"))


def _checked_url(text: str, *, name: str, schemes: tuple[str, ...], relative: tuple[str, ...]) -> str:
    if len(text) > MAX_URL_LENGTH:
        raise BadUrl(f"{name} has at most {MAX_URL_LENGTH} characters")
    if _UNSAFE.search(text) or not text.isprintable() or not _leads_somewhere(text, schemes=schemes, relative=relative):
        raise BadUrl(f"{name} must be an address of {', '.join(schemes)}, or begin with {' '.join(relative)}")
    text = text.translate(_ESCAPES)
    if len(text) > MAX_URL_LENGTH:
        raise BadUrl(f"{name} has at most {MAX_URL_LENGTH} characters")
    return text


def _leads_somewhere(text: str, *, schemes: tuple[str, ...], relative: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(text)
        if not parts.scheme:
            # Browsers take any number of slashes in front for the two before a host.
            return text.startswith(relative) and not text.startswith("//")
        if parts.scheme == "mailto":
            return "mailto" in schemes and not parts.netloc and "@" in parts.path
        # Reading the port checks it; a name before the host only serves to mislead.
        return parts.scheme in schemes and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return False
