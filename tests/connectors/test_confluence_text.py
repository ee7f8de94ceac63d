"""How pages of `confluence` read: its storage format as Markdown, whatever stands in it."""

from __future__ import annotations

import pytest

from aragora_sync.connectors.confluence.gathered import Gathered, digest_of_all
from aragora_sync.connectors.confluence.items import Place, without_text
from aragora_sync.connectors.confluence.markdown import Setting, to_markdown
from aragora_sync.connectors.confluence.marks import MOST_SEEN, Latest, Marks
from aragora_sync.connectors.confluence.records import Attachment, Comment, Page, Space, moment_of
from aragora_sync.connectors.confluence.storage import DEEPEST, mentioned, parse
from aragora_sync.core.errors import CursorExpired

BASE = "https://acme.atlassian.net/wiki"
SETTING = Setting(BASE, "ENG", {"712020:a": "Ann", "8a7f": "Bob"})


def shown(storage: str) -> str:
    return to_markdown(storage, SETTING)


def macro(_name: str, body: str = "", **parameters: str) -> str:
    told = "".join(f'<ac:parameter ac:name="{key}">{value}</ac:parameter>' for key, value in parameters.items())
    return f'<ac:structured-macro ac:name="{_name}">{told}{body}</ac:structured-macro>'


def rich(body: str) -> str:
    return f"<ac:rich-text-body>{body}</ac:rich-text-body>"


def plain(text: str) -> str:
    return f"<ac:plain-text-body><![CDATA[{text}]]></ac:plain-text-body>"


# 17 and 20: what the vendor's file names


def test_case_17_code_is_the_exact_source_where_its_cdata_is_split():
    code = plain("if a[b[0]]]]><![CDATA[> 1:\n    <pass/>")

    assert shown(macro("code", code, language="python")) == "```python\nif a[b[0]]> 1:\n    <pass/>\n```"


def test_case_17_cells_that_span_are_repeated():
    table = (
        "<table><tbody><tr><th>A</th><th>B</th></tr><tr><td rowspan='2'>x</td><td>1|2</td></tr>"
        "<tr><td><p>p</p><p>q</p></td></tr><tr><td colspan='2'>w</td></tr></tbody></table>"
    )

    assert shown(table).splitlines() == [
        "| A | B |",
        "| --- | --- |",
        "| x | 1\\|2 |",
        "| x | p<br>q |",
        "| w | w |",
    ]


def test_case_17_tasks_are_ticked_or_not():
    done = "<ac:task><ac:task-status>complete</ac:task-status><ac:task-body>ship it</ac:task-body></ac:task>"
    open_one = (
        "<ac:task><ac:task-id>2</ac:task-id><ac:task-status>incomplete</ac:task-status>"
        '<ac:task-body><span>call <ac:link><ri:user ri:account-id="712020:a"/></ac:link> by '
        '<time datetime="2026-11-20"/></span></ac:task-body></ac:task>'
    )

    assert shown(f"<ac:task-list>{done}{open_one}</ac:task-list>") == "- [x] ship it\n- [ ] call @Ann by 2026-11-20"


def test_case_17_people_are_mentioned_by_name():
    body = (
        '<p><ac:link><ri:user ri:account-id="712020:a"/></ac:link> <ac:link><ri:user ri:userkey="8a7f"/></ac:link></p>'
    )

    assert shown(body) == "@Ann @Bob"
    assert mentioned(body) == ["712020:a", "8a7f"]
    assert shown('<ac:link><ri:user ri:account-id="unknown"/></ac:link>') == "@unknown"


def test_case_20_entities_of_html_and_halves_of_characters_are_read():
    assert shown("<p>a&nbsp;b &rsquo;c&rsquo; &lt;d&gt; &amp;amp;</p>") == "a b ’c’ <d> &amp;"
    assert shown("<p>\U0001f600 &#128512; &#x1F600; &#55357;&#56832;</p>") == "😀 😀 😀 😀"


