"""The contract's rendering vectors (B, appendix B), and what its sections 6 to 6.3 say beside them."""

from collections.abc import Collection, Mapping

import pytest

from apps.text.rendering import RENDERER_VERSION, RenderContext, render

REL = ' rel="nofollow ugc noopener" target="_blank"'
PROFILES = {"bob": 5, "bob.smith": 6, "r&d": 7, "ann": 8}


def profiles(names: Collection[str]) -> Mapping[str, int]:
    return {name: PROFILES[name] for name in names if name in PROFILES}


CONTEXT = RenderContext(site_hosts=frozenset({"forum.example", "localhost:8000"}), profiles=profiles)


def html_of(markdown: str) -> str:
    return render(markdown, context=CONTEXT).html


VECTORS = [
    (
        "hello **x** www.example.org/a?b=1&c=2 end",
        f'<p>hello <strong>x</strong> <a href="http://www.example.org/a?b=1&amp;c=2"{REL}>'
        "http://www.example.org/a?b=1&amp;c=2</a> end</p>\n",
    ),
    ("line1\nline2\n\n- a\n- b", "<p>line1<br/>\nline2</p>\n<ul>\n<li>a<br/></li>\n<li>b<br/></li>\n</ul>\n"),
    ("1. one\n2. two", "<ol>\n<li>one<br/></li>\n<li>two<br/></li>\n</ol>\n"),
    ("> q1\n> q2\nafter", "<blockquote>\n<p>q1<br/>\nq2<br/>\nafter</p>\n</blockquote>\n"),
    ("# Head", "<h1>Head</h1>\n"),
    ("ALL CAPS HERE!", "<p>all caps here!</p>\n"),
    ("```go\nx := 1\n```", "<pre><code>x := 1\n</code></pre>\n"),
    ('a "quote" & <tag> it\'s', "<p>a &#34;quote&#34; &amp;  it&#39;s</p>\n"),
    (
        "~~gone~~ a_b_c [x](javascript:alert(1)) [y](/rel) [m](mailto:a@b.c)",
        '<p><del>gone</del> a_b_c x <a href="/rel">y</a> <a href="mailto:a@b.c">m</a></p>\n',
    ),
    ('[t](http://ex.org "hello there")', f'<p><a href="http://ex.org" title="hello there"{REL}>t</a></p>\n'),
    ("see https://ex.org/x.", f'<p>see <a href="https://ex.org/x"{REL}>https://ex.org/x</a>.</p>\n'),
    ("bob@example.org", "<p>bob@example.org</p>\n"),
    ("<bob@example.org>", '<p><a href="mailto:bob@example.org">bob@example.org</a></p>\n'),
    ("![](http://ex.org/a.png)", '<p><img class="ip" src="http://ex.org/a.png"/></p>\n'),
    (
        '![alt t](http://ex.org/b.png "t:1")',
        '<p><img class="ip" src="http://ex.org/b.png" alt="alt t"/></p>\n',
    ),
    ("<script>alert(1)</script> <b onclick=x>ok</b> <iframe src=x></iframe>", "<p><b>ok</b> </p>\n"),
    ('<div class="x" style="y" id="z">q</div>', '<div id="z">q</div>\n'),
    ('<img src="data:image/png;base64,aaaa">', "<img/>\n"),
    (
        "<details open><summary>s</summary>t</details>",
        '<details open=""><summary>s</summary>t</details>\n',
    ),
    (
        "| a | b |\n|---|:-:|\n| 1 | 2 |",
        '<table><thead><tr><th>a</th><th align="center">b</th></tr></thead><tbody>\n'
        '<tr><td>1</td><td align="center">2</td></tr>\n</tbody></table>\n',
    ),
    ("x" * 48, f"<p>{'x' * 40}\u00ad{'x' * 8}</p>\n"),
    (
        f"http://ex.org/{'x' * 34}",
        f'<p><a href="http://ex.org/{"x" * 34}"{REL}>http://ex.org/{"x" * 26}\u00ad{"x" * 8}</a></p>\n',
    ),
    ("[quote=bob]hi\nthere[/quote]\nok", "<blockquote>\n<p>hi<br/>\nthere</p>\n</blockquote>\n<p>ok</p>\n"),
    (
        "[b]B[/b] [u]U[/u] [s]y[/s] [color=red]r[/color]",
        "<p><strong>B</strong> <em>U</em> <del>y</del> r</p>\n",
    ),
    ("[list]\n[*]one\n[*]two\n[/list]", "<ul>\n<li>one<br/></li>\n<li>two<br/></li>\n</ul>\n"),
    (
        "[url=http://ex.org]t[/url] [img]http://ex.org/i.png[/img] [attach]12[/attach]",
        f'<p><a href="http://ex.org"{REL}>t</a> <img class="ip" src="http://ex.org/i.png"/> '
        '<a href="/attachments/12">/attachments/12</a></p>\n',
    ),
    ("#tag and #1 x", '<p><a href="/search/?q=%23tag">#tag</a> and #1 x</p>\n'),
    ("hi @bob", '<p>hi <a href="/profiles/5">@bob</a></p>\n'),
]


