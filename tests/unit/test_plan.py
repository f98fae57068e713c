"""From facts and states to an exact plan; no host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from lampctl.facts import Facts
from lampctl.observation import Observation
from lampctl.platforms import PLATFORMS
from lampctl.resources import Action, Service
from lampctl.resources.database import DATABASES, DatabaseState
from lampctl.resources.entry import Entry
from lampctl.resources.kind import HostView, States
from lampctl.resources.service import SERVICES, in_order
from lampctl.resources.unit import UnitState
from tests.unit.plans import VHOST, converged, make, wanted, with_entry, with_unit


def units(states: Mapping[str, UnitState]) -> HostView:
    return HostView(States().updated(SERVICES, states))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_plan_of_a_bare_host(platform: str) -> None:
    found, contents = wanted(platform)
    plan = make(found, contents, Observation(Facts(platform)))
    version = PLATFORMS[platform].php.version
    assert [c.resource for c in plan.changes if c.action is Action.INSTALL] == [
        "package:mariadb-server",
        f"package:php{version}-fpm",
        f"package:php{version}-mysql",
        "package:acl",
        "package:apache2",
    ]
    assert [c.resource for c in plan.changes if c.action is Action.START] == [
        "service:mariadb.service",
        f"service:lampctl-php{version}-lamp.test.socket",
        f"service:lampctl-php{version}-lamp.test.service",
        "service:apache2.service",
    ]
    assert plan.problems == ()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_second_plan_is_empty(platform: str) -> None:
    found, contents = wanted(platform)
    assert make(found, contents, converged(found, contents)).changes == ()


def test_changed_file_reloads_the_service_that_reads_it() -> None:
    found, contents = wanted("debian-13")
    seen = converged(found, contents)
    plan = make(found, contents, with_entry(seen, VHOST, Entry("file", 0o644, "root:root", b"# by hand\n")))
    assert [(c.resource, c.action) for c in plan.changes] == [
        (f"file:{VHOST}", Action.UPDATE),
        ("service:apache2.service", Action.RELOAD),
    ]
    assert "-# by hand\n" in plan.changes[0].diff
    generation = plan.stages[0].generation
    assert generation is not None
    assert [v.layer for v in generation.validators] == ["web"]


@pytest.mark.parametrize(
    ("state", "action"),
    [
        (UnitState(True, "inactive", "enabled"), Action.START),
        (UnitState(True, "failed", "enabled"), Action.START),
        (UnitState(True, "active", "disabled", "", 100.0, 100.0, 50.0), Action.ENABLE),
        (UnitState(True, "active", "enabled", "", 100.0, 90.0, 100.5, "/etc/apache2/x"), Action.RELOAD),
        (
            UnitState(True, "active", "enabled", "", 100.0, 90.0, 50.0, sockets=("/run/x does not exist",)),
            Action.RESTART,
        ),
    ],
)
def test_change_of_a_unit_follows_from_its_state(state: UnitState, action: Action) -> None:
    found, contents = wanted("debian-13")
    seen = converged(found, contents)
    plan = make(found, contents, with_unit(seen, apache2=state))
    assert [(c.resource, c.action) for c in plan.changes] == [("service:apache2.service", action)]


def test_front_server_is_changed_first_only_if_both_run() -> None:
    behind, before = Service("apache2.service", "web"), Service("nginx.service", "web", behind="apache2.service")
    run, gone = UnitState(active="active"), UnitState()
    for states, first in [((run, run), before), ((gone, run), behind), ((run, gone), behind), ((gone, gone), behind)]:
        keyed = dict(zip((behind.key, before.key), states, strict=True))
        assert in_order([behind, before], units(keyed))[0] == first


def test_running_instances_restart_after_the_web_server_was_reloaded() -> None:
    one, other = (Service(f"app@{port}.service", "site", leaves=port) for port in (8000, 8001))
    web, run = Service("nginx.service", "web"), UnitState(active="active")
    assert in_order([one, other, web], units({one.key: run, web.key: run})) == [other, web, one]


def test_changed_sandbox_alone_does_not_restart_a_server() -> None:
    state = UnitState(True, "active", "enabled", "", 100.0, 90.0, 50.0, sandbox_changed=200.0)
    server = Service("nginx.service", "web", sandbox=("/etc/systemd/system/nginx.service.d/lampctl.conf",))
    assert SERVICES.compare(server, state, HostView(changing=server.sandbox)) is None
    assert state.waits_for_sandbox


def test_masked_unit_is_left_alone() -> None:
    found, contents = wanted("debian-13")
    seen = converged(found, contents)
    plan = make(found, contents, with_unit(seen, apache2=UnitState(active="inactive", masked=True)))
    assert plan.changes == ()
    assert [problem.hint for problem in plan.problems] == ["systemctl unmask apache2.service, and deploy again"]


def test_resources_that_lampctl_did_not_create_are_left_alone() -> None:
    found, contents = wanted("debian-13")
    seen = converged(found, contents)
    databases = {
        "database:lamp_test": DatabaseState(exists=True),
        "database-user:lamp_test@localhost": DatabaseState(exists=True, grants=frozenset({"lamp\\_test"})),
    }
    seen = replace(seen, states=seen.states.updated(DATABASES, databases), owners={})
    plan = make(found, contents, with_entry(seen, VHOST, Entry("file", 0o644, "root:root", b"mine\n")))
    messages = "\n".join(problem.message for problem in plan.problems)
    assert f"{VHOST} exists and was not made by lampctl" in messages
    assert "the database lamp_test exists and was not made by lampctl" in messages
    assert plan.changes == ()


def test_database_that_its_secret_opens_is_adopted_again() -> None:
    found, contents = wanted("debian-13")
    seen = converged(found, contents)
    recorded = seen.owned - {"database:lamp_test", "database-user:lamp_test@localhost"}
    plan = make(found, contents, replace(seen, owners={"lamp": recorded}))
    assert plan.problems == ()
    assert set(plan.adopted) == {"database:lamp_test", "database-user:lamp_test@localhost"}


def test_sizes_follow_memory_and_say_why() -> None:
    _, small = wanted("debian-13", memory=512)
    _, large = wanted("debian-13", memory=16384)
    cnf = "file:/etc/mysql/mariadb.conf.d/90-lampctl.cnf"
    assert (
        "# a quarter of 512 MiB of memory; PHP and Apache share the rest\ninnodb_buffer_pool_size = 128M" in small[cnf]
    )
    assert "innodb_buffer_pool_size = 4096M" in large[cnf]
    pool = "file:/etc/lampctl/php/8.4/lamp.test.conf"
    assert "pm.max_children = 3\n" in small[pool]
    assert "pm.max_children = 32\n" in large[pool]


def test_rendered_files_name_their_origin() -> None:
    found, contents = wanted("debian-12")
    files = [file for file in found.files if not file.seed]
    assert len(files) > 5
    for file in files:
        header = f"Managed by lampctl: playbook lamp, layer {file.layer}, template {file.template}"
        assert header in contents[file.key]
