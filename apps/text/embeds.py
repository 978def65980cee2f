"""Players and maps shown below a link to them, for the providers listed here (contract B 6.4).

A frame's address is put together from what a rule captured - digits, letters, a hash - never from what was typed.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

_MAX_LENGTH = 2_048


@dataclass(frozen=True, slots=True)
class _Rule:
    hosts: frozenset[str]
    path: re.Pattern[str]
    target: str
    width: str
    height: str
    # Query parameters that take part: their names become groups of `target`.
    query: tuple[tuple[str, re.Pattern[str]], ...] = ()
    copied_query: frozenset[str] = frozenset()


def _rule(
    hosts: str, path: str, target: str, size: str, *, query: dict[str, str] | None = None, copied_query: str = ""
) -> _Rule:
    width, _, height = size.partition("x")
    return _Rule(
        hosts=frozenset(hosts.split()),
        path=re.compile(path, re.IGNORECASE),
        target=target,
        width=width,
        height=height,
        query=tuple((name, re.compile(value)) for name, value in (query or {}).items()),
        copied_query=frozenset(copied_query.split()),
    )


_YOUTUBE = "youtube.com www.youtube.com m.youtube.com youtube-nocookie.com www.youtube-nocookie.com"
_STRAVA = "strava.com www.strava.com app.strava.com"
_GARMIN = "connect.garmin.com"
_RIDE_WITH_GPS = "ridewithgps.com www.ridewithgps.com"
_VIDEO = r"[A-Za-z0-9_-]{11}"
_HASH = r"[A-Za-z0-9]{1,64}"

# The first rule that fits is used.
_RULES = (
    _rule(
        _YOUTUBE + " youtu.be",
        r"/[\w/-]{0,64}",
        "https://www.youtube-nocookie.com/embed/videoseries?list={list}",
        "560x315",
        query={"list": r"[A-Za-z0-9_-]{2,64}"},
    ),
    _rule("youtu.be", rf"/(?P<id>{_VIDEO})/?", "https://www.youtube-nocookie.com/embed/{id}", "560x315"),
    _rule(_YOUTUBE, r"/watch/?", "https://www.youtube-nocookie.com/embed/{v}", "560x315", query={"v": _VIDEO}),
    _rule(
        _YOUTUBE,
        rf"/(?:embed|v|shorts|live)/(?P<id>{_VIDEO})/?",
        "https://www.youtube-nocookie.com/embed/{id}",
        "560x315",
    ),
    _rule(
        "vimeo.com www.vimeo.com player.vimeo.com",
        r"/(?:video/|groups/[\w-]{1,100}/videos/)?(?P<id>[0-9]{1,15})/?",
        "https://player.vimeo.com/video/{id}",
        "500x281",
    ),
    _rule(
        _STRAVA,
        rf"/clubs/(?P<id>[\w-]{{1,100}})/latest-rides/(?P<hash>{_HASH})",
        "https://www.strava.com/clubs/{id}/latest-rides/{hash}",
        "460x160",
    ),
    _rule(
        _STRAVA,
        rf"/athletes/(?P<id>[0-9]{{1,15}})/latest-rides/(?P<hash>{_HASH})",
        "https://www.strava.com/athletes/{id}/latest-rides/{hash}",
        "300x454",
    ),
    _rule(
        _STRAVA,
        r"/segments/(?P<id>[0-9]{1,15})(?:/embed)?/?",
        "https://www.strava.com/segments/{id}/embed",
        "460x360",
    ),
    _rule(
        _STRAVA,
        rf"/activities/(?P<id>[0-9]{{1,15}})/embed/(?P<hash>{_HASH})",
        "https://www.strava.com/activities/{id}/embed/{hash}",
        "590x404",
    ),
    _rule(
        _STRAVA,
        rf"/athletes/(?P<id>[0-9]{{1,15}})/activity-summary/(?P<hash>{_HASH})",
        "https://www.strava.com/athletes/{id}/activity-summary/{hash}",
        "360x360",
    ),
    _rule(
        _GARMIN,
        r"/(?:modern/)?course/(?:embed/)?(?P<id>[0-9]{1,15})/?",
        "https://connect.garmin.com/course/embed/{id}",
        "560x600",
    ),
    _rule(
        _GARMIN,
        r"/(?:modern/)?activity/(?:embed/)?(?P<id>[0-9]{1,15})/?",
        "https://connect.garmin.com/activity/embed/{id}",
        "465x548",
    ),
    _rule(
        "www.google.com calendar.google.com",
        r"/calendar/embed",
        "https://calendar.google.com/calendar/embed",
        "100%x600",
        copied_query="bgcolor color ctz mode showTitle src title wkst",
    ),
    _rule(
        _RIDE_WITH_GPS,
        r"/routes/(?P<id>[0-9]{1,15})(?:/embed)?/?",
        "https://ridewithgps.com/routes/{id}/embed",
        "100%x650",
    ),
    _rule(
        _RIDE_WITH_GPS,
        r"/trips/(?P<id>[0-9]{1,15})(?:/embed)?/?",
        "https://ridewithgps.com/trips/{id}/embed",
        "100%x500",
    ),
    _rule(
        "plotaroute.com www.plotaroute.com",
        r"/(?:route|map|embedmap)/(?P<id>[0-9]{1,15})/?",
        "https://www.plotaroute.com/embedmap/{id}?units=km",
        "100%x650",
    ),
)

FRAME_HOSTS = frozenset(urlsplit(rule.target).netloc for rule in _RULES)


def embed(address: str) -> str | None:
    """The frame for a link's address, or None if no provider's rule fits it."""
    if len(address) > _MAX_LENGTH:
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    for rule in _RULES:
        if parts.netloc.lower() in rule.hosts:
            target = _target(rule, parts.path, parts.query)
            if target:
                return _frame(target, width=rule.width, height=rule.height)
    return None


def _target(rule: _Rule, path: str, query: str) -> str | None:
    matched = rule.path.fullmatch(path)
    if not matched:
        return None
    captured = matched.groupdict()
    parameters = parse_qsl(query, max_num_fields=None)
    for name, pattern in rule.query:
        value = dict(parameters).get(name, "")
        if not pattern.fullmatch(value):
            return None
        captured[name] = value
    target = rule.target.format_map(captured)
    copied = [(name, value) for name, value in parameters if name in rule.copied_query]
    return f"{target}?{urlencode(copied)}" if copied else target


def _frame(target: str, *, width: str, height: str) -> str:
    source = target.replace("&", "&amp;")
    return (
        f'<iframe src="{source}" width="{width}" height="{height}" loading="lazy"'
        ' referrerpolicy="strict-origin-when-cross-origin"'
        ' sandbox="allow-popups allow-presentation allow-same-origin allow-scripts"'
        ' allow="fullscreen; picture-in-picture" allowfullscreen=""></iframe>'
    )
