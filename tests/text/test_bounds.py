"""X4: a text of the greatest length, however hostile, renders to a bounded result of bounded depth.

Times are in docs/decisions/0010-markdown-parser.md. Here each text only has to finish: what was quadratic when it was
found would take minutes, and the process is ended with a traceback long before that.
"""

import faulthandler
import re
from collections.abc import Iterator

import pytest

from apps.text.nesting import MAX_DEPTH
from apps.text.rendering import MAX_MARKDOWN_LENGTH, RenderContext, render
from tests.text.allowlist import assert_allowed

CONTEXT = RenderContext(profiles=lambda names: dict.fromkeys(names, 5))


def repeat(unit: str, *, before: str = "", after: str = "") -> str:
    return before + unit * ((MAX_MARKDOWN_LENGTH - len(before) - len(after)) // len(unit)) + after


HALF = MAX_MARKDOWN_LENGTH // 2
DISTINCT = "".join(f"<b id={number}>" for number in range(1_500))
HOSTILE = {
    "brackets": repeat("["),
    "open links": repeat("[a]("),
    "empty images": repeat("![[]()"),
    "images": repeat("![](a)"),
    "links": repeat("[a](b)"),
    "angle links": repeat("<a@b.c>"),
    "references": "".join(f"[{n}]: /u\n" for n in range(3_000)) + "".join(f"[{n}] " for n in range(3_000)),
    "reference amplification": "[a]: /" + "x" * 20_000 + "\n\n" + "[a]" * 15_000,
    "quotes": repeat(">"),
    "quotes with lazy lines": ">" * 2_000 + "\n" + "a\n" * 20_000,
    "lists in one line": repeat("- ") + "a",
    "lists in lines": "".join(" " * depth * 2 + "- a\n" for depth in range(250)),
    "list of empty items": repeat("-\n"),
    "paragraphs": repeat("a\n\n"),
    "lines": repeat("a\n"),
    "headings": repeat("# a\n"),
    "setext headings": repeat("a\n=\n"),
    "emphasis runs": repeat("*a **a "),
    "closed emphasis": repeat("a**b"),
    "strikes": repeat("~~a~"),
    "ticks": repeat("`"),
    "ticks of all lengths": " ".join("`" * length for length in range(1, 360)),
    "ticks across paragraphs": repeat("`\n\n"),
    "fences": repeat("```\n"),
    "escapes": repeat("\\*"),
    "less than": repeat("<"),
    "ampersands": repeat("&"),
    "entities": repeat("&amp;"),
    "open tags": repeat("<a "),
    "open values": repeat('<div "'),
    "open comments": repeat("<!-- "),
    "open declarations": repeat("<!A "),
    "open scripts": repeat("<script>"),
    "unfinished scripts": repeat("<script "),
    "divs": repeat("<div>"),
    "divs and paragraphs": "<div>" * 6_000 + "<p>" * 10_000,
    "lists of html": repeat("<ul><li>"),
    "definitions": repeat("<dl><dt>"),
    "tables in tables": repeat("<table><tr><td>"),
    "cells": repeat("<td>", before="<table>"),
    "misnested formatting": repeat("<b><div>"),
    "deeply misnested formatting": repeat("<b>" + "<div>" * 9 + "</b>"),
    "reopened formatting": DISTINCT + "\n\n" + "a\n\n" * 13_000,
    "formatting in a table": "<table>" + DISTINCT + "<tr>a" * 8_000,
    "anchors": repeat("<a>"),
    "html links": repeat("<a href=x>y</a>"),
    "foreign content": repeat("<svg><a>"),
    "attributes": repeat("a=b ", before="<div ", after=">"),
    "table": repeat("|a|b|c|d|e|f|g|h\n", before="|a|b|c|d|e|f|g|h\n|-|-|-|-|-|-|-|-\n"),
    "wide table": "|" + "a|" * 16_000 + "\n|" + "-|" * 16_000 + "\n",
    "growing table": "|" + "a|" * 8_000 + "\n|" + "-|" * 8_000 + "\n" + "a\n" * 15_000,
    "addresses": repeat("http://a.b "),
    "host names": repeat("www.a "),
    "brackets in an address": repeat(")", before="http://a.b/"),
    "emphasis in addresses": repeat("http://a*b*c "),
    "at signs": repeat("@"),
    "mentions": repeat("@a "),
    "mentions and dots": repeat("@."),
    "hashtags": repeat("#a "),
    "hashtags in a word": repeat("#a"),
    "one word": repeat("a"),
    "joined characters": repeat("a\u200d"),
    "videos": repeat("https://youtu.be/abcdefghijk "),
    "bold tags": repeat("[b]x[/b]"),
    "nested bold tags": "[b]" * (HALF // 4) + "x" + " " * 5_000 + "[/b]" * (HALF // 4),
    "open bold tags": repeat("[b]"),
    "open quote tags": repeat("[quote]"),
    "nested quote tags": "[quote]" * (HALF // 8) + "[/quote]" * (HALF // 8),
    "quoted lines": "[quote]" * 10 + "\n" * 60_000 + "[/quote]" * 10,
    "nested image tags": "[img]" * (HALF // 6) + "[/img]" * (HALF // 6),
    "open address tags": repeat("[url="),
    "bullets": repeat("[*]\n"),
    "capitals": repeat("A "),
}


@pytest.fixture(autouse=True)
def end_what_never_ends() -> Iterator[None]:
    faulthandler.dump_traceback_later(60, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.mark.parametrize("name", HOSTILE)
def test_X4_a_hostile_text_renders_within_bounds(name: str) -> None:
    html = render(HOSTILE[name], context=CONTEXT).html
    assert len(html) <= 10 * MAX_MARKDOWN_LENGTH
    assert html.count("<") <= MAX_MARKDOWN_LENGTH + 2
    assert depth_of(html) <= MAX_DEPTH + 8


def depth_of(html: str) -> int:
    depth = deepest = 0
    for tag in re.findall(r"</?[a-z0-9]+[^>]*>", html):
        if not tag.endswith("/>"):
            depth += -1 if tag.startswith("</") else 1
            deepest = max(deepest, depth)
    assert depth == 0
    return deepest


def test_X4_a_text_out_of_bounds_is_shown_as_typed() -> None:
    html = render(repeat("![](a)\n"), context=CONTEXT).html
    assert html.startswith("<p>![](a)<br/>\n![](a)<br/>\n")
    assert_allowed(html)


def test_X4_what_is_nested_too_deep_stays_readable() -> None:
    html = render("<div>" * 1_000 + "**deep**" + "</div>" * 1_000 + "\n\nafter", context=CONTEXT).html
    assert html.count("<div>") == MAX_DEPTH
    assert "deep" in html
    assert html.endswith("<p>after</p>\n")


def test_an_imported_text_longer_than_people_may_write_is_rendered() -> None:
    html = render("A *word* and http://ex.org/a.\n\n" * 20_000, context=CONTEXT).html
    assert html.count("<em>word</em>") == 20_000
