"""X1: nothing but the allow-list comes out, whatever goes in. Checked by parsers that the renderer does not use."""

import re
from collections.abc import Collection, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.text.finishing import finish
from apps.text.rendering import RenderContext, render
from apps.text.sanitising import sanitise
from tests.text.allowlist import assert_allowed
from tests.text.payloads import PAYLOADS

FRAGMENTS = sorted({part for payload in PAYLOADS for part in re.split(r"(?<=[>\"'\])\s])", payload) if part})


def everyone(names: Collection[str]) -> Mapping[str, int]:
    return {name: index for index, name in enumerate(sorted(names), start=1)}


CONTEXT = RenderContext(site_hosts=frozenset({"forum.example"}), profiles=everyone)


def html_of(markdown: str) -> str:
    return render(markdown, context=CONTEXT).html


def test_the_corpus_is_not_thinned_out() -> None:
    assert len(set(PAYLOADS)) >= 250


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize(
    "frame", ["{}", "x {} y", "> {}", "[b]{}[/b]", "<div>{}", "<p title='{}'>", "[x {}](/y)", "| a |\n|---|\n| {} |"]
)
def test_a_payload_renders_to_the_allow_list(payload: str, frame: str) -> None:
    assert_allowed(html_of(frame.replace("{}", payload)))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_is_harmless_to_the_sanitiser_alone(payload: str) -> None:
    once = sanitise(payload)
    html, _ = finish(once, site_hosts=frozenset(), shorten=None, embeds=True)
    assert_allowed(html)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_rendered_html_is_read_the_same_way_again(payload: str) -> None:
    html = re.sub(r"<br/>\n<iframe[^>]*></iframe><br/>\n", "", html_of(payload))
    once = sanitise(html)
    assert sanitise(once) == once
    assert [name for name, _ in re.findall(r"<(\w+)(\s|>|/)", once)] == [
        name for name, _ in re.findall(r"<(\w+)(\s|>|/)", html)
    ]


@settings(max_examples=600, derandomize=True, deadline=None)
@given(markdown=st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=3), max_size=12).map("".join))
def test_pieces_of_payloads_in_any_order_render_to_the_allow_list(markdown: str) -> None:
    assert_allowed(html_of(markdown))


@settings(max_examples=300, derandomize=True, deadline=None)
@given(markdown=st.text(alphabet=st.sampled_from(list("<>/\"'=&;:!-[]()#@+*_~`\\\n \tabpx1")), max_size=120))
def test_any_punctuation_renders_to_the_allow_list(markdown: str) -> None:
    assert_allowed(html_of(markdown))


@settings(max_examples=200, derandomize=True, deadline=None)
@given(markdown=st.text(max_size=80))
def test_any_text_renders_to_the_allow_list(markdown: str) -> None:
    assert_allowed(html_of(markdown))
