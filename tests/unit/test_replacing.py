"""Texts that are replaced in a database: what replace.pl makes of a value, which words are refused, what is reported."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lampctl.engine.records import Door, Record
from lampctl.engine.replacing import checked, elsewhere, encoded, report
from lampctl.errors import UsageError
from lampctl.legible import one_line

PROGRAM = Path(__file__).parents[2] / "lampctl/host/db/replace.pl"
PAIRS = (("http://old.test", "https://new.example"), ("old", "new"), ("b/c", "\u00fc/\0"), ("loop", "looploop"))
SITE = Record("new.test", names=("new.test", "www.new.test"), door=Door(schemes=("http", "https")))


def rewritten(*values: bytes, pairs: tuple[tuple[str, str], ...] = PAIRS) -> list[tuple[bytes, int]]:
    """Each value with its replacements, and how many values in it were left."""
    sent = "\n".join((encoded(pairs), "", *(value.hex() for value in values), ""))
    perl = shutil.which("perl") or "perl"
    ran = subprocess.run([perl, PROGRAM, "--rewrite"], input=sent.encode(), capture_output=True, check=True, timeout=60)
    assert ran.stderr == b""
    rows = (line.split(b" ") for line in ran.stdout.splitlines())
    return [(bytes.fromhex(value.decode()), int(left)) for value, left in rows]


def text(value: str | bytes) -> bytes:
    """As PHP serializes it."""
    raw = value.encode() if isinstance(value, str) else value
    return b's:%d:"%b";' % (len(raw), raw)


OLD, NEW = text("http://old.test/"), text("https://new.example/")
ARRAY, ARRAY_NEW = b"a:1:{i:0;" + OLD + b"}", b"a:1:{i:0;" + NEW + b"}"


@pytest.mark.parametrize(
    ("value", "becomes"),
    [
        (b"", b""),
        (b"at http://old.test/x, old", b"at https://new.example/x, new"),
        (rb'{"u":"http:\/\/old.test\/"}', rb'{"u":"https:\/\/new.example\/"}'),
        (b"loop", b"looploop"),
        (b'old s:3:"old";', b'new s:3:"new";'),  # a text that contains the notation
        (OLD, NEW),
        (b" \n" + ARRAY + b"\n", b" \n" + ARRAY_NEW + b"\n"),
        (text("b/c"), text("\u00fc/\0")),  # lengths are in bytes
        (text('\u00fc";old\0'), text('\u00fc";new\0')),
        (text(ARRAY), text(ARRAY_NEW)),  # serialized in serialized
        (text(text(ARRAY)), text(text(ARRAY_NEW))),
        (b'a:1:{s:3:"old";' + OLD + b"}", b'a:1:{s:3:"old";' + NEW + b"}"),  # keys stay
        (b"a:0:{}", b"a:0:{}"),
        (
            b'O:3:"old":3:{s:6:"\0*\0old";' + OLD + b's:1:"b";R:2;s:1:"c";r:1;}',
            b'O:3:"old":3:{s:6:"\0*\0old";' + NEW + b's:1:"b";R:2;s:1:"c";r:1;}',
        ),
        (
            b'a:7:{i:0;b:1;i:-1;i:-5;i:2;d:1.0E+25;i:3;d:-INF;i:4;N;i:5;d:NAN;i:6;a:1:{s:0:"";' + OLD + b"}}",
            b'a:7:{i:0;b:1;i:-1;i:-5;i:2;d:1.0E+25;i:3;d:-INF;i:4;N;i:5;d:NAN;i:6;a:1:{s:0:"";' + NEW + b"}}",
        ),
        (b'a:2:{i:0;E:7:"Suit:ol";i:1;' + OLD + b"}", b'a:2:{i:0;E:7:"Suit:ol";i:1;' + NEW + b"}"),
        (b'a:2:{i:0;C:1:"X":3:{a}";i:1;' + OLD + b"}", None),
        (b'a:2:{i:0;C:1:"X":3:{a;}}i:1;' + OLD + b"}", b'a:2:{i:0;C:1:"X":3:{a;}}i:1;' + NEW + b"}"),
    ],
)
def test_lengths_stay_right(value: bytes, becomes: bytes | None) -> None:
    assert rewritten(value) == [(value, 1) if becomes is None else (becomes, 0)]


@pytest.mark.parametrize(
    "value",
    [
        b's:99:"http://old.test";',
        b's:2:"http://old.test";',
        b's:99999999999999999999:"old";',
        ARRAY[:-1],
        ARRAY + b"old",
        b"a:2:{i:0;" + OLD + b"}",
        b"a:0:{i:0;" + OLD + b"}",
        b"a:999999999999:{i:0;" + OLD + b"}",
        b"a:1:{d:0;" + OLD + b"}",
        b'O:9:"old":0:{}',
        b'C:1:"X":99:{old}',
        b'S:3:"old";',
        b"a:1:{i:0;" * 20_000 + OLD + b"}" * 20_000,  # deeper than PHP reads
    ],
)
def test_what_cannot_be_read_is_left_and_counted(value: bytes) -> None:
    assert rewritten(value) == [(value, 1)]


def test_parts_that_cannot_be_read_are_left_in_what_can() -> None:
    bad, own = text(b's:9:"old";'), b'C:1:"X":3:{old}'
    value = b"a:3:{i:0;%bi:1;%bi:2;%b}"
    assert rewritten(value % (bad, own, OLD)) == [(value % (bad, own, NEW), 2)]


Tree = str | bool | int | None | dict[int | str, "Tree"]
TREES = st.recursive(
    st.text("old/\u00fc\"';{}:s\0", max_size=9) | st.booleans() | st.none() | st.integers(),
    lambda inner: st.dictionaries(st.integers() | st.text("old\u00fc", max_size=4), inner, max_size=4),
)


def serialized(tree: Tree) -> bytes:
    if isinstance(tree, str):
        return text(tree)
    if isinstance(tree, dict):
        return b"a:%d:{%b}" % (len(tree), b"".join(serialized(k) + serialized(v) for k, v in tree.items()))
    return b"N;" if tree is None else b"%c:%d;" % (b"b" if isinstance(tree, bool) else b"i", tree)


def replaced(tree: Tree) -> Tree:
    if isinstance(tree, dict):
        return {key: replaced(value) for key, value in tree.items()}
    return tree.replace("old", "\u00fcld") if isinstance(tree, str) else tree


@given(st.lists(TREES, min_size=50, max_size=100))
@settings(max_examples=10, deadline=None)
def test_a_tree_keeps_its_form(trees: list[Tree]) -> None:
    wanted = [(serialized(replaced(tree)), 0) for tree in trees]
    assert rewritten(*map(serialized, trees), pairs=(("old", "\u00fcld"),)) == wanted


def test_all_texts_are_replaced_at_once() -> None:
    assert rewritten(b"abc ab b", pairs=(("ab", "b"), ("abc", "ab"), ("b", "ab"))) == [(b"ab b ab", 0)]


@pytest.mark.parametrize(
    ("olds", "news", "message"),
    [
        ([""], ["x"], "--replace '': the text to replace is empty"),
        (["x"], ["x"], "--replace x: --with is the same text"),
        (["x", "x"], ["y", "z"], "--replace x is given twice"),
        (["x"], [], "--replace is given once, --with 0 times"),
        ([], ["x"], "--replace is given 0 times, --with once"),
        (["x\udcff"], ["y"], "it or --with is not UTF-8"),
    ],
)
def test_texts_that_replace_nothing_are_refused(olds: list[str], news: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        checked(olds, news)


def test_texts_keep_what_urls_have() -> None:
    assert checked(["http://a:8080/?b=c"], [""]) == (("http://a:8080/?b=c", ""),)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("77705f78 1 0 0", "replaced in wp_x: 1 row"),
        ("0a1b 2 0 0", f"replaced in {one_line(chr(10) + chr(27))}: 2 rows"),
        ("77 1 1 0", "replaced in w: 1 row; 1 value left: serialized data that can't be read"),
        ("77 1 0 2", "replaced in w: 1 row; 2 rows left: the table has no key, and the new text contains the old one"),
        ("zz 1 0 0", "replaced in : 1 row"),
        ("77 x 0 0", "replaced: the host's report of a table is malformed"),
        ("", "replaced: the host's report of a table is malformed"),
    ],
)
def test_report_of_a_table(answer: str, said: str) -> None:
    assert report(answer) == said


@pytest.mark.parametrize(
    "address", ["", "https://new.test", "http://www.new.test/blog", "new.test", "ftp://x", "http://["]
)
def test_an_address_of_the_site_is_no_news(address: str) -> None:
    assert elsewhere(address, "web1", SITE, "x.sql") == ""


def test_another_address_is_named_with_the_command_that_moves_it() -> None:
    assert elsewhere("http://old.test:8080/a'b/", "web1", SITE, "a b.sql").endswith(
        "To move it: lampctl db web1 new.test --load 'a b.sql' --replace 'https://old.test:8080/a'\"'\"'b' --with "
        "https://new.test --replace 'http://old.test:8080/a'\"'\"'b' --with https://new.test"
    )
