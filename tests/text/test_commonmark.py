"""Every example of the CommonMark specification renders, to allow-listed HTML that sanitising leaves as it is."""

import json
from pathlib import Path

import pytest

from apps.text.finishing import finish
from apps.text.rendering import RenderContext, render
from apps.text.sanitising import sanitise
from tests.text.allowlist import assert_allowed

EXAMPLES = json.loads((Path(__file__).parent / "data" / "commonmark-0.31.2.json").read_text())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["example"]))
def test_an_example_of_the_specification_renders_safely(example: dict[str, str]) -> None:
    html = render(example["markdown"], context=RenderContext()).html
    assert_allowed(html)
    once = sanitise(html)
    assert sanitise(once) == once
    again, _ = finish(once, site_hosts=frozenset(), shorten=None, embeds=False)
    assert again.count("<") == html.count("<")


def test_the_whole_specification_is_there() -> None:
    assert len(EXAMPLES) == 652