def test_case_20_unknown_macros_give_their_body_or_their_name():
    assert shown(macro("whatever", a="b")) == "<!-- macro: whatever -->"
    assert shown(macro("whatever", rich("<p>inside</p>"), a="b")) == "inside"
    assert shown(macro("whatever", plain("inside\n  it"))) == "```\ninside\n  it\n```"


# The storage format


@pytest.mark.parametrize(
    ("storage", "markdown"),
    [
        ("", ""),
        ("<p></p><p> </p><p/>", ""),
        ("just words", "just words"),
        ("<h1>One</h1><h6>Six <em>it</em></h6><h2></h2>", "# One\n\n###### Six *it*"),
        (
            "<p>a <strong>b</strong> <b> c </b><em>d</em> <del>e</del> <u>f</u> H<sub>2</sub>O</p>",
            "a **b** **c** *d* ~~e~~ f H2O",
        ),
        ("<p>one<br/>two\n   three</p>", "one\ntwo three"),
        ("<p>a <code>x = 1</code> <code>`y`</code></p>", "a `x = 1` `` `y` ``"),
        ("<pre>a\n  b</pre>", "```\na\n  b\n```"),
        ("<blockquote><p>q</p><p>r</p></blockquote><hr/>", "> q\n>\n> r\n\n---"),
        ("<ul><li>a<ul><li>b</li></ul></li><li><p>c</p></li></ul>", "- a\n  - b\n- c"),
        ("<ul><li>a</li><ul><li>b</li></ul></ul>", "- a\n  - b"),
        ('<ol start="3"><li>a</li><li><p>b</p><p>c</p></li></ol>', "3. a\n4. b\n\n   c"),
        ("<table><tr><td>a</td></tr><tr><td/></tr></table>", "|  |\n| --- |\n| a |\n|  |"),
        ("<table></table><ul> </ul>", ""),
        ("<table><caption>Said</caption><tr><td>a</td></tr></table>", "Said\n\n|  |\n| --- |\n| a |"),
        (
            "<table><tr><th>A</th></tr><tr><td>b<table><tr><th>in</th></tr><tr><td>c</td></tr></table></td></tr></table>",
            "| A |\n| --- |\n| b<br><table><tr><th>in</th></tr><tr><td>c</td></tr></table> |",
        ),
        ("<div><p>a</p><div>b<p>c</p></div></div>", "a\n\nb\n\nc"),
        (
            "<ac:layout><ac:layout-section><ac:layout-cell><p>l</p></ac:layout-cell></ac:layout-section></ac:layout>",
            "l",
        ),
        ('<p>a <ac:inline-comment-marker ac:ref="1">b</ac:inline-comment-marker> c</p>', "a b c"),
        ("<p>a<ac:placeholder>type here</ac:placeholder></p>", "a"),
        (
            "<ac:adf-extension><ac:adf-node type='panel'><ac:adf-content><p>new</p></ac:adf-content></ac:adf-node>"
            "<ac:adf-fallback><p>old</p></ac:adf-fallback></ac:adf-extension>",
            "old",
        ),
        (
            "<ac:adf-extension><ac:adf-node type='panel'><ac:adf-attribute key='k'>v</ac:adf-attribute>"
            "<ac:adf-content><p>new</p></ac:adf-content></ac:adf-node></ac:adf-extension>",
            "new",
        ),
        ('<p><ac:emoticon ac:name="tick" ac:emoji-shortname=":check:" ac:emoji-fallback="✅"/></p>', "✅"),
        ('<p><ac:emoticon ac:name="x" ac:emoji-shortname=":blob:"/><ac:emoticon ac:name="tick"/></p>', ":blob::tick:"),
    ],
)
def test_storage_reads_as_markdown(storage, markdown):
    assert shown(storage) == markdown


