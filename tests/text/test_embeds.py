"""Players and maps: which links get one, and that nothing typed reaches a frame's address."""

import pytest

from apps.text.rendering import RenderContext, render


def frame_source(address: str, *, embeds: bool = True) -> str | None:
    html = render(f"[x](<{address}>)", context=RenderContext(embeds=embeds)).html
    return html.partition('<iframe src="')[2].partition('"')[0] or None


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("https://youtu.be/abcdefghi_1", "https://www.youtube-nocookie.com/embed/abcdefghi_1"),
        ("http://www.youtube.com/watch?v=abcdefghi-1&t=5", "https://www.youtube-nocookie.com/embed/abcdefghi-1"),
        ("https://m.youtube.com/watch?a=b&v=abcdefghi-1", "https://www.youtube-nocookie.com/embed/abcdefghi-1"),
        ("https://youtube.com/v/abcdefghijk", "https://www.youtube-nocookie.com/embed/abcdefghijk"),
        ("https://YOUTUBE.com/embed/abcdefghijk", "https://www.youtube-nocookie.com/embed/abcdefghijk"),
        (
            "https://www.youtube.com/watch?v=abcdefghijk&list=PL12",
            "https://www.youtube-nocookie.com/embed/videoseries?list=PL12",
        ),
        ("https://vimeo.com/123", "https://player.vimeo.com/video/123"),
        ("https://vimeo.com/groups/x/videos/123", "https://player.vimeo.com/video/123"),
        ("http://player.vimeo.com/video/123", "https://player.vimeo.com/video/123"),
        ("http://www.strava.com/clubs/x-1/latest-rides/ab12", "https://www.strava.com/clubs/x-1/latest-rides/ab12"),
        ("https://www.strava.com/athletes/1/latest-rides/ab", "https://www.strava.com/athletes/1/latest-rides/ab"),
        ("https://www.strava.com/segments/12", "https://www.strava.com/segments/12/embed"),
        ("https://www.strava.com/activities/1/embed/ab", "https://www.strava.com/activities/1/embed/ab"),
        (
            "https://www.strava.com/athletes/1/activity-summary/ab",
            "https://www.strava.com/athletes/1/activity-summary/ab",
        ),
        ("https://connect.garmin.com/course/1", "https://connect.garmin.com/course/embed/1"),
        ("https://connect.garmin.com/modern/activity/1", "https://connect.garmin.com/activity/embed/1"),
        (
            "https://www.google.com/calendar/embed?src=a%40b.c&ctz=UTC&evil=x",
            "https://calendar.google.com/calendar/embed?src=a%40b.c&amp;ctz=UTC",
        ),
        ("https://ridewithgps.com/routes/1", "https://ridewithgps.com/routes/1/embed"),
        ("https://ridewithgps.com/trips/1?privacy_code=x", "https://ridewithgps.com/trips/1/embed"),
        ("https://www.plotaroute.com/map/1", "https://www.plotaroute.com/embedmap/1?units=km"),
    ],
)
def test_a_providers_link_gets_its_frame(address: str, source: str) -> None:
    assert frame_source(address) == source


@pytest.mark.parametrize(
    "address",
    [
        "https://evilyoutube.com/watch?v=abcdefghijk",
        "https://youtube.com.evil.example/watch?v=abcdefghijk",
        "https://evil.example/youtube.com/watch?v=abcdefghijk",
        "https://youtube.com@evil.example/watch?v=abcdefghijk",
        "https://youtube.com:81/watch?v=abcdefghijk",
        "https://www.youtube.com/watch?v=abcdefghij",
        'https://www.youtube.com/watch?v=abcdefghijk"onload=x',
        "https://www.youtube.com/watch?list=%22%3E%3Cscript%3E",
        "https://vimeo.com/123/../../x",
        "https://ridewithgps.com/routes/\u0661\u0662",
        "https://www.strava.com/segments/12/evil",
        "https://www.google.com/calendar/embedx?src=a",
        "https://vimeo.com/channels/x",
    ],
)
def test_anything_else_gets_none(address: str) -> None:
    assert frame_source(address) is None


def test_the_link_is_marked_and_the_frame_follows_it() -> None:
    html = render("a https://vimeo.com/1 b", context=RenderContext()).html
    assert html.startswith('<p>a <a href="https://vimeo.com/1" embed="true" rel=')
    assert '</a><br/>\n<iframe src="https://player.vimeo.com/video/1" width="500" height="281"' in html
    assert "</iframe><br/>\n b</p>" in html


def test_a_shortened_link_is_embedded_by_its_original_address() -> None:
    context = RenderContext(shorten=lambda url, text: "https://jump.example/out/x2")
    html = render("https://vimeo.com/1", context=context).html
    assert '<a href="https://jump.example/out/x2" embed="true"' in html
    assert "https://player.vimeo.com/video/1" in html


def test_embeds_can_be_switched_off() -> None:
    assert frame_source("https://vimeo.com/1", embeds=False) is None


def test_a_frame_typed_by_a_person_is_dropped() -> None:
    html = render(
        '<iframe src="https://player.vimeo.com/video/1"></iframe> <a href="/x" embed="true">x</a>',
        context=RenderContext(),
    ).html
    assert "iframe" not in html
    assert "embed" not in html
