"""Reading iCalendar as strictly as RFC 5545 writes it, without anything of ours: what it cannot read is not valid."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

_LINE = re.compile(
    r'(?P<name>[A-Z0-9-]+)(?P<parameters>(?:;[A-Z0-9-]+=(?:"[^"\x00-\x1f\x7f]*"|[^";:,\x00-\x1f\x7f]*))*)'
    r":(?P<value>[^\x00-\x08\x0a-\x1f\x7f]*)"
)
#: Of properties whose value is a text: backslash, semicolon, comma and the end of a line are written with a backslash.
_TEXT = re.compile(r"(?:[^\\;,]|\\[\\;,nN])*")
_TEXTS = {"SUMMARY", "LOCATION", "DESCRIPTION", "NAME", "X-WR-CALNAME", "UID", "PRODID"}
_MOMENT = re.compile(r"\d{8}T\d{6}Z")
#: Properties that each component has exactly once, and those that it may have no more than once.
_ONCE = {
    "VCALENDAR": {"PRODID", "VERSION"},
    "VEVENT": {"UID", "DTSTAMP", "DTSTART"},
    "VTIMEZONE": {"TZID"},
    "STANDARD": {"DTSTART", "TZOFFSETFROM", "TZOFFSETTO"},
}
_AT_MOST_ONCE = {"VEVENT": {"DTEND", "SUMMARY", "LOCATION", "GEO", "STATUS", "URL"}}


@dataclass
class Component:
    """A component with its properties in order, and the components in it."""

    name: str
    properties: list[tuple[str, str]] = field(default_factory=list)
    inside: list["Component"] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        """The one value of a property, texts as they were meant."""
        (value,) = [value for known, value in self.properties if known == name]
        return _meant(value) if name in _TEXTS else value

    def names(self) -> list[str]:
        """The names of the properties."""
        return [name for name, _ in self.properties]


def read_calendar(content: bytes) -> Component:
    """The calendar that some bytes are; fails where they break a rule of RFC 5545."""
    assert content.endswith(b"\r\n")
    lines = content.removesuffix(b"\r\n").split(b"\r\n")
    assert not [line for line in lines if b"\r" in line or b"\n" in line], "a line ends in another way"
    assert max(map(len, lines)) <= 75, "a line is longer than 75 bytes"
    # Each piece is decoded: characters are not torn apart either, although the RFC would let them be.
    unfolded = "\r\n".join(line.decode() for line in lines).replace("\r\n ", "").split("\r\n")
    outermost = Component("")
    open_ones = [outermost]
    for line in unfolded:
        match = _LINE.fullmatch(line)
        assert match, f"no content line: {line!r}"
        name, value = match["name"], match["value"]
        if name == "BEGIN":
            open_ones[-1].inside.append(Component(value))
            open_ones.append(open_ones[-1].inside[-1])
        elif name == "END":
            assert open_ones.pop().name == value, f"{value} ends where it is not open"
        else:
            assert name not in _TEXTS or _TEXT.fullmatch(value), f"not escaped: {line!r}"
            open_ones[-1].properties.append((name, value))
    assert open_ones == [outermost], "something does not end"
    assert not outermost.properties
    (calendar,) = outermost.inside
    assert calendar.name == "VCALENDAR"
    assert calendar["VERSION"] == "2.0"
    assert calendar.inside, "a calendar holds one component or more"
    _check(calendar)
    return calendar


def events_in(content: bytes) -> list[Component]:
    """The events of a calendar."""
    return [component for component in read_calendar(content).inside if component.name == "VEVENT"]


def moment_of(value: str) -> datetime:
    """A moment in UTC."""
    assert _MOMENT.fullmatch(value), value
    return datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _check(component: Component) -> None:
    names = component.names()
    for name in _ONCE[component.name]:
        assert names.count(name) == 1, f"{component.name} needs one {name}"
    for name in _AT_MOST_ONCE.get(component.name, ()):
        assert names.count(name) <= 1, f"{component.name} has more than one {name}"
    if component.name == "VEVENT":
        starts_at = moment_of(component["DTSTART"])
        moment_of(component["DTSTAMP"])
        if "DTEND" in names:
            assert moment_of(component["DTEND"]) > starts_at, "the end has to be later than the beginning"
        if "GEO" in names:
            lat, lon = map(float, component["GEO"].split(";"))
            assert abs(lat) <= 90
            assert abs(lon) <= 180
        assert component["STATUS"] in ("TENTATIVE", "CONFIRMED", "CANCELLED")
    for inner in component.inside:
        _check(inner)


def _meant(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] in "nN" else match[1], text)