@pytest.mark.parametrize(
    ("storage", "markdown"),
    [
        ('<a href="https://x.y/?a=1&amp;b=2">there</a>', "[there](https://x.y/?a=1&b=2)"),
        ('<a href="https://x.y"></a><a name="here">in</a>', "[https://x.y](https://x.y)in"),
        ('<ac:link><ri:page ri:content-title="A page"/></ac:link>', f"[A page]({BASE}/display/ENG/A+page)"),
        (
            '<ac:link ac:anchor="top"><ri:page ri:content-title="A/B" ri:space-key="OPS"/>'
            "<ac:plain-text-link-body><![CDATA[see]]></ac:plain-text-link-body></ac:link>",
            f"[see]({BASE}/display/OPS/A%2FB#top)",
        ),
        (
            '<ac:link><ri:page ri:content-title="P"/><ac:link-body>a <strong>b</strong></ac:link-body></ac:link>',
            f"[a **b**]({BASE}/display/ENG/P)",
        ),
        ('<ac:link ac:anchor="top"/>', "[top](#top)"),
        (
            '<ac:link><ri:blog-post ri:content-title="News" ri:posting-day="2026/11/20"/></ac:link>',
            f"[News]({BASE}/display/ENG/2026/11/20/News)",
        ),
        ('<ac:link><ri:space ri:space-key="OPS"/></ac:link>', f"[OPS]({BASE}/spaces/OPS)"),
        ('<ac:link><ri:content-entity ri:content-id="7"/></ac:link>', f"[7]({BASE}/pages/viewpage.action?pageId=7)"),
        ('<ac:link><ri:attachment ri:filename="a b.pdf"/></ac:link>', "[a b.pdf](attachment:a%20b.pdf)"),
        ('<ac:image ac:alt="chart"><ri:attachment ri:filename="c.png"/></ac:image>', "![chart](attachment:c.png)"),
        ('<ac:image><ri:url ri:value="https://x/y.png"/></ac:image>', "![](https://x/y.png)"),
        ("<ac:image/>", ""),
        ("<ac:link/>", ""),
    ],
)
def test_links_and_images_keep_addresses_that_stay(storage, markdown):
    assert shown(f"<p>{storage}</p>") == markdown


@pytest.mark.parametrize(
    ("storage", "markdown"),
    [
        (macro("code", plain("a\n```\nb"), title="T"), "**T**\n\n````\na\n```\nb\n````"),
        (macro("noformat", plain("x")), "```\nx\n```"),
        (macro("info", rich("<p>hey</p><p>you</p>")), "> [!NOTE]\n> hey\n>\n> you"),
        (macro("warning", rich("<p>hot</p>"), title="Mind"), "> [!CAUTION]\n> **Mind**\n> hot"),
        (macro("tip", rich("<p>t</p>")) + macro("note", rich("<p>n</p>")), "> [!TIP]\n> t\n\n> [!WARNING]\n> n"),
        (macro("panel"), "> [!NOTE]"),
        (macro("expand", rich("<p>b</p>"), title="More"), "**More**\n\nb"),
        (f"<p>is {macro('status', title='DONE', colour='Green')} now</p>", "is [DONE] now"),
        (macro("toc") + macro("children", sort="creation") + macro("detailssummary") + "<p>a</p>", "a"),
        (macro("excerpt", rich("<p>short</p>")), "short"),
        (
            macro("include", "<ac:parameter><ac:link><ri:page ri:content-title='Src'/></ac:link></ac:parameter>"),
            f"[include: Src]({BASE}/display/ENG/Src)",
        ),
        (macro("excerpt-include", name="Src"), "[include: Src]"),
        (macro("jira", key="KEY-1", server="Jira"), "KEY-1"),
        (macro("jira", key="KEY-1", baseUrl="https://j"), "[KEY-1](https://j/browse/KEY-1)"),
        (macro("jira", jqlQuery="project = X"), "project = X"),
        (macro("details", rich("<table><tr><td>a</td></tr></table>")), "|  |\n| --- |\n| a |"),
        (macro("drawio", diagramName="the plan"), "[the plan](attachment:the%20plan)"),
        (macro("mermaid", plain("graph TD")), "```mermaid\ngraph TD\n```"),
        (
            macro("view-file", "<ac:parameter ac:name='name'><ri:attachment ri:filename='a.pdf'/></ac:parameter>"),
            "[a.pdf](attachment:a.pdf)",
        ),
    ],
)  # fmt: skip
def test_macros_show_what_their_readers_see(storage, markdown):
    assert shown(storage) == markdown


