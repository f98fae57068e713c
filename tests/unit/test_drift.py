"""What differs from the playbook is a result of its own, below the hops."""

from __future__ import annotations

import pytest

from lampctl.checks import Result, Status, Where, culprit
from lampctl.planning import Plan, Stage, drift
from lampctl.resources import Action, Change, Conflict

SITES = ("a.test", "shop.a.test", "b.test")


def plan(*changes: Change, conflicts: tuple[Conflict, ...] = ()) -> Plan:
    return Plan("lamp", (Stage(changes),), (), "", (), (), conflicts=conflicts)


def changed(*keys: str) -> Plan:
    return plan(*(Change(key, "web" if "apache" in key else "php", Action.UPDATE) for key in keys))


def hop(id: str, status: Status = Status.PASS) -> Result:
    return Result(id, id.partition(".")[0], status, Where.HOST, "", "", hint="look")


@pytest.mark.parametrize(
    ("key", "subject"),
    [
        ("file:/etc/apache2/sites-available/a.test.conf", "a.test"),
        ("file:/etc/apache2/sites-available/shop.a.test.conf", "shop.a.test"),
        ("symlink:/etc/apache2/sites-enabled/000-b.test.conf", "web"),
        ("directory:/var/www/b.test", "b.test"),
        ("file:/etc/systemd/system/lampctl-php8.4-a.test.service", "php"),
        ("release:a.test", "a.test"),
        ("directory:/var/www/a.test.old", "php"),
        ("file:/etc/apache2/conf-available/lampctl.conf", "web"),
        ("file:/etc/wordpress/config-site-a-test.php", "a.test"),
        ("file:/etc/wordpress/config-site-a-test--x.php", "php"),
        ("user:site-shop-a-test", "shop.a.test"),
    ],
)
def test_difference_belongs_to_a_site_or_to_a_layer(key: str, subject: str) -> None:
    assert [result.id for result in drift.compare(changed(key), (), SITES)] == [f"state.{subject}"]


def test_differences_are_counted_and_named() -> None:
    keys = [f"file:/var/www/a.test/{number}" for number in range(7)]
    (result,) = drift.compare(changed(*keys), (), SITES)
    assert (result.status, result.actual) == (Status.FAIL, "7 differences, lampctl plan shows them")
    assert result.evidence.splitlines()[-1] == "and 2 more"


def test_failing_hop_is_the_culprit_and_names_the_drift() -> None:
    hops = (hop("web.config"), hop("site.answer@a.test", Status.FAIL), hop("site.answer@b.test", Status.FAIL))
    results = drift.compare(changed("directory:/var/www/a.test"), hops, SITES)
    first = culprit(results)
    assert first is not None
    assert first.id == "site.answer@a.test"
    assert "1 difference from the playbook, such as directory:/var/www/a.test" in first.hint
    assert [result.hint for result in results[:3] if result.id != first.id] == ["look", "look"]


def test_service_has_a_hop_of_its_own() -> None:
    assert drift.compare(plan(Change("service:apache2.service", "web", Action.START)), (), SITES) == ()


def test_what_is_in_the_way_differs_and_its_hint_says_what_to_do() -> None:
    conflict = Conflict("directory:/var/www/a.test/uploads", "it belongs to root", "chown -R site-a-test /x", "site")
    (result,) = drift.compare(plan(conflicts=(conflict,)), (hop("web.config"),), SITES)[1:]
    assert (result.id, result.layer, result.status) == ("state.a.test", "site", Status.FAIL)
    assert result.evidence == "directory:/var/www/a.test/uploads: it belongs to root"
    assert result.hint == "a deploy leaves it alone: chown -R site-a-test /x"