@pytest.mark.parametrize(("markdown", "html"), VECTORS)
def test_a_vector_renders_as_the_contract_says(markdown: str, html: str) -> None:
    assert html_of(markdown) == html


def test_outgoing_links_go_through_the_shortener_where_a_site_has_one() -> None:
    context = RenderContext(shorten=lambda url, text: f"https://jump.example/out/x2?{url}|{text}")
    rendered = render("[a *t*](http://ex.org/?a=1&b=2) [in](/x)", context=context)
    assert rendered.html == (
        f'<p><a href="https://jump.example/out/x2?http://ex.org/?a=1&amp;b=2|a t"{REL}>a <em>t</em></a> '
        '<a href="/x">in</a></p>\n'
    )
    assert [(link.url, link.text) for link in rendered.links] == [("http://ex.org/?a=1&b=2", "a t")]


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("[BOLD]", "<p>[bold]</p>\n"),
        ("[B]x[/b]", "<p><strong>x</strong></p>\n"),
        ("[b] x [/b]y", "<p><strong>x</strong> y</p>\n"),
        ("a[i]b[/i]c", "<p>a<em>b</em>c</p>\n"),
        ("[b]open", "<p>[b]open</p>\n"),
        ("close[/b]", "<p>close[/b]</p>\n"),
        ("[b][i]x[/i][/b]", "<p><strong><em>x</em></strong></p>\n"),
        ("[b]\nx\n[/b]", "<p><strong>x</strong></p>\n"),
        ("[cite]x[/cite]", "<p><em>x</em></p>\n"),
        ("[email]a@b.c[/email]", '<p><a href="mailto:a@b.c">a@b.c</a></p>\n'),
        ("[email=a@b.c]me[/email]", '<p><a href="mailto:a@b.c">a@b.c</a></p>\n'),
        ("[url]http://ex.org/_a_[/url]", f'<p><a href="http://ex.org/_a_"{REL}>http://ex.org/_a_</a></p>\n'),
        ('[url="http://ex.org"][b]t[/b][/url]', f'<p><a href="http://ex.org"{REL}><strong>t</strong></a></p>\n'),
        ("[url=javascript:alert(1)]t[/url]", "<p>t</p>\n"),
        ("[img]javascript:alert(1)[/img]", "<p><img/></p>\n"),
        ("[img]not an address[/img]", "<p>[img]not an address[/img]</p>\n"),
        ("[attach]x[/attach]", "<p>[attach]x[/attach]</p>\n"),
        ("`[b]x[/b]`", "<p><code>[b]x[/b]</code></p>\n"),
        ("```\n[b]x[/b] #a @bob\n```", "<pre><code>[b]x[/b] #a @bob\n</code></pre>\n"),
        ("[quote]open", "<p>[quote]open</p>\n"),
        (
            "[quote]a\n[quote]b[/quote]\nc[/quote]d",
            "<blockquote>\n<p>a</p>\n<blockquote>\n<p>b</p>\n</blockquote>\n<p>c</p>\n</blockquote>\n<p>d</p>\n",
        ),
        (
            "[quote=bob]\n```\nx\n\ny\n```\n[/quote]",
            "<blockquote>\n<pre><code>x\n\ny\n</code></pre>\n</blockquote>\n",
        ),
        (r"\[b]x[/b]", "<p>[b]x[/b]</p>\n"),
    ],
)
def test_bbcode_becomes_markup(markdown: str, html: str) -> None:
    assert html_of(markdown) == html


def test_quotes_nest_eight_deep_and_no_deeper() -> None:
    assert html_of("[quote]" * 20 + "x" + "[/quote]" * 20).count("<blockquote>") == 8


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("@bob", '<p><a href="/profiles/5">@bob</a></p>\n'),
        ("+BOB! x", '<p><a href="/profiles/5">+BOB</a>! x</p>\n'),
        ("(@bob)", '<p>(<a href="/profiles/5">@bob</a>)</p>\n'),
        ("@bob's", '<p><a href="/profiles/5">@bob</a>&#39;s</p>\n'),
        ("@bob.smith.", '<p><a href="/profiles/6">@bob.smith</a>.</p>\n'),
        ("@bob.jones", "<p>@bob.jones</p>\n"),
        ("@bob,@ann", '<p><a href="/profiles/5">@bob</a>,<a href="/profiles/8">@ann</a></p>\n'),
        ("@R&D x", '<p><a href="/profiles/7">@R&amp;D</a> x</p>\n'),
        ("@bobby x@bob", "<p>@bobby x@bob</p>\n"),
        ("**@bob**", '<p><strong><a href="/profiles/5">@bob</a></strong></p>\n'),
        ("`@bob`", "<p><code>@bob</code></p>\n"),
        ("[@bob](/x)", '<p><a href="/x">@bob</a></p>\n'),
        ('<i title="@bob">x</i>', "<p><i>x</i></p>\n"),
        ("![@bob](/x.png)", '<p><img class="ip" src="/x.png"/></p>\n'),
    ],
)
def test_a_mention_is_a_whole_name_in_running_text(markdown: str, html: str) -> None:
    assert html_of(markdown) == html


