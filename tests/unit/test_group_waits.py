"""Hosts of one site: who waits for whom."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from lampctl.engine.fleet import parts
from lampctl.engine.group import Member
from lampctl.errors import LampctlError
from lampctl.outcome import Outcome
from lampctl.planning.stages import Stage
from lampctl.playbook import Others
from lampctl.resources import Step, hook
from tests.unit.fake_host import FakeHost
from tests.unit.groups import ADMIN, KEY, A, loaded


def members(folder: Path, targets: list[str], command: str = "deploy") -> dict[str, Any]:
    return parts(loaded(folder), targets, command)


def answer(one: Member, *secret: bytes) -> FakeHost:
    return FakeHost([f"secret\t{name}\t{value.decode()}" for value in secret for name in (KEY, ADMIN)], host=one.host)


def done(error: LampctlError | None = None) -> Outcome:
    return Outcome("web1", "deploy", error=error)


def test_others_wait_for_the_first_and_get_its_secrets_from_memory(tmp_path: Path) -> None:
    found = members(tmp_path, ["web2", "web1"])
    first, second = found["web1"], found["web2"]
    told: Queue[str] = Queue()
    second.note = told.put
    with ThreadPoolExecutor(2) as pool:
        later = pool.submit(second.begin, answer(second))
        assert first.begin(answer(first)).given == {}
        assert told.get(timeout=10) == "waits for web1, which runs the hooks of a.test first"
        assert not later.done()
        first.served(answer(first, A))
        share = later.result(timeout=10)
    assert share.given == {f"given/{KEY}": A, f"given/{ADMIN}": A}
    assert share.loaded.others.secrets == {KEY: "web1", ADMIN: "web1"}


@pytest.mark.parametrize("outcome", [None, done(LampctlError("web1: it failed"))])
def test_others_do_nothing_if_the_first_fails(tmp_path: Path, outcome: Outcome | None) -> None:
    found = members(tmp_path, ["web1", "web2"])
    first, second = found["web1"], found["web2"]
    with ThreadPoolExecutor(2) as pool:
        later = pool.submit(second.begin, answer(second, A))
        first.begin(answer(first, A))
        first.end(outcome)
        with pytest.raises(
            LampctlError, match=r"web2: nothing was done, because web1, which runs the hooks of a\.test"
        ):
            later.result(timeout=10)


def test_host_that_is_away_blocks_nobody(tmp_path: Path) -> None:
    found = members(tmp_path, ["web1", "web2"])
    found["web1"].end(None)
    share = found["web2"].begin(answer(found["web2"], A))
    assert share.loaded.others == Others()


def test_plan_and_check_wait_for_nobody(tmp_path: Path) -> None:
    for command in ("plan", "check"):
        found = members(tmp_path, ["web1", "web2"], command)
        with ThreadPoolExecutor(2) as pool:
            shares = list(pool.map(lambda one: one.begin(answer(one)), found.values(), timeout=10))
        assert [share.loaded.others.secrets for share in shares] == [{}, {KEY: "web1", ADMIN: "web1"}]


LAST = Stage((), after=(Step(f"{hook.AFTER} of a.test", "site", ":"),))


def test_hooks_after_the_switch_wait_until_the_others_have_ended(tmp_path: Path) -> None:
    found = members(tmp_path, ["web1", "web2"])
    first, second = found["web1"], found["web2"]
    with ThreadPoolExecutor(2) as pool:
        later = pool.submit(second.begin, answer(second, A))
        first.begin(answer(first, A))
        first.begins(LAST)  # while they wait for it, it does not wait for them
        first.begins(Stage(()))
        first.served(answer(first, A))
        later.result(timeout=10)
        second.begins(LAST)  # only the first waits
        waiting: Future[None] = pool.submit(first.begins, LAST)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.2)
        second.end(done())
        waiting.result(timeout=10)


# Hosts of the run → for each of its groups that has something to agree on: the first host of all, and those of the run.
GROUPS: dict[tuple[str, ...], list[tuple[str, list[str]]]] = {
    ("web1",): [],
    ("web2",): [("web1", ["web2"])],
    ("web3", "root@web1", "other"): [("root@web1", ["root@web1", "web3"])],
    ("other", "web1", "more"): [("other", ["other", "more"])],
}


@pytest.mark.parametrize("targets", GROUPS)
def test_groups_are_the_hosts_of_the_playbook_and_those_it_does_not_list(
    tmp_path: Path, targets: tuple[str, ...]
) -> None:
    found = members(tmp_path, list(targets))
    assert list(found) == list(targets)
    groups = {id(part.group): part.group for part in found.values() if isinstance(part, Member)}
    assert [(one.first, [member.host for member in one.members]) for one in groups.values()] == GROUPS[targets]
