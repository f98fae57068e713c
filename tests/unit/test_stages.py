"""Resources that a playbook no longer wants are retired once the wanted ones are proved; foreign resources stay."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lampctl.observation import Observation
from lampctl.resources import Action, Secret, select
from lampctl.resources.entry import Entry
from lampctl.resources.file import FILES
from lampctl.resources.unit import UnitState
from tests.unit.plans import VHOST, converged, make, wanted, with_entry, with_unit, with_units

GONE = frozenset(
    {
        "file:/etc/apache2/sites-available/old.test.conf",
        "symlink:/etc/apache2/sites-enabled/old.test.conf",
        "service:lampctl-old.test.service",
        "file:/var/www/old.test/index.php",
        "database:old_test",
    }
)


def with_owned(seen: Observation, **owners: frozenset[str]) -> Observation:
    return replace(seen, owners={**seen.owners, **owners})


def test_removed_site_is_retired_in_a_separate_stage() -> None:
    found, contents = wanted("debian-13")
    seen = converged(found, contents)
    seen = with_entry(with_owned(seen, lamp=seen.owned | GONE), VHOST, Entry("file", 0o600))
    plan = make(found, contents, seen)
    assert [stage.changes[0].resource for stage in plan.stages] == [f"file:{VHOST}", "service:lampctl-old.test.service"]
    assert [(c.resource, c.action) for c in plan.stages[1].changes] == [
        ("service:lampctl-old.test.service", Action.STOP),
        ("file:/etc/apache2/sites-available/old.test.conf", Action.DELETE),
        ("symlink:/etc/apache2/sites-enabled/old.test.conf", Action.DELETE),
        ("service:apache2.service", Action.RELOAD),
    ]
    generation = plan.stages[1].generation
    assert generation is not None
    assert [v.layer for v in generation.validators] == ["web"]


def test_supplied_secrets_are_retired_and_made_ones_stay() -> None:
    """After an undo the record has a secret as a file, also one that the playbook has again."""
    found, contents = wanted("debian-13")
    used = select(found.resources, Secret)[0].path
    gone, made = (
        "supplied-secret:/etc/lampctl/secrets/env@a.test@T.conf",
        "secret:/etc/lampctl/secrets/env@a.test@K.conf",
    )
    seen = converged(found, contents)
    seen = with_owned(seen, lamp=seen.owned | {gone, made, f"file:{used}", f"supplied-secret:{used}"})
    (stage,) = make(found, contents, seen).stages
    assert [(c.resource, c.action) for c in stage.changes] == [(gone, Action.DELETE)]


def test_resources_of_another_playbook_stay() -> None:
    found, contents = wanted("debian-13")
    seen = with_owned(converged(found, contents), shop=GONE)
    assert not make(found, contents, seen)
    shared = with_owned(seen, lamp=seen.owners["lamp"] | GONE)
    assert not make(found, contents, shared)


def test_same_file_of_another_playbook_is_not_a_change() -> None:
    found, contents = wanted("debian-13")
    seen = converged(found, contents)
    entry = seen.states.of_kind(FILES)[VHOST]
    text = entry.content.replace(b"playbook lamp,", b"playbook other,")
    assert text != entry.content
    assert not make(found, contents, with_entry(seen, VHOST, replace(entry, content=text)))


def test_other_web_server_is_stopped_only_if_lampctl_deployed_it() -> None:
    found, contents = wanted("debian-13")
    seen = converged(found, contents)
    running = UnitState(True, "active", "enabled", "success", 100.0, 100.0, 50.0)
    seen = with_unit(seen, nginx=running)
    foreign = make(found, contents, seen)
    assert foreign.changes == ()
    assert "nginx.service is active" in foreign.problems[0].message
    ours = make(found, contents, with_owned(seen, lemp=frozenset({"file:/etc/nginx/nginx.conf"})))
    assert [(c.resource, c.action) for c in ours.changes] == [("service:nginx.service", Action.STOP)]
    assert ours.problems == ()


@pytest.mark.parametrize("active", ["inactive", "failed", "deactivating"])
def test_stopping_or_stopped_server_is_not_stopped_again(active: str) -> None:
    """A stopped server ends after the deploy, once it has answered its last request."""
    found, contents = wanted("debian-13")
    seen = converged(found, contents)
    seen = with_unit(seen, nginx=UnitState(True, active, "disabled"))
    assert make(found, contents, seen).changes == ()


def test_changed_unit_file_causes_a_restart_and_not_a_reload() -> None:
    found, contents = wanted("debian-13")
    seen = converged(found, contents)
    php = "service:lampctl-php8.4-lamp.test.service"
    for state in (UnitState(True, "active", "enabled", "", 100.0, 100.0, 50.0, "", 100.5), UnitState(True, "active", "enabled", "", 100.0, 100.0, unread=True)):  # fmt: skip
        plan = make(found, contents, with_units(seen, {php.removeprefix("service:"): state}))
        assert [(c.resource, c.action) for c in plan.changes] == [(php, Action.RESTART)]


def test_site_that_becomes_the_default_loses_its_other_link() -> None:
    """With both links the vhost would be loaded twice."""
    found, contents = wanted("debian-13")
    seen = converged(found, contents)
    other = "/etc/apache2/sites-enabled/lamp.test.conf"
    former = Entry("symlink", 0o777, target="../sites-available/lamp.test.conf")
    plan = make(found, contents, with_entry(seen, other, former))
    assert [(c.resource, c.action) for stage in plan.stages for c in stage.changes] == [
        (f"symlink:{other}", Action.DELETE),
        ("service:apache2.service", Action.RELOAD),
    ]
    assert not make(found, contents, with_entry(seen, other, Entry("symlink", 0o777, target="/srv/theirs.conf")))


POOLS = frozenset({"file:/etc/php/8.4/fpm/pool.d/lamp.test.conf", "service:php8.4-fpm.service"})


def test_distribution_s_php_service_is_stopped_only_after_its_last_pool_is_gone() -> None:
    """lampctl 0.1 had its pools in the service of PHP's package."""
    found, contents = wanted("debian-13")
    seen = converged(found, contents)
    fpm = "service:php8.4-fpm.service"
    running = UnitState(True, "active", "enabled", "", 100.0, 100.0)
    for others, action in (((), Action.STOP), (("/etc/php/8.4/fpm/pool.d/theirs.conf",), Action.RELOAD)):
        seen = with_units(seen, {"php8.4-fpm.service": replace(running, dependents=others)})
        plan = make(found, contents, with_owned(seen, lamp=seen.owned | POOLS))
        assert {c.resource: c.action for c in plan.changes if "8.4" in c.resource} == {
            fpm: action,
            "file:/etc/php/8.4/fpm/pool.d/lamp.test.conf": Action.DELETE,
        }
    gone = with_owned(seen, lamp=seen.owned | {fpm})
    assert not make(found, contents, gone), "it stays, and there is nothing left to do"
