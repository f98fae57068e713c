"""Whose a playbook's resources are: by its id, else by its sites, and never by its file's name alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lampctl.engine.library import Files
from lampctl.errors import PlaybookError
from lampctl.planning.identity import Identity, identify
from lampctl.playbook import load
from tests.unit.plans import converged, make, wanted


def vhost(*sites: str) -> frozenset[str]:
    return frozenset(f"file:/etc/apache2/sites-available/{site}.conf" for site in sites)


@pytest.mark.parametrize(
    ("owners", "title", "own"),
    [
        ({}, "site", "site"),
        ({"site": vhost("a.test")}, "site", "site"),
        ({"site": vhost("a.test", "gone.test")}, "site", "site"),
        ({"site": vhost("a.test")}, "renamed", "site"),
        ({"old": vhost("a.test"), "site": vhost("other.test")}, "site", "old"),
        ({"one": vhost("a.test"), "two": vhost("a.test", "b.test")}, "new", "two"),
        ({"site": frozenset({"package:nginx"})}, "site", "site"),
    ],
)
def test_playbook_without_id_is_known_by_its_sites(owners: dict[str, frozenset[str]], title: str, own: str) -> None:
    assert identify(title, "", ["a.test", "b.test"], owners).name == own


def test_another_project_with_the_same_file_name_is_left_alone_and_said() -> None:
    owners = {"site": vhost("theirs.test")}
    found = identify("site", "", ["a.test"], owners)
    assert found.name not in owners
    assert found.name.startswith("site-")
    assert found.notes == (
        "left alone: theirs.test of another playbook called site; if it is this one: --take-over site; "
        "if a site of this one had that name before: renamed_from: theirs.test",
    )
    again = identify("site", "", ["a.test", "b.test"], {**owners, found.name: vhost("a.test")})
    assert again.name == found.name, "with one more site"
    assert identify("site", "", [], owners).name != "site", "also if it has no site"


def test_id_is_kept_whatever_becomes_of_the_sites() -> None:
    owners = {"@shop-1": vhost("old.test"), "site": vhost("theirs.test")}
    assert identify("site", "@shop-1", ["new.test"], owners) == Identity(
        "@shop-1", notes=identify("site", "@shop-1", ["new.test"], owners).notes
    )


def test_playbook_that_gets_an_id_keeps_what_it_made() -> None:
    owners = {"site": vhost("a.test"), "other": vhost("theirs.test")}
    assert identify("site", "@shop-1", ["a.test"], owners).inherits == ("site",)
    assert identify("site", "@shop-1+prod", ["a.test"], {"@shop-1": vhost("a.test")}).inherits == ("@shop-1",)


@pytest.mark.parametrize("wanted", ["", "@mine"])
def test_site_of_another_id_is_refused(wanted: str) -> None:
    found = identify("site", wanted, ["a.test"], {"@shop-1": vhost("a.test")})
    assert [problem.kind for problem in found.problems] == ["other-playbook"]
    assert "--take-over '@shop-1'" in found.problems[0].hint
    taken = identify("site", wanted, ["a.test"], {"@shop-1": vhost("a.test")}, "@shop-1")
    assert (taken.problems, taken.inherits) == ((), ("@shop-1",))


def test_taking_over_what_is_not_there_is_refused() -> None:
    (problem,) = identify("site", "", ["a.test"], {"old": vhost("b.test")}, "odl").problems
    assert (problem.kind, problem.hint) == ("take-over", "on this host: old")


def test_environments_of_one_id_are_apart() -> None:
    text = "id: shop-1\nextends: lamp\nsites: {a.test: {type: static}}\nenvironments: {staging: {}, production: {}}\n"

    class Project(Files):
        def playbook(self, name: str, near: str) -> tuple[str, str]:
            return super().playbook(name, near) if near or name != "site.yml" else ("site.yml", text)

    assert load("site.yml", [], Project()).id == "@shop-1"
    assert load("site.yml", [], Project(), "staging").id == "@shop-1+staging"


def test_id_of_an_extended_playbook_is_not_inherited() -> None:
    class Project(Files):
        def playbook(self, name: str, near: str) -> tuple[str, str]:
            own = {"base.yml": "id: base-1\nextends: lamp\n", "site.yml": "extends: base.yml\n", "bad.yml": "id: A/B\n"}
            return (name, own[name]) if name in own else super().playbook(name, near)

    assert load("site.yml", [], Project()).id == ""
    with pytest.raises(PlaybookError, match="is not a valid id"):
        load("bad.yml", [], Project())


def test_taking_over_is_a_change_and_its_leftovers_name_their_owner() -> None:
    found, contents = wanted("debian-13")
    seen = converged(found, contents)
    gone = vhost("old.test")
    seen = replace(seen, owners={"lamp": seen.owned, "old": gone})
    plan = make(found, contents, seen, Identity("lamp", inherits=("old",)))
    assert [(c.resource, c.diff.strip()) for c in plan.changes][:2] == [
        ("playbook:lamp", "what old made belongs to this playbook"),
        ("file:/etc/apache2/sites-available/old.test.conf", "no longer wanted; made by the playbook old"),
    ]
    assert not make(found, contents, seen), "without it, nothing of the other's changes"
