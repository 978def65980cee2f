"""Titles, names and descriptions: what survives, what is escaped, and that cleaning twice is cleaning once."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.text.cleaning import (
    clean_block,
    clean_description,
    clean_profile_name,
    clean_sentence,
    clean_title,
    clean_word,
    unescape,
)

CLEANERS = [clean_word, clean_profile_name, clean_sentence, clean_title, clean_block, clean_description]
MARKUP = st.lists(
    st.sampled_from(
        ["<", ">", "</", "/>", "&", "&lt;", "&gt;", "&amp;", "&#34;", "b", "B", "script", " ", '"', "'", "!"]
    )
    | st.text(max_size=4),
    max_size=30,
).map("".join)


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("UFO", "ufo"),
        ("123", "123"),
        ("ALL CAPS <b>x</b>", "ALL CAPS x"),
        ("ALL CAPS TITLE HERE <b>bold</b> & more", "ALL CAPS TITLE HERE bold &amp; more"),
        ('R&D "x" it\'s <b>bold</b>', "R&amp;D &#34;x&#34; it&#39;s bold"),
        ("a &amp; b", "a &amp; b"),
        ("a &amp;amp; b", "a &amp;amp; b"),
        ("a < b", "a &lt; b"),
        ("a <b", "a &lt;b"),
        ("1 <3 2> 1", "1 &lt;3 2&gt; 1"),
        ("I <3 you > all", "I &lt;3 you &gt; all"),
        ("by <bob@example.org>", "by &lt;bob@example.org&gt;"),
        ("see <http://example.org>", "see &lt;http://example.org&gt;"),
        ("&lt;b&gt;x&lt;/b&gt;", "x"),
        ("x<<b>b>y", "xy"),
        ("a <script>alert(1)</script> b", "a  b"),
        ("a <!-- b --> c", "a  c"),
        ("<o:p>word</o:p>", "word"),
        ("line\nbreak\ttab", "linebreaktab"),
        ("nul\x00 bell\x07 c1\x85 del\x7f", "nul bell c1 del"),
        ("pay\u202etxt.exe\u2066", "paytxt.exe"),
        ("no\u00a0break", "nobreak"),
    ],
)
def test_a_title_is_a_printable_escaped_line(typed: str, cleaned: str) -> None:
    assert clean_title(typed) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "👩\u200d👩\u200d👧 family",
        "✈\ufe0f plane",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f flag",
        "e\u0301 combined",
        "עברית \u200fx",
        "می\u200cخواهم x",  # noqa: RUF001
        "日本語 x",
        "नमस्ते x",
        "𝔘nicode x",  # noqa: RUF001
    ],
)
def test_writing_systems_and_emoji_survive(text: str) -> None:
    assert clean_title(text) == text


@pytest.mark.parametrize("clean", [clean_sentence, clean_profile_name, clean_word, clean_block])
def test_capitals_stay_where_shouting_is_allowed(clean) -> None:  # type: ignore[no-untyped-def]
    assert clean("UFO") == "UFO"


def test_a_description_keeps_its_lines_and_does_not_shout() -> None:
    assert clean_description("ONE\r\n\tTWO\u00a0<I>") == "one\n\ttwo\u00a0"


def test_a_word_loses_its_spaces() -> None:
    assert clean_profile_name(" Bob\tthe <b>B</b> ") == "BobtheB"


def test_unescaping_gives_back_the_plain_text() -> None:
    assert unescape(clean_sentence('R&D "x" it\'s 1 < 2 > 0')) == 'R&D "x" it\'s 1 < 2 > 0'


@pytest.mark.parametrize("clean", CLEANERS)
@settings(max_examples=300, derandomize=True, deadline=None)
@given(text=MARKUP)
def test_cleaning_twice_is_cleaning_once_and_leaves_no_markup(clean, text: str) -> None:  # type: ignore[no-untyped-def]
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert not re.search("[<>\"']", cleaned)
    assert not re.sub("&(?:amp|lt|gt|#34|#39);", "", cleaned).count("&")


@settings(max_examples=300, derandomize=True, deadline=None)
@given(text=st.text(alphabet=st.characters(categories=("L", "M", "N", "P", "S"), exclude_characters="<>&")))
def test_printable_text_without_tags_is_never_lost(text: str) -> None:
    assert unescape(clean_sentence(text)) == text


def test_nested_tags_cost_linear_time() -> None:
    assert clean_description("<" * 100_000 + "b>" * 100_000) == ""
