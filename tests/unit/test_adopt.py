"""What others use or made on a host: refused in words, left alone, or taken over with consent."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from lampctl.engine.library import Files
from lampctl.errors import PlaybookError
from lampctl.facts import Facts, WebUse, nominal
from lampctl.layers import Context, Desired, desired
from lampctl.layers.base import Problem
from lampctl.layers.web import apache, nginx
from lampctl.planning import retire
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load
from lampctl.resources import Change, Conflict, Directory, File, Occupied, Package, Rename, Service, User, select
from lampctl.resources.directory import DIRECTORIES
from lampctl.resources.entry import Entry
from lampctl.resources.file import FILES
from lampctl.resources.kind import HostView, States
from lampctl.resources.occupied import OCCUPIED
from lampctl.resources.package import PACKAGES, PackageState
from lampctl.resources.rename import RENAMES
from lampctl.resources.user import USERS

FACTS = nominal("debian-13", ["lamp.test"])
OTHERS = {"apache2": WebUse(("/etc/apache2/sites-enabled/their.conf",), homes=True, workers=4000)}
IN_USE = (
    "database\ttheirs\naccount\tfar\t%\nclient\tfar\t10.0.0.9\n"
    "setting\tbind_address\t0.0.0.0\nsetting\tmax_connections\t500\nsetting\tbuffer_pool\t134217728\n"
)


def of(*settings: str, facts: Facts = FACTS, playbook: str = "lamp") -> Desired:
    loaded = load(playbook, settings, Files())
    return desired(Context.from_loaded(loaded, PLATFORMS["debian-13"], facts))


@pytest.mark.parametrize("playbook", ["lamp", "front"])
def test_no_server_of_others_is_rehearsed(playbook: str) -> None:
    """A second instance would start their applications and logging programs a second time."""
    shared = of(playbook=playbook, facts=replace(FACTS, web=OTHERS))
    assert any(service.foreground for service in select(of(playbook=playbook).resources, Service))
    assert not any(service.foreground for service in select(shared.resources, Service))


def judged(found: Desired, id: str, raw: str, facts: Facts = FACTS) -> list[Problem]:
    preflight = next(preflight for preflight in found.preflights if preflight.id == id)
    return preflight.judge(raw, facts, frozenset({"service:mariadb.service", "service:apache2.service"}))


def test_settings_that_others_use_are_lowered_only_with_consent() -> None:
    (problem,) = judged(of(), "mysql.shared.mariadb", IN_USE)
    assert problem.message == (
        "others use MariaDB (databases: theirs; accounts: far@%; connected from 10.0.0.9), and this deploy would change "
        "bind-address from 0.0.0.0 to 127.0.0.1 and max_connections from 500 to 32"
    )
    assert problem.hint.startswith('mysql: {bind_address: "0.0.0.0", max_connections: 500} keeps what is in force;')
    kept = ("mysql.bind_address=0.0.0.0", "mysql.max_connections=500")
    assert judged(of(*kept), "mysql.shared.mariadb", IN_USE) == []
    for consent in ("adopt=true", "mysql.adopt=true"):
        (accepted,) = judged(of(consent), "mysql.shared.mariadb", IN_USE)
        assert accepted == replace(problem, accepted=True)
    alone = "".join(line for line in IN_USE.splitlines(keepends=True) if line.startswith("setting"))
    assert judged(of(), "mysql.shared.mariadb", alone) == [], "nobody else uses it"
    assert judged(of(), "mysql.shared.mariadb", "") == [], "it is lampctl's, or not there"


def drop_ins(found: Desired) -> set[str]:
    return {file.path for file in select(found.resources, File) if "apache2.service.d" in file.path}


def test_server_that_others_use_gets_no_sandbox_without_consent() -> None:
    shared = replace(FACTS, web=OTHERS)
    found = of(facts=shared)
    assert drop_ins(found) == set()
    (note,) = found.notes
    assert "their.conf" in note
    assert "web: {adopt: true}" in note
    (problem,) = judged(found, "web.apache.workers", "", shared)
    assert "web: {max_workers: 4000}" in problem.hint
    (rival,) = judged(of("web.server=nginx", facts=shared), "web.rivals", "", shared)
    assert rival.kind == "foreign-vhost"
    both = {f"/etc/systemd/system/apache2.service.d/{name}.conf" for name in ("lampctl", "lampctl.homes")}
    adopted = of("web.adopt=true", facts=shared)
    assert (drop_ins(adopted), adopted.notes) == (both, ())
    taken = replace(FACTS, web={"apache2": replace(OTHERS["apache2"], taken=True)})
    assert (drop_ins(of(facts=taken)), of(facts=taken).notes) == (both, ())


def view(states: States, *wanted: object, owned: tuple[str, ...] = ()) -> HostView:
    return HostView(states, wanted, owned=frozenset(owned))  # type: ignore[arg-type]


HOME = "/var/www/shop.test"
ITEM = Occupied(HOME, "site", "site-shop-test", "www-data")


@pytest.mark.parametrize(
    ("rows", "adopt", "outcome"),
    [
        ("", False, ""),
        (f"{HOME}\towner\troot:root\t755\n{HOME}\tholds\troot\t7\n", False, ""),
        (f"{HOME}\towner\troot:root\t755\n{HOME}\tholds\tsite-x\t7\n", False, ""),
        (f"{HOME}\towner\tbob:bob\t755\n{HOME}\tholds\tbob\t7\n", False, "7 of bob"),
        (f"{HOME}\towner\tbob:bob\t755\n{HOME}\tholds\tbob\t7\n", True, "change"),
        (f"{HOME}\towner\tbob:bob\t755\n{HOME}\tholds\tbob\t7\n{HOME}\tholds\tann\t1\n", True, "1 of ann and 7 of bob"),
        (f"{HOME}\towner\tbob:bob\t755\n{HOME}\tholds\tbob\t7\n{HOME}\tlinked\t\t1\n", True, "further name"),
    ],
)
def test_files_of_one_other_user_move_with_consent(rows: str, adopt: bool, outcome: str) -> None:
    states = OCCUPIED.parse(rows)
    item = replace(ITEM, adopt=adopt)
    found = OCCUPIED.compare(item, states.get(item.key), view(States({"occupied": states}), item))
    shown = found.message if isinstance(found, Conflict) else "change" if found else ""
    assert outcome in shown
    assert bool(outcome) == bool(found)


def test_directory_below_usr_share_is_never_made() -> None:
    directory, package = Directory("/usr/share/x", "site", provided=True), Package("x", "linux")
    coming = DIRECTORIES.compare(directory, None, view(States(), directory, package))
    assert isinstance(coming, Change)
    installed = States().updated(PACKAGES, {package.key: PackageState("installed")})
    assert isinstance(DIRECTORIES.compare(directory, None, view(installed, directory, package)), Conflict)
    there = Entry("directory", 0o777, "bob:bob")
    assert DIRECTORIES.compare(directory, there, view(installed, directory, owned=(directory.key,))) is None


@pytest.mark.parametrize(
    ("server", "former", "new", "expected"),
    [
        (apache, "Listen 127.0.0.1:80", "Listen 80", True),
        (apache, "Listen 80\nListen 443", "Listen 80\n<IfModule ssl_module>\n    Listen 443\n</IfModule>", False),
        (apache, "Listen 80", "Listen 127.0.0.1:8080", False),
        (apache, "listen [::1]:80\nListen 10.0.0.1:80", "Listen 80", True),
        (apache, "Listen 127.0.0.1:80", "Listen 127.0.0.1:80\nListen 80", True),
        (nginx, "    listen 127.0.0.1:80 backlog=4096;", "    listen 80 backlog=4096;\n    listen [::]:80;", True),
        (nginx, "listen 80;", "listen 80 default_server;\nlisten [::]:80 default_server;\nlisten 443 ssl;", False),
    ],
)
def test_port_on_another_address_takes_a_restart(server: ModuleType, former: str, new: str, expected: bool) -> None:
    (rebind,) = server.rebinds(PLATFORMS["debian-13"].web[server.__name__.rpartition(".")[2]])
    states = States().updated(FILES, {rebind.path: Entry("file", content=former.encode())})
    changing = HostView(states, contents={f"file:{rebind.path}": new}, changing=(rebind.path,))
    assert rebind.applies(changing) is expected


RENAME = Rename(
    "new.test", "old.test", "site", ("site-old-test", "site-new-test"), (("/var/www/old.test", "/var/www/new.test"),)
)
FORMER = "new.test\taccount\tsite-old-test\nnew.test\tfolder\t/var/www/old.test\n"


def test_former_name_moves_if_lampctl_made_it_and_the_new_place_is_free() -> None:
    def outcome(rows: str, *owned: str) -> Change | Conflict | None:
        states = RENAMES.parse(rows)
        return RENAMES.compare(RENAME, states.get(RENAME.key), view(States({"renames": states}), RENAME, owned=owned))

    own = "directory:/var/www/old.test"
    moved = outcome(FORMER, own)
    assert isinstance(moved, Change)
    assert "/var/www/old.test -> /var/www/new.test, site-old-test -> site-new-test" in moved.diff
    assert isinstance(outcome(FORMER), Conflict)
    assert isinstance(outcome(FORMER + "new.test\ttaken\t/var/www/new.test\n", own), Conflict)
    assert outcome("new.test\tlink\t/var/www/old.test\n", own) is None
    pending = States({"renames": RENAMES.parse(FORMER)})
    user = User("site-new-test", "site", "/var/www/new.test")
    assert USERS.compare(user, None, view(pending, RENAME, user)) is None, "it is renamed, not created"


def test_plan_says_what_stays_of_a_site_that_goes() -> None:
    orphans = {"file:/etc/apache2/sites-available/old.test.conf", "directory:/var/www/old.test", "database:old_test"}
    (note,) = retire.leftovers(Desired(), orphans)
    assert note.startswith("left of old.test: /var/www/old.test, the user site-old-test, the database old_test; ")
    assert retire.leftovers(Desired((RENAME,)), orphans) == ()
    moved = File("/etc/nginx/sites-available/old.test.conf", "web", "nginx/site.conf.j2", {})
    assert retire.leftovers(Desired((moved,)), orphans) == (), "it goes to another web server, and stays"


def test_former_name_is_no_other_sites_name() -> None:
    with pytest.raises(PlaybookError, match="is used by two sites"):
        load("lamp", ("sites={a.test: {renamed_from: b.test}, b.test: {}}",), Files())


def test_database_on_another_host_is_kept_by_its_name_where_a_site_is_renamed() -> None:
    remote = "sites={new.test: {renamed_from: old.test, database: {host: db1%s}}}"
    with pytest.raises(PlaybookError, match=r"`database: \{host: db1, name: old_test, user: old_test\}` keeps it"):
        load("lamp", (remote % "",), Files())
    kept = load("lamp", (remote % ", name: old_test, user: old_test",), Files())
    assert kept.playbook.databases["new.test"].name == "old_test"