# What is no XML, or means harm


@pytest.mark.parametrize(
    ("storage", "words"),
    [
        ("<p>broken <b>bold <i>x</b> & more <br> end", ["broken", "bold", "x", "& more", "end"]),
        ("</p>late<p>open", ["late", "open"]),
        ("<ac:link><ri:page ri:content-title=T>", ["T"]),
        ("a < b and c > d <", ["a < b", "c > d"]),
        ("<p>\x00a\x0bb\ufffe</p>", ["ab"]),
        (macro("code", plain("x < y & z")) + "<p>unclosed", ["x < y & z", "unclosed"]),
        ("<p>half \ud83d of one</p>", ["half", "of one"]),
    ],
)
def test_a_page_that_cannot_be_parsed_still_gives_its_text(storage, words):
    text = shown(storage)

    assert [word for word in words if word not in text] == []
    text.encode()


def test_entities_of_its_own_are_not_expanded():
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "boom"}">' for n in range(10))
    text = shown(f"<!DOCTYPE x [{bomb}]><p>before &e9; after</p>")

    assert "before &e9; after" in text
    assert "boomboom" not in text


def test_entities_that_name_files_are_not_read(tmp_path):
    (tmp_path / "secret").write_text("hidden words")
    text = shown(f'<!DOCTYPE x [<!ENTITY f SYSTEM "file://{tmp_path}/secret">]><p>&f;</p>')

    assert "hidden words" not in text


@pytest.mark.parametrize("tag", ["div", "b", "table", "ul", "blockquote"])
def test_however_deep_its_text_is_read(tag):
    assert "core" in shown(f"<{tag}>" * 20 * DEEPEST + "core" + f"</{tag}>" * 20 * DEEPEST)


def test_a_cell_that_claims_to_span_everything_spans_a_hundred():
    assert shown('<table><tr><td colspan="999999999">x</td></tr></table>').count("x") == 100


def test_strictly_and_tolerantly_read_is_the_same_where_it_is_xml():
    body = macro("info", rich(f"<p>a &amp; b</p>{plain('c')}<ac:link><ri:page ri:content-title='T'/></ac:link>"))
    broken = body + "<br>"

    assert shown(broken) == shown(body)
    assert parse(broken).text == parse(body).text


# Items


def page(**more: object) -> Page:
    raw = {"id": "7", "status": "current", "title": "T", "spaceId": "1", "version": {"number": 2, "createdAt": AT}}
    return Page.read({**raw, "createdAt": AT, **more}, "page")


AT = "2026-11-20T10:05:12.431Z"


def comment(comment_id: str, text: str, place: str = "footer", **more: object) -> Comment:
    body = {"storage": {"value": f"<p>{text}</p>"}}
    version = {"number": 1, "createdAt": AT, "authorId": "712020:a"}
    return Comment.read({"id": comment_id, "pageId": "7", "version": version, "body": body, **more}, place)