def test_all_names_of_a_text_are_looked_up_at_once() -> None:
    asked: list[set[str]] = []

    def look_up(names: Collection[str]) -> Mapping[str, int]:
        asked.append(set(names))
        return {"bob": 5, "ann": 8}

    rendered = render("@Bob and *@ann*, again @bob\n\n@nobody", context=RenderContext(profiles=look_up))
    assert asked == [{"bob", "ann", "nobody"}]
    assert rendered.mentioned_profile_ids == (5, 8)


def test_hashtags_are_reported_once_each() -> None:
    rendered = render("#Tag #tag #tür\n\n# Head\n\n`#code` a#b #a_1", context=CONTEXT)
    assert rendered.hashtags == ("tag", "tür", "a_1")
    assert '<a href="/search/?q=%23t%C3%BCr">#tür</a>' in rendered.html


@pytest.mark.parametrize(
    ("markdown", "href"),
    [
        ("https://forum.example", "/"),
        ("http://FORUM.example/a?b=1#c", "/a?b=1#c"),
        ("[x](https://forum.example//evil.example)", "/evil.example"),
        ('<a href="https://forum.example/\\evil.example">x</a>', "/evil.example"),
        ("[x](https://forum.example?q=1)", "/?q=1"),
        ("[x](http://localhost:8000/x)", "/x"),
    ],
)
def test_a_link_to_this_site_is_root_relative(markdown: str, href: str) -> None:
    html = html_of(markdown)
    assert f'<a href="{href}">' in html


@pytest.mark.parametrize(
    "address",
    [
        "https://forum.example.evil.example/",
        "https://forum.example@evil.example/",
        "https://evil.example/forum.example",
        "http://forum.example:81/",
        "http://forum.example./",
    ],
)
def test_a_host_that_only_looks_like_this_site_is_another_site(address: str) -> None:
    assert html_of(f"[x](<{address}>)") == f'<p><a href="{address}"{REL}>x</a></p>\n'


@pytest.mark.parametrize(
    ("markdown", "href"),
    [
        ("http://ex.org/__init__.py", "http://ex.org/__init__.py"),
        ("http://ex.org/*a*/_b_", "http://ex.org/*a*/_b"),
        ("**http://ex.org/a**", "http://ex.org/a"),
        ("(http://ex.org/a)", "http://ex.org/a"),
        ("http://ex.org/a_(b)", "http://ex.org/a_(b)"),
        ("http://ex.org/?a=1&copy=2, x", "http://ex.org/?a=1&amp;copy=2"),
        ("[d](www.ex.org/a)", "http://www.ex.org/a"),
        ("[d](//ex.org/a)", "https://ex.org/a"),
    ],
)
def test_addresses_are_read_as_they_were_meant(markdown: str, href: str) -> None:
    assert f'<a href="{href}"' in html_of(markdown)


@pytest.mark.parametrize("text", ["x@www.example.org", "http://", "www.", "javascript:alert(1)", "xhttp://a.b"])
def test_what_is_no_address_stays_text(text: str) -> None:
    assert html_of(f"a {text}") == f"<p>a {text}</p>\n"


def test_a_soft_hyphen_never_parts_what_is_one_character() -> None:
    family = "👩\u200d👩\u200d👧"
    assert html_of("x" * 39 + family + "y") == f"<p>{'x' * 39}{family}\u00ady</p>\n"


def test_code_is_left_alone() -> None:
    assert html_of("`" + "x" * 50 + "`") == f"<p><code>{'x' * 50}</code></p>\n"


def test_characters_spelt_as_entities_are_filtered_too() -> None:
    assert html_of("a&#8238;b&#7;c &lt;b&gt;") == "<p>abc &lt;b&gt;</p>\n"


def test_an_unclosed_tag_ends_with_its_paragraph() -> None:
    assert html_of("<b>a\n\nb") == "<p><b>a</b></p>\n<p>b</p>\n"


def test_nothing_renders_as_nothing() -> None:
    assert render(" \n\x00", context=CONTEXT).html == ""


def test_the_renderer_has_a_version() -> None:
    assert RENDERER_VERSION == 1
