"""Every state of a systemd unit: the verdict of its check, and the change in the plan."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from lampctl.checks import Evidence, Status
from lampctl.facts import Facts
from lampctl.layers.services import judge
from lampctl.resources import Action, Change, Conflict, Service
from lampctl.resources.kind import HostView, States
from lampctl.resources.service import SERVICES
from lampctl.resources.unit import UnitState

# The words of is-enabled (systemctl(1)): those with which a unit starts at boot or through another unit, and the others.
STARTS = ("enabled", "enabled-runtime", "static", "alias", "indirect", "generated")
DOES_NOT = ("disabled", "linked", "linked-runtime", "transient", "bad", "")
ACTIVE = ("active", "reloading", "inactive", "failed", "activating", "deactivating", "maintenance")
WEB = Service("web.service", "web", watch=("/etc/web",), units=("/etc/systemd/system/web.service",))


def is_healed(state: UnitState) -> bool:
    """Whether a deploy changes something, or reports why it does not."""
    return SERVICES.compare(WEB, state, HostView()) is not None


def fails(state: UnitState) -> bool:
    states = States().updated(SERVICES, {WEB.key: state})
    return judge(Evidence("", Facts("debian-13"), states), WEB).status is Status.FAIL


@pytest.mark.parametrize(("enabled", "active"), [*product(STARTS + DOES_NOT, ACTIVE)])
def test_check_fails_exactly_if_a_deploy_would_act(enabled: str, active: str) -> None:
    state = UnitState(True, active, enabled, started=100.0)
    well = active in ("active", "reloading") and enabled in STARTS
    assert (fails(state), is_healed(state)) == (not well, not well)


@pytest.mark.parametrize(
    ("state", "action"),
    [
        (UnitState(True, "active", "enabled", "", 90.0, 90.0, 100.0, "/etc/web/x"), Action.RELOAD),
        (UnitState(True, "active", "enabled", "", 200.0, 90.0, 100.0, "/etc/web/x"), None),
        (UnitState(True, "active", "enabled", "", 200.0, 90.0, unit_changed=100.0), Action.RESTART),
        (UnitState(True, "active", "enabled", "", 90.0, 90.0, unread=True), Action.RESTART),
        (UnitState(False, "inactive", ""), Action.START),
        (UnitState(True, "active", "disabled", "", 90.0, 90.0), Action.ENABLE),
        (UnitState(True, "active", "enabled", "", 90.0, 90.0, frozen=True), Action.RESTART),
    ],
)
def test_each_fault_is_fixed_by_its_change(state: UnitState, action: Action | None) -> None:
    change = SERVICES.compare(WEB, state, HostView())
    assert getattr(change, "action", None) is action
    assert fails(state) is (action is not None)


def test_restart_that_visitors_notice_says_so_before_it_happens() -> None:
    noticed = replace(WEB, outage="for a second, nothing answers")
    for state, words in (
        (UnitState(True, "active", "enabled", "", 200.0, 90.0, unit_changed=100.0), noticed.outage),  # a restart
        (UnitState(True, "active", "enabled", "", 90.0, 90.0, 100.0, "/etc/web/x"), ""),  # a reload
        (UnitState(True, "failed", "enabled", "", 90.0, 90.0, 100.0), ""),  # nothing answers anyway
    ):
        change = SERVICES.compare(noticed, state, HostView())
        assert isinstance(change, Change)
        assert noticed.outage in change.diff if words else noticed.outage not in change.diff


def test_masked_unit_fails_and_is_a_conflict() -> None:
    state = UnitState(False, "inactive", "masked", masked=True)
    assert fails(state)
    assert isinstance(SERVICES.compare(WEB, state, HostView()), Conflict)


def test_missing_socket_does_not_fail_the_check_of_its_unit() -> None:
    state = UnitState(True, "active", "enabled", "", 90.0, 90.0, sockets=("/run/web.sock does not exist",))
    change = SERVICES.compare(WEB, state, HostView())
    assert getattr(change, "action", None) is Action.RESTART
    assert not fails(state)
