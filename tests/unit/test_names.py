"""Names derived from a site's name: no two sites share one, and those that 0.1 gave are kept or migrated."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lampctl import planning
from lampctl.engine.offline import rendered
from lampctl.errors import PlaybookError
from lampctl.facts import MIB, Facts
from lampctl.layers import Context, Desired, desired
from lampctl.observation import Observation
from lampctl.planning import Plan
from lampctl.platforms import PLATFORMS
from lampctl.playbook import home_of, load, user_of
from lampctl.playbook.sites.names import former_user_of, key_of, slice_of, socket_name, unit_of
from lampctl.resources import Action
from lampctl.resources.database import DATABASES, DatabaseState
from lampctl.resources.directory import DIRECTORIES
from lampctl.resources.entry import Entry
from lampctl.resources.kind import States
from lampctl.resources.user import USERS, Account
from tests.unit.playbooks import Generated
from tests.unit.values import KINDS

DERIVED: Mapping[str, Callable[[str], str]] = {
    "user": user_of,
    "key": key_of,
    "home": home_of,
    "unit": lambda name: unit_of(name, 8000),
    "slice": slice_of,
    "socket": lambda name: socket_name("php", name),
}
# Pairs of site names, the second chosen to collide with the first.
PAIRS = [
    ("shop.example.test", "shop-example.test"),
    ("shop--example.test", "shop-example.test"),
    ("a-b.c-d.test", "a.b-c.d.test"),
    ("xn--shop-8xa.test", "xn.shop-8xa.test"),
    ("a-very-long-name-of-a-shop.example.test", "a.very-long-name-of-a-shop.example.test"),
]


def _colliding_name(long: str) -> str:
    """A site name whose plain user name equals the shortened one of `long`."""
    flat = long.replace(".", "-")
    return f"{flat[:18]}-{hashlib.sha256(flat.encode()).hexdigest()[:8]}".replace(".", "-")


FORGED = "abcdefghij.klmnopqrstuvwxyz.example.test"
NAMES = KINDS["hostname"].map(lambda name: name[:200].rstrip(".-"))


@pytest.mark.parametrize("of_site", DERIVED.values(), ids=DERIVED)
@pytest.mark.parametrize("pair", [*PAIRS, (FORGED, _colliding_name(FORGED))])
def test_similar_site_names_get_different_names(of_site: Callable[[str], str], pair: tuple[str, str]) -> None:
    assert of_site(pair[0]) != of_site(pair[1])


@settings(max_examples=300, deadline=None, derandomize=True)
@given(names=st.lists(st.one_of(NAMES, NAMES.map(lambda n: n.replace(".", "-"))), unique=True, min_size=2, max_size=8))
def test_no_two_sites_share_a_name(names: list[str]) -> None:
    for of_site in DERIVED.values():
        assert len({of_site(name) for name in names}) == len(names)
    for name in names:
        assert len(user_of(name)) <= 32
        assert len(f"/run/php/{socket_name('8.4', name)}") <= 107
        assert slice_of(name).count("-") == 1


@pytest.mark.parametrize(
    ("site", "user", "former"),
    [
        ("shop.example.test", "site-shop-example-test", ""),
        ("mail", "site-mail", ""),
        ("a.very.long.name.of.a.shop.example.test", "site-a-very-long-name-o_86cc5e55", ""),
        ("shop-example.test", "site-shop_example-test", "site-shop-example-test"),
    ],
)
def test_name_without_a_hyphen_stays(site: str, user: str, former: str) -> None:
    assert (user_of(site), former_user_of(site)) == (user, former)


def _site(number: int) -> object:
    return {"type": "php", "database": {"name": f"other{number}"} if number else True}


def wanted(*sites: str, name: str = "lamp") -> tuple[Desired, Mapping[str, str]]:
    data = {"web": {}, "php": {}, "mysql": {}, "sites": {site: _site(number) for number, site in enumerate(sites)}}
    library = Generated(yaml.safe_dump(data))
    loaded = load("generated.yml", (), library)
    found = desired(Context(loaded.playbook, name, PLATFORMS["debian-13"], Facts("debian-13", memory=2048 * MIB)))
    return found, {file.key: "\n" for file in found.files}


def make_plan(
    site: str,
    *more: str,
    users: Mapping[str, str],
    databases: Mapping[str, DatabaseState] | None = None,
    entries: Mapping[str, Entry] | None = None,
    owners: Mapping[str, frozenset[str]] | None = None,
) -> Plan:
    found, contents = wanted(site, *more)
    accounts = {f"user:{name}": Account(home) for name, home in users.items()}
    states = States().updated(USERS, accounts).updated(DATABASES, databases or {}).updated(DIRECTORIES, entries or {})
    observation = Observation(Facts("debian-13"), states, owners or {})
    return planning.make(planning.Identity("lamp"), found, observation, contents, wait=1)


def user_changes(plan: Plan) -> dict[str, Action]:
    return {c.resource.removeprefix("user:"): c.action for c in plan.changes if c.resource.startswith("user:")}


DOTTED, HYPHENATED = "shop.example.test", "shop-example.test"
OLD, NEW = "site-shop-example-test", "site-shop_example-test"


def test_user_of_0_1_gets_its_new_name_first_and_loses_the_old_one_last() -> None:
    plan = make_plan(HYPHENATED, users={OLD: home_of(HYPHENATED)})
    assert user_changes(plan) == {NEW: Action.UPDATE, OLD: Action.DELETE}
    assert [any(c.resource == f"user:{OLD}" for c in stage.changes) for stage in plan.stages] == [False, True]
    renamed = next(c for c in plan.changes if c.resource == f"user:{NEW}")
    assert OLD in renamed.diff
    assert plan.problems == ()


def test_interrupted_rename_is_completed() -> None:
    home = home_of(HYPHENATED)
    assert user_changes(make_plan(HYPHENATED, users={OLD: home, NEW: home})) == {OLD: Action.DELETE}
    assert user_changes(make_plan(HYPHENATED, users={NEW: home})) == {}


def test_user_of_another_site_is_left_alone() -> None:
    plan = make_plan(HYPHENATED, users={OLD: home_of(DOTTED)})
    assert user_changes(plan) == {NEW: Action.CREATE}
    assert plan.problems == ()


def test_both_sites_of_one_playbook_get_their_own_users() -> None:
    for first in (DOTTED, HYPHENATED):
        plan = make_plan(DOTTED, HYPHENATED, users={OLD: home_of(first)}, owners={})
        assert plan.problems == ()
        expected = {NEW: Action.CREATE} if first == DOTTED else {NEW: Action.UPDATE, OLD: Action.CREATE}
        assert user_changes(plan) == expected
        steps = [step.name for step in plan.stages[0].before if step.name.startswith("user ")]
        assert steps == sorted(steps, key=lambda name: OLD in name)  # the name is free before it is used again


def test_user_with_another_home_is_refused() -> None:
    plan = make_plan(DOTTED, users={OLD: home_of(HYPHENATED)})
    assert [problem.message for problem in plan.problems] == [
        f"the Unix user {OLD} has the home /var/www/{HYPHENATED}, not /var/www/{DOTTED}; it was left alone"
    ]
    assert "deploy the playbook of the site shop-example.test first" in plan.problems[0].hint
    plan = make_plan(DOTTED, users={OLD: "/home/somebody"})
    assert [problem.kind for problem in plan.problems] == ["conflict"]


DATABASE = "database:shop_example_test"
ACCOUNT = "database-user:shop_example_test@localhost"
HERS = DatabaseState(exists=True, grants=frozenset({"shop\\_example\\_test"}))
EXISTS = {DATABASE: DatabaseState(exists=True), ACCOUNT: HERS}
OPENS = {**EXISTS, ACCOUNT: replace(HERS, login=True)}


@pytest.mark.parametrize("databases", [EXISTS, {"database-server": DatabaseState()}], ids=["up", "down"])
def test_database_of_another_playbook_is_refused(databases: Mapping[str, DatabaseState]) -> None:
    owners = {"theirs": frozenset({DATABASE, ACCOUNT})}
    plan = make_plan(HYPHENATED, users={}, databases=databases, owners=owners)
    assert [p.message for p in plan.problems if p.kind == "conflict"] == [
        "the database shop_example_test belongs to the playbook theirs; it was left alone",
        "the database user shop_example_test belongs to the playbook theirs; it was left alone",
    ]


def test_database_that_the_sites_secret_opens_is_taken_over_by_a_renamed_playbook() -> None:
    plan = make_plan(DOTTED, users={}, databases=OPENS, owners={"theirs": frozenset({DATABASE, ACCOUNT})})
    assert [p for p in plan.problems if p.kind == "conflict"] == []
    assert {DATABASE, ACCOUNT} <= set(plan.claims)


def test_directory_of_another_playbooks_site_is_refused() -> None:
    path = home_of(DOTTED)
    owners = {"theirs": frozenset({f"directory:{path}"})}
    entries = {path: Entry("directory", 0o750, "site-another:www-data")}
    plan = make_plan(DOTTED, users={}, owners=owners, entries=entries)
    assert [p.message for p in plan.problems] == [
        f"{path} belongs to site-another, of the playbook theirs; it was left alone"
    ]


def load_error(sites: Mapping[str, object]) -> str:
    data = {"web": {}, "php": {}, "mysql": {}, "sites": sites}
    with pytest.raises(PlaybookError) as caught:
        rendered("generated.yml", (), "debian-13", Generated(yaml.safe_dump(data)))
    return caught.value.message


def test_two_sites_with_the_same_database_name_are_refused() -> None:
    message = load_error({name: {"type": "php", "database": True} for name in (DOTTED, HYPHENATED)})
    assert "the database name shop_example_test is used by two sites" in message


@pytest.mark.parametrize(
    "root",
    ["/var/www/shop.example.test", "/var/www/shop.example.test/wp-content", "/var/www", "/var", "/etc", "/etc/lampctl",
     "/usr/local", "/run/php", "/root", "/var/lib", "/var/lib/lampctl/x", "/home"],
)  # fmt: skip
def test_root_that_contains_or_is_inside_a_foreign_directory_is_refused(root: str) -> None:
    sites = {DOTTED: {"type": "wordpress"}, "b.test": {"type": "static", "root": root}}
    assert f"the root {root} of b.test" in load_error(sites)


def test_valid_roots_are_accepted() -> None:
    for root in ("/var/www/shop", "/srv/www/a.test", "/var/www/b.test/public", "/home/me/www", "/opt/app/public"):
        data = {"web": {}, "sites": {"a.test": {"type": "static"}, "b.test": {"type": "static", "root": root}}}
        assert rendered("generated.yml", (), "debian-13", Generated(yaml.safe_dump(data)))


def test_names_of_every_length_are_accepted() -> None:
    """The longest alias that DNS has, and the longest site, with the longest label."""
    longest, site = ".".join(["a" * 63] * 3 + ["a" * 61]), ".".join(["b" * 63] * 3 + ["b" * 8])
    assert (len(longest), len(site)) == (253, 200)
    data = {"web": {}, "php": {}, "sites": {site: {"type": "php", "aliases": [longest]}}}
    assert rendered("generated.yml", (), "debian-13", Generated(yaml.safe_dump(data)))


def test_one_more_site_changes_the_files_of_no_other() -> None:
    def files(count: int) -> dict[str, str]:
        sites = {f"s{number}.test": {"type": "php"} for number in range(count)}
        return rendered(
            "generated.yml", (), "debian-13", Generated(yaml.safe_dump({"web": {}, "php": {}, "sites": sites}))
        )

    before, after = files(40), files(41)
    assert {path for path in before if before[path] != after[path]} == set()


def test_names_too_long_for_a_file_are_refused() -> None:
    name = ".".join(["a" * 60] * 4)
    assert "at most 200" in load_error({name: {"type": "static"}})
