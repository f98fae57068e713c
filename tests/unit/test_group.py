"""Hosts of one site: what they agree on, and what each of them has of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lampctl.engine.agreement import Report, Topics, agree, parse, topics
from lampctl.errors import BadAnswer, PlaybookError
from lampctl.facts import nominal
from lampctl.layers import Context, desired
from lampctl.platforms import PLATFORMS
from lampctl.playbook import Loaded, Others
from lampctl.resources import HookAfter, HookBefore, HookElsewhere, Secret, hook, select
from lampctl.resources.kind import HostView
from tests.unit.groups import ADMIN, KEY, A, B, loaded


def test_topics_are_hooks_for_one_host_and_secrets_that_lampctl_makes(tmp_path: Path) -> None:
    found = topics(loaded(tmp_path))
    assert set(found.secrets) == {KEY, ADMIN}  # not the password of the database, which each host has its own
    assert set(found.hooks) == found.before == {"a.test"}
    assert len(found.hooks["a.test"]) == len(PLATFORMS)  # it is built, so each platform has another release
    wordpress = "\n    type: wordpress\n    database: true\n"
    assert set(topics(loaded(tmp_path, wordpress)).secrets) == {"salts@a.test", "admin@a.test"}
    each = "{after_switch: [{command: purge, each: true}]}"
    assert not topics(loaded(tmp_path, f"\n    source: app\n    hooks: {each}\n"))


TOPICS = Topics({"a.test": frozenset({"1" * 16, "2" * 16})}, frozenset({"a.test"}), {KEY: Secret(KEY, "site", "KEY")})


def holding(value: bytes) -> Report:
    return Report(secrets={KEY: value})


SERVES = Report(frozenset({"a.test"}), frozenset({"a.test"}), {KEY: A})
# Reports in the group's order → for a host of it: who runs the hooks before and after the switch (itself: none), where the
# secret comes from, and what it waits for.
AGREED: dict[str, tuple[Mapping[str, Report], dict[str, tuple[str, str, str, str]]]] = {
    "a first deploy": (
        {"web1": Report(), "web2": Report()},
        {"web1": ("", "", "", ""), "web2": ("web1", "web1", "web1", f"a.test {KEY}")},
    ),
    "a new release": (
        {"web1": holding(A), "web2": holding(A)},
        {"web1": ("", "", "", ""), "web2": ("web1", "web1", "", "a.test")},
    ),
    "the second was away": (
        {"web1": SERVES, "web2": holding(A)},
        {"web1": ("", "", "", ""), "web2": ("web1", "web1", "", "")},
    ),
    "the first was away": (
        {"web1": holding(A), "web2": SERVES, "web3": SERVES},
        {"web1": ("web2", "web2", "", ""), "web2": ("", "", "", ""), "web3": ("web2", "web2", "", "")},
    ),
    "the first is away": (
        {"web2": holding(A), "web3": holding(A)},
        {"web2": ("", "", "", ""), "web3": ("web2", "web2", "", "a.test")},
    ),
    "the hooks after the switch failed": (
        {"web1": replace(SERVES, ran=frozenset()), "web2": replace(SERVES, ran=frozenset())},
        {"web1": ("", "", "", ""), "web2": ("web1", "web1", "", "")},
    ),
    "a new first host": (
        {"web1": Report(), "web2": SERVES},
        {"web1": ("web2", "web2", "web2", ""), "web2": ("", "", "", "")},
    ),
}


@pytest.mark.parametrize("case", AGREED)
def test_hosts_agree_on_who_runs_the_hooks_and_whose_secret_is_everybodys(case: str) -> None:
    reports, expected = AGREED[case]
    found = {host: agree(host, "web1", TOPICS, reports) for host in expected}
    assert {host: terms.problem for host, terms in found.items()} == dict.fromkeys(expected)
    assert "AAAA" not in repr(found)
    for host, (before, after, secret, awaits) in expected.items():
        terms, others = found[host], found[host].others
        assert (others.before.get("a.test", ""), others.after.get("a.test", "")) == (before, after), host
        assert others.secrets.get(KEY, "") == secret, host
        assert (terms.awaits if terms.leader != host else ()) == tuple(awaits.split()), host
        assert terms.given == ({f"given/{KEY}": A} if secret and not awaits else {}), host


PROBLEMS: dict[str, tuple[Mapping[str, Report], dict[str, str]]] = {
    "two values": ({"web1": holding(A), "web2": holding(B), "web3": holding(A)}, {"web2": "secret-differs"}),
    "two values behind a new host": ({"web1": Report(), "web2": holding(A), "web3": holding(B)}, {"web3": "secret-differs"}),
    "none, and the first is away": ({"web2": Report(), "web3": Report()}, {"web2": "first-host", "web3": "first-host"}),
    "one, and the first is away": ({"web2": holding(A), "web3": Report()}, {}),
}  # fmt: skip


@pytest.mark.parametrize("case", PROBLEMS)
def test_secret_is_neither_replaced_nor_made_twice(case: str) -> None:
    reports, expected = PROBLEMS[case]
    found = {host: agree(host, "web1", TOPICS, reports).problem for host in reports}
    assert {host: problem.kind for host, problem in found.items() if problem} == expected
    for problem in found.values():
        assert "AAAA" not in str(problem and (problem.message, problem.hint, problem.evidence))


def test_report_has_only_what_was_asked_for() -> None:
    lines = [
        "Welcome", "served\ta.test\treleases/1111111111111111", "ran\ta.test\t2222222222222222", f"secret\t{KEY}\t{'A' * 32}",
        f"secret\tsalts@a.test\t{'A' * 32}", "served\tb.test\treleases/1111111111111111",
    ]  # fmt: skip
    assert parse("web1", TOPICS, lines) == SERVES
    later = ["served\ta.test\treleases/3333333333333333", "ran\ta.test\t1111111111111111 elsewhere", f"secret\t{KEY}\t"]
    assert parse("web1", TOPICS, later) == Report()
    held = "held\ta.test\t3333333333333333-instead-of-1111111111111111"
    assert parse("web1", TOPICS, [later[0], held]).serves == {"a.test"}  # its hooks ran before the rollback
    with pytest.raises(BadAnswer, match=r"its secret env@a\.test@KEY is not one"):
        parse("web1", TOPICS, [f'secret\t{KEY}\t{"A" * 31}"'])


def wanted(share: Loaded) -> Any:
    return desired(Context.from_loaded(share, PLATFORMS["debian-13"], nominal("debian-13", share.playbook.sites)))


def test_host_runs_only_its_own_hooks_and_takes_the_secrets_of_another(tmp_path: Path) -> None:
    book = loaded(tmp_path)
    alone = wanted(book)
    assert [one.commands for one in select(alone.resources, HookBefore)] == [("migrate", "warm")]
    assert [one.commands for one in select(alone.resources, HookAfter)] == [("purge",)]
    assert not any("each: true" in note for note in alone.notes)
    there = {"a.test": "web1"}
    found = wanted(replace(book, others=Others(there, there, {KEY: "web1"})))
    assert [one.commands for one in select(found.resources, HookBefore)] == [("warm",)]
    assert [type(one) for one in select(found.resources, HookAfter, HookElsewhere)] == [HookElsewhere]
    secrets = {secret.name: secret for secret in select(found.resources, Secret)}
    assert (secrets[KEY].given, secrets[KEY].origin, secrets["a.test"].given) == (True, "web1", False)
    assert found.notes == (
        "before_switch of a.test runs on web1 only, and the site has another database here: {command: …, each: true} runs "
        "on every host",
    )


def test_what_another_host_runs_is_recorded_and_never_runs_here(tmp_path: Path) -> None:
    there = {"a.test": "web1"}
    book = loaded(tmp_path)
    left = select(wanted(replace(book, others=Others(there, there))).resources, HookElsewhere)[0]
    own = select(wanted(book).resources, HookAfter)[0]
    assert left.key == own.key
    change = hook.HOOKS_AFTER.compare(left, None, HostView())
    assert change is not None
    assert change.diff == "after_switch runs on web1\n"  # type: ignore[union-attr]
    script = hook.HOOKS_AFTER.steps([(left, change)], HostView())[0].script  # type: ignore[list-item]
    assert 'ran "$SITE" "$DIGEST elsewhere"' in script
    state = hook.HOOKS_AFTER.parse(f"a.test\t{left.digest} elsewhere")[own.key]
    assert hook.HOOKS_AFTER.compare(own, state, HostView()) is None


REFUSED = {
    "{before_switch: [{command: x, eech: true}]}": "unknown key; did you mean each?",
    "{before_switch: [{each: true}]}": "command: is missing",
    "{before_switch: [{command: x, each: 3}]}": "each",
    "{after_switch: [1]}": "should be text or a mapping",
    '{after_switch: ["a\\nb"]}': "is not a command line for the shell",
}


@pytest.mark.parametrize("hooks", REFUSED)
def test_wrong_hook_is_refused_with_its_line(tmp_path: Path, hooks: str) -> None:
    with pytest.raises(PlaybookError) as caught:
        loaded(tmp_path, f"\n    source: app\n    hooks: {hooks}\n")
    assert REFUSED[hooks] in caught.value.message
    assert "site.yml:8: sites → a.test → hooks" in caught.value.message
