"""The releases of a host, read from what the host prints; and which one a rollback goes to."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lampctl.journal.releases import Page, Release, parse
from lampctl.resources.shell import script

A, B, C = "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb", "cccccccccccccccc"
BEGUN = json.dumps({"by": "ann@laptop\x1b[2J", "id": "20261127T021637Z-2c97"})


def listed(*proved: str, served: str = B) -> str:
    """What host/release/list.sh prints of a site with three releases; `proved`: an id, with a star for a rollback."""
    rows = [
        f"site\tshop.test\t{served}\t",
        f"release\tshop.test\t{B}\t1795745800\tc0ffee\t{BEGUN}",
        f"release\tshop.test\t{A}\t1795745700\t\t",
        f"release\tshop.test\t{C}\t1795745900\t\t{BEGUN[:20]}",
        *(f"proved\tshop.test\t{one.removesuffix('*')}\t{'back' if one.endswith('*') else ''}" for one in proved),
    ]
    return "\n".join(rows)


def test_releases_are_listed_oldest_first_and_what_is_not_recorded_is_empty() -> None:
    [site] = parse(listed(B))
    assert site.releases == (
        Release(A, "shop.test", "", 1795745700.0, "", served=False, proved=False),
        Release(B, "shop.test", "c0ffee", 1795745800.0, "ann@laptop�[2J", served=True, proved=True),
        Release(C, "shop.test", "", 1795745900.0, "", served=False, proved=False),
    )
    assert list(site.releases[0].as_dict()) == ["id", "site", "commit", "created", "by", "served", "proved"]


@given(st.text())
def test_whatever_a_host_prints_is_read(text: str) -> None:
    parse(f"site\tshop.test\t{A}\t\n{text}\nrelease\tshop.test\t{text}")


def test_malformed_rows_are_left_out() -> None:
    raw = f"site\t../etc\t{A}\t\nrelease\tother.test\t{A}\t1\t\t\nsite\tshop.test\t{A}\t\nrelease\tshop.test\t../x\t1\t\t\n"
    assert [(site.site, site.releases) for site in parse(raw)] == [("shop.test", ())]


def test_malformed_record_of_a_page_is_none() -> None:
    good = {"limit": 8, "expected": "200\x1b", "question": "0123456789abcdef"}
    page = Page(8, "200�", "0123456789abcdef")
    assert Page.parse(json.dumps(good)) == (page,)
    assert Page.parse(json.dumps(good | {"others": [good]})) == (page, page)
    for name, value in {"limit": "8", "expected": None, "question": "x y"}.items():
        assert Page.parse(json.dumps(good | {name: value})) == ()
        assert Page.parse(json.dumps(good | {"others": [good, good | {name: value}]})) == (), (
            "a page less would prove less"
        )
    assert Page.parse(json.dumps(good | {"limit": 10**9})) == ()
    for others in ("x", {"a": 1}, [1], [good] * 1001):
        assert Page.parse(json.dumps(good | {"others": others})) == ()


def on_host(place: Path, proved: str, served: str, there: str, command: str) -> str:
    """Run a command of lampctl's in a folder of releases. `proved`: what was proved, with a star for a rollback."""
    releases, records = place / "releases", place / "records"
    records.mkdir()
    for number, id in enumerate(there.split()):
        (releases / id).mkdir(parents=True)
        (records / id).touch()
        os.utime(releases / id, (number, number))
    (place / "current").symlink_to(f"releases/{served}")
    rows = (f"1\t{id.removesuffix('*')}\t{'back' if id.endswith('*') else ''}\n" for id in proved.split())
    (records / "proved").write_text("".join(rows))
    (place / "holds").mkdir()
    (place / "holds/records").symlink_to("b-instead-of-x")
    text = script("release/earlier", "release/prune", holds=str(place / "holds")) + command
    return subprocess.run(["sh", "-eu", "-c", text], cwd=releases, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    ("proved", "served", "earlier"),
    [
        ("", "a", ""),  # such as after a power failure
        ("a", "a", ""),
        ("a b", "b", "a"),
        ("a b", "x", "b"),  # what is served never worked
        ("a b b*", "b", "a"),
        ("a b c b*", "b", "a"),  # not c, which that rollback left
        ("a b c b* a*", "a", ""),
        ("a b c b* d", "d", "b"),
        ("a b c b* c", "c", "b"),  # the rollback was undone
        ("a b c a* b*", "b", "a"),
        ("a b a", "a", "b"),  # its files came back by a deploy
        ("a gone b", "b", "a"),
    ],
)
def test_rollback_goes_to_what_was_proved_before_and_still_exists(
    tmp_path: Path, proved: str, served: str, earlier: str
) -> None:
    assert on_host(tmp_path, proved, served, "a b c d x", 'earlier "$PWD/../records"').strip() == earlier


@pytest.mark.parametrize(
    ("proved", "served", "there", "keep", "new", "left"),
    [
        ("", "a", "a b c d", 2, "d", "a b c d"),
        ("a b c", "c", "a b c d", 1, "d", "b c d"),
        ("a b c", "c", "a b c d y z", 1, "z", "b c z"),  # broken ones
        ("a b c d", "d", "a b c d", 0, "d", "c d"),
        ("a b", "x", "a b x y z", 0, "z", "b x z"),  # what is served fails: the last proved one stays
        ("a b c d e", "e", "a b c d e", 2, "e", "c d e"),
        ("a b x b*", "b", "a b c x y", 1, "y", "a b x y"),  # x is held back
    ],
)
def test_cleanup_keeps_what_is_served_what_was_proved_last_and_the_way_back(
    tmp_path: Path, proved: str, served: str, there: str, keep: int, new: str, left: str
) -> None:
    on_host(tmp_path, proved, served, there, f'prune "$PWD/../records" {keep} {new}')
    assert {path.name for path in (tmp_path / "releases").iterdir()} == set(left.split())
    assert {path.name for path in (tmp_path / "records").iterdir()} == {*left.split(), "proved"}
