"""A rollback: where it goes, what holds the site then, what a deploy makes of that, and what the host needs for it."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace

import pytest

from lampctl import facts
from lampctl.checks import Check, Evidence, Status
from lampctl.engine.library import Files
from lampctl.engine.rolling import the_release, the_site
from lampctl.errors import LampctlError, PlaybookError
from lampctl.facts import Facts, Held
from lampctl.journal.releases import Page, Release, SiteReleases
from lampctl.layers import Context, Desired, desired
from lampctl.layers.sites.page import recorded_page
from lampctl.planning.rollback import Switch
from lampctl.planning.switching import switches
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load
from lampctl.rendering import Renderer
from lampctl.resources import AbsentSymlink, Source, Symlink, select
from lampctl.resources import Release as Files_
from lampctl.resources.kind import States

A, B, C = "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb", "cccccccccccccccc"
LINK, HOLD = "/var/www/a.test/current", "/etc/lampctl/held/a.test"
PHP = "{type: php, source: playbooks, keep: 3}"


def wanted(held: Held | None, digest: str, site: str = PHP, server: str = "apache") -> Desired:
    loaded = load("lamp", (f"sites={{a.test: {site}}}", f"web.server={server}"), Files())
    loaded = replace(loaded, sources={"a.test": Source(digest, b"")})
    seen = Facts("debian-13", held={"a.test": held} if held else {})
    return desired(Context.from_loaded(loaded, PLATFORMS["debian-13"], seen))


@pytest.mark.parametrize(
    ("held", "digest", "served", "uploaded"),
    [
        (None, B, B, True),
        (Held(A, B), B, A, False),  # exactly the release that is held back
        (Held(A, B), A, A, True),
        (Held(A, B), C, C, True),  # new content ends it
        (Held(A, B, there=False), B, B, True),  # nothing is left to hold
    ],
)
def test_hold_lasts_until_there_is_new_content(held: Held | None, digest: str, served: str, uploaded: bool) -> None:
    found = wanted(held, digest)
    links = {link.path: link.target for link in select(found.resources, Symlink)}
    holds = held is not None and held.there and digest in (A, B)
    assert links[LINK] == f"releases/{served}"
    assert links.get(HOLD) == (held.text if held and holds else None)
    assert [item.path for item in select(found.resources, AbsentSymlink) if "held" in item.path] == [HOLD] * (not holds)
    assert bool(select(found.resources, Files_)) == uploaded
    assert [check.id for check in found.checks if "held" in check.id] == ["site.held@a.test"] * holds
    assert len(found.reminders) == holds


def test_what_holds_a_site_is_read_and_malformed_links_are_ignored() -> None:
    rows = [
        f"held\ta.test\t{A}-instead-of-{B}\tthere", f"held\tb.test\t{A}-instead-of-{B}\t", "held\tc.test\t../x\tthere",
        "unrecorded\ta.test\t\t", "junk",
    ]  # fmt: skip
    found = facts.parse({"releases": "\n".join(rows)}, 0).held
    assert found == {"a.test": Held(A, B), "b.test": Held(A, B, there=False)}


@pytest.mark.parametrize(
    ("held", "start", "end", "hold"),
    [
        (None, B, A, Held(A, B)),
        (Held(B, C), B, A, Held(A, C)),  # the playbook still has c
        (Held(B, C), B, C, None),  # back to what the playbook has
        (Held(B, C), A, B, Held(B, A)),  # that hold is over
    ],
)
def test_what_holds_a_site_after_a_rollback(held: Held | None, start: str, end: str, hold: Held | None) -> None:
    assert Switch("a.test", "lamp", start, end, held).hold == hold


def released(*ids: str, earlier: str = "", site: str = "a.test") -> SiteReleases:
    made = [Release(id, site, f"{id[0]}0ffee", 1.0, "ann@laptop", id == ids[-1], True) for id in ids]
    return SiteReleases(site, ids[-1], None, tuple(made), earlier)


@pytest.mark.parametrize(("to", "found"), [("", A), ("bb", B), (A, A), ("a0ff", A)])
def test_release_is_the_earlier_one_or_the_named_one(to: str, found: str) -> None:
    assert the_release("web1", released(A, B, C, earlier=A), to).id == found


@pytest.mark.parametrize(
    ("to", "earlier", "why"),
    [
        ("", "", "web1: a.test has no earlier release that was proved"),
        ("0123", A, "web1: there is no release 0123 of a.test"),
        (C, A, f"web1: a.test serves the release {C} already"),
    ],
)
def test_release_that_cannot_be_gone_to_is_refused(to: str, earlier: str, why: str) -> None:
    with pytest.raises(LampctlError) as caught:
        the_release("web1", released(A, B, C, earlier=earlier), to)
    assert caught.value.message == why
    assert to != "0123" or caught.value.hint == f"its releases: {A}, {B}, {C}"


def test_site_has_to_be_named_where_there_are_several() -> None:
    assert the_site("web1", [released(A)]).site == "a.test"
    with pytest.raises(LampctlError, match="several sites have releases"):
        the_site("web1", [released(A), released(A, site="b.test")])
    with pytest.raises(LampctlError, match="no site has releases"):
        the_site("web1", [])


@pytest.mark.parametrize(
    ("site", "server", "units"),
    [
        (PHP, "apache", ["lampctl-php8.4-a.test.service php", "apache2.service web"]),
        (PHP, "nginx", ["lampctl-php8.4-a.test.service php"]),  # its files do not name the release
        ("{type: static, source: playbooks}", "apache", []),
        (
            "{type: process, source: playbooks, command: ./x, port: 8001}",
            "nginx",
            ["lampctl-a.test@8001.service site"],
        ),
    ],
)
def test_host_keeps_what_makes_a_site_s_programs_run_another_release(site: str, server: str, units: list[str]) -> None:
    found = wanted(None, A, site, server)
    made = switches(found, ["a.test", "lamp.test"], Renderer(Files().template, "lamp").text)
    with tarfile.open(fileobj=io.BytesIO(made.pop("a.test"))) as tar:
        texts = {name: tar.extractfile(name).read().decode() for name in tar.getnames()}  # type: ignore[union-attr]
    assert made == {}, "only sites that passed, and have releases"
    heads = [text.partition("\n")[0] for name, text in sorted(texts.items()) if name.startswith("services/")]
    assert heads == [f"# service:{unit}" for unit in units]
    assert texts["keep"] == ("3\n" if site == PHP else "5\n")
    assert "page" in texts["page"]
    assert check(found).question in texts["about"]


def test_host_keeps_each_page_of_a_site() -> None:
    found = wanted(None, A, PHP.replace("}", ", probe: [/, {path: /shop, expect: Basket}]}"))
    made = switches(found, ["a.test"], Renderer(Files().template, "lamp").text)
    with tarfile.open(fileobj=io.BytesIO(made["a.test"])) as tar:
        texts = {name: tar.extractfile(name).read().decode() for name in tar.getnames()}  # type: ignore[union-attr]
    pages = [check for check in found.checks if check.id.startswith("site.answer")]
    assert [page.question for page in Page.parse(texts["about"])] == [check.question for check in pages]
    assert "/shop" in texts["page2"]
    assert texts["accept2"]
    again = [
        recorded_page("a.test", p.limit, p.expected, p.question, n) for n, p in enumerate(Page.parse(texts["about"]), 1)
    ]
    assert [(page.id, page.expected, page.question) for page in again] == [
        (check.id, check.expected, check.question) for check in pages
    ]


def check(found: Desired) -> Check:
    return next(check for check in found.checks if check.id == "site.answer@a.test")


@pytest.mark.parametrize(
    ("raw", "status", "actual"),
    [
        (
            "page\tstatus\t404\npage\turl\thttp://a/x\npage\tsize\t7\naccepted\tyes",
            Status.PASS,
            "404 for http://a/x, 7 bytes",
        ),
        (
            "page\tstatus\t200\npage\turl\thttp://a/x\npage\tvisible\tyes",
            Status.FAIL,
            "200 for http://a/x, not 201 for /x",
        ),
        ("page\tstatus\t500\npage\turl\thttp://a/x\nlog\toops", Status.FAIL, "500 for http://a/x"),
        ("page\tfailure\tno answer", Status.FAIL, "no answer"),
        ("tar: no such file", Status.UNKNOWN, "could not be tried"),
    ],
)
def test_page_is_judged_as_its_record_says(raw: str, status: Status, actual: str) -> None:
    found = recorded_page("a.test", 8, "201 for /x", "0123456789abcdef")
    verdict = found.judge(Evidence(raw, Facts("debian-13"), States()))
    assert (verdict.status, verdict.actual, found.question) == (status, actual, "0123456789abcdef")


@pytest.mark.parametrize("value", ["0", "101", "x"])
def test_keep_is_a_number_of_releases(value: str) -> None:
    with pytest.raises(PlaybookError, match="keep"):
        load("lamp", (f"sites={{a.test: {{type: php, source: playbooks, keep: {value}}}}}",), Files())


def test_keep_needs_releases() -> None:
    with pytest.raises(PlaybookError, match="nothing is deployed"):
        load("lamp", ("sites={a.test: {type: php, keep: 3}}",), Files())