def test_comments_stand_below_the_page_answers_below_what_they_answer():
    place = Place(Space("1", "ENG", "Engineering", "current"), BASE)
    inline = {"resolutionStatus": "resolved", "properties": {"inlineOriginalSelection": "noon"}}
    comments = [
        comment("30", "at words", "inline", **inline),
        comment("12", "answer", parentCommentId="10"),
        comment("11", "second"),
        comment("10", "first"),
        comment("13", "answer to the answer", parentCommentId="12"),
    ]
    item = place.page_item(page(body={"storage": {"value": "<p>words</p>"}}), comments, {"712020:a": "Ann"})

    assert item.content == (
        "words\n\n## Comments\n\n"
        "**Ann**, 2026-11-20 10:05:\n\nfirst\n\n"
        "> **Ann**, 2026-11-20 10:05:\n>\n> answer\n\n"
        "> > **Ann**, 2026-11-20 10:05:\n> >\n> > answer to the answer\n\n"
        "**Ann**, 2026-11-20 10:05:\n\nsecond\n\n"
        "**Ann**, 2026-11-20 10:05, at “noon” (resolved):\n\nat words"
    )


def test_an_answer_to_a_comment_that_is_gone_is_told_all_the_same():
    place = Place(Space("1", "ENG", "Engineering", "current"), BASE)
    item = place.page_item(page(), [comment("12", "answer", parentCommentId="10")], {})

    assert (item.content or "").endswith("answer")


@pytest.mark.parametrize(
    ("title", "media_type", "reason"),
    [
        ("a.txt", "text/plain", ""),
        ("a.bin", "text/csv; charset=utf-8", ""),
        ("a.json", "application/json", ""),
        ("a.md", "application/octet-stream", ""),
        ("a.rss", "application/rss+xml", ""),
        ("a.svg", "image/svg+xml", "no extractor for .svg"),
        ("a.pdf", "application/pdf", "no extractor for .pdf"),
        ("a", "image/png", "no extractor for image/png"),
        (".profile", "", "no extractor for this kind of file"),
    ],
)
def test_files_that_hold_no_text_are_told_by_name_and_type(title, media_type, reason):
    raw = {"id": "att1", "title": title, "mediaType": media_type, "version": {"number": 1, "createdAt": AT}}

    assert without_text(Attachment.read(raw)) == reason


# Marks


def test_a_mark_is_never_nearer_to_the_present_than_half_a_minute():
    marks = Marks(None, moment_of("2026-11-20T10:05:30Z"))
    marks.advance("page", moment_of("2026-11-20T10:05:29Z"))

    assert marks.cursor == {"at": {"page": "2026-11-20T10:05:00+00:00"}, "seen": {}}


@pytest.mark.parametrize("cursor", [["a"], "2026-11-20", {"at": 1}, {"at": {"page": 7}}, {"at": {}, "outside": "no"}])
def test_cursor_of_another_version_begins_anew(cursor):
    with pytest.raises(CursorExpired):
        Marks(cursor, None)


def test_a_mark_never_goes_back():
    marks = Marks({"at": {"page": AT}}, moment_of("2026-11-21T00:00:00Z"))
    marks.advance("page", moment_of("2026-11-19T10:00:00Z"))

    assert marks.cursor == {"at": {"page": "2026-11-20T10:05:12.431000+00:00"}, "seen": {}}


def test_newest_entries_are_remembered_within_bounds():
    latest = Latest(moment_of("2026-11-20T10:05:00Z") - moment_of("2026-11-20T10:00:00Z"))
    for number in range(3 * MOST_SEEN):
        latest.note(str(number), moment_of(AT))
    latest.note("old", moment_of("2026-11-19T00:00:00Z"))
    marks = Marks(None, None)
    marks.remember("footer", latest, latest.window)

    assert len(marks.cursor["seen"]["footer"]) == MOST_SEEN
    assert "old" not in marks.cursor["seen"]["footer"]


def test_what_was_gathered_beyond_the_bound_is_only_counted(monkeypatch):
    monkeypatch.setattr("aragora_sync.connectors.confluence.gathered.KEPT_BYTES", 10)
    found: Gathered[str] = Gathered(moment_of(AT) - moment_of(AT))
    found.add("7", "1.1", "first", 6)
    assert found.of("7") == ["first"]

    found.add("8", "2.1", "second", 6)
    assert (found.of("7"), found.of("9")) == (None, [])
    assert found.digest("8") == digest_of_all(["2.1"])
