"""Facts and states in, an exact plan out; no host."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from lampctl import planning
from lampctl.engine.library import Files
from lampctl.facts import MIB, Facts
from lampctl.layers import Context, Desired, desired
from lampctl.observation import Observation, of
from lampctl.planning import Plan
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load
from lampctl.rendering import Renderer
from lampctl.resources import Action, Directory, File, Package, Secret, Service, Symlink, User
from lampctl.resources.file import Entry
from lampctl.resources.service import UnitState, compare, in_order
from lampctl.resources.user import Account

VHOST = "/etc/apache2/sites-available/lamp.test.conf"


def wanted(platform: str, memory: int = 2048) -> tuple[Desired, Mapping[str, str]]:
    files = Files()
    loaded = load("lamp", (), files)
    facts = Facts(platform, memory=memory * MIB)
    found = desired(Context(loaded.playbook, "lamp", PLATFORMS[platform], facts))
    renderer = Renderer(files.template, "lamp")
    return found, {file.key: renderer.text(file) for file in planning.contents_of(found)}


def converged(found: Desired, contents: Mapping[str, str]) -> Observation:
    """What a host looks like after a deploy."""
    entries: dict[str, Entry] = {}
    states: dict[str, object] = {}
    for resource in found.resources:
        match resource:
            case File():
                entries[resource.path] = Entry("file", resource.mode, resource.owner, contents[resource.key].encode())
            case Symlink():
                entries[resource.path] = Entry("symlink", 0o777, "root:root", target=resource.target)
            case Directory():
                readers = frozenset({resource.reader} - {""})
                entries[resource.path] = Entry("directory", resource.mode, resource.owner, readers=readers)
            case Package():
                states[resource.key] = "installed"
            case Service():
                active = UnitState(True, "active", "enabled", "success", 100.0, 100.0, 50.0)
                states[resource.key] = active if resource.running else UnitState()
            case Secret():
                states[resource.key] = "regular file root:root 600"
            case User():
                states[resource.key] = Account(resource.home)
            case _:
                states[resource.key] = frozenset({"exists", "login", "grant:lamp\\_test"})
    return Observation(Facts("debian-13"), states, entries, {"lamp": frozenset(r.key for r in found.resources)})


def make(found: Desired, contents: Mapping[str, str], seen: Observation) -> Plan:
    return planning.make("lamp", found, seen, contents, wait=1)


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
    entries = {**seen.entries, VHOST: Entry("file", 0o644, "root:root", b"# by hand\n")}
    plan = make(found, contents, Observation(seen.facts, seen.states, entries, seen.owners))
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
        (UnitState(True, "active", "enabled", "", 100.0, 90.0, 50.0, missing=("/run/x",)), Action.RESTART),
    ],
)
def test_state_of_a_unit_is_what_plans_its_change(state: UnitState, action: Action) -> None:
    found, contents = wanted("debian-13")
    seen = converged(found, contents)
    states = {**seen.states, "service:apache2.service": state}
    plan = make(found, contents, Observation(seen.facts, states, seen.entries, seen.owners))
    assert [(c.resource, c.action) for c in plan.changes] == [("service:apache2.service", action)]


def test_server_before_another_goes_first_only_where_both_run() -> None:
    behind, before = Service("apache2.service", "web"), Service("nginx.service", "web", behind="apache2.service")
    run, gone = UnitState(active="active"), UnitState()
    for states, first in [((run, run), before), ((gone, run), behind), ((run, gone), behind), ((gone, gone), behind)]:
        keyed = dict(zip((behind.key, before.key), states, strict=True))
        assert in_order([behind, before], keyed)[0] == first


def test_instances_that_run_restart_after_the_web_server_has_learned_what_is_new() -> None:
    one, other = (Service(f"app@{port}.service", "site", one_of_several=True) for port in (8000, 8001))
    web, run = Service("nginx.service", "web"), UnitState(active="active")
    states = {one.key: run, web.key: run}
    assert in_order([one, other, web], states) == [other, web, one]


def test_sandbox_alone_is_no_reason_to_restart_a_server() -> None:
    state = UnitState(True, "active", "enabled", "", 100.0, 90.0, 50.0, sandbox_changed=200.0)
    server = Service("nginx.service", "web", sandbox=("/etc/systemd/system/nginx.service.d/lampctl.conf",))
    assert compare(server, state, server.sandbox, frozenset()) is None
    assert state.waits_for_sandbox


def test_masked_unit_is_left_alone() -> None:
    found, contents = wanted("debian-13")
    seen = converged(found, contents)
    states = {**seen.states, "service:apache2.service": UnitState(active="inactive", masked=True)}
    plan = make(found, contents, Observation(seen.facts, states, seen.entries, seen.owners))
    assert plan.changes == ()
    assert [problem.hint for problem in plan.problems] == ["systemctl unmask apache2.service, and deploy again"]


def test_what_lampctl_did_not_make_is_left_alone() -> None:
    found, contents = wanted("debian-13")
    seen = converged(found, contents)
    entries = {**seen.entries, VHOST: Entry("file", 0o644, "root:root", b"mine\n")}
    user = {"database-user:lamp_test@localhost": frozenset({"exists", "grant:lamp\\_test"})}
    states = {**seen.states, "database:lamp_test": frozenset({"exists"}), **user}
    plan = make(found, contents, Observation(seen.facts, states, entries, {}))
    messages = "\n".join(problem.message for problem in plan.problems)
    assert f"{VHOST} exists and was not made by lampctl" in messages
    assert "the database lamp_test exists and was not made by lampctl" in messages
    assert plan.changes == ()


def test_database_that_its_own_secret_opens_is_put_back_on_the_list() -> None:
    found, contents = wanted("debian-13")
    seen = converged(found, contents)
    lost = seen.owned - {"database:lamp_test", "database-user:lamp_test@localhost"}
    plan = make(found, contents, Observation(seen.facts, seen.states, seen.entries, {"lamp": lost}))
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
    for file in of(found.resources, File):
        if not file.seed:
            header = f"Managed by lampctl: playbook lamp, layer {file.layer}, template {file.template}\n"
            assert header in contents[file.key]
