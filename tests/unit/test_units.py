"""Every state of a systemd unit: what the check says of it, and what the plan does about it."""

from __future__ import annotations

from itertools import product

import pytest

from lampctl.checks import Evidence, Status
from lampctl.facts import Facts
from lampctl.layers.services import judge
from lampctl.resources import Action, Conflict, Service
from lampctl.resources.kind import HostView, States
from lampctl.resources.service import SERVICES
from lampctl.resources.unit import UnitState

# systemd's words (systemctl(1), is-enabled): those by which a unit starts at boot, or by another unit, and the others.
STARTS = ("enabled", "enabled-runtime", "static", "alias", "indirect", "generated")
DOES_NOT = ("disabled", "linked", "linked-runtime", "transient", "bad", "")
ACTIVE = ("active", "reloading", "inactive", "failed", "activating", "deactivating", "maintenance")
WEB = Service("web.service", "web", watch=("/etc/web",), units=("/etc/systemd/system/web.service",))


def healed(state: UnitState) -> bool:
    """Does a deploy do something about it, or say why not?"""
    return SERVICES.compare(WEB, state, HostView()) is not None


def fails(state: UnitState) -> bool:
    states = States().updated(SERVICES, {WEB.key: state})
    return judge(Evidence("", Facts("debian-13"), states), WEB).status is Status.FAIL


@pytest.mark.parametrize(("enabled", "active"), [*product(STARTS + DOES_NOT, ACTIVE)])
def test_check_fails_if_and_only_if_a_deploy_heals(enabled: str, active: str) -> None:
    state = UnitState(True, active, enabled, started=100.0)
    well = active in ("active", "reloading") and enabled in STARTS
    assert (fails(state), healed(state)) == (not well, not well)


@pytest.mark.parametrize(
    ("state", "action"),
    [
        (UnitState(True, "active", "enabled", "", 90.0, 90.0, 100.0, "/etc/web/x"), Action.RELOAD),
        (UnitState(True, "active", "enabled", "", 200.0, 90.0, 100.0, "/etc/web/x"), None),
        (UnitState(True, "active", "enabled", "", 200.0, 90.0, unit_changed=100.0), Action.RESTART),
        (UnitState(True, "active", "enabled", "", 90.0, 90.0, unread=True), Action.RESTART),
        (UnitState(False, "inactive", ""), Action.START),
        (UnitState(True, "active", "disabled", "", 90.0, 90.0), Action.ENABLE),
    ],
)
def test_change_that_each_fault_needs(state: UnitState, action: Action | None) -> None:
    change = SERVICES.compare(WEB, state, HostView())
    assert getattr(change, "action", None) is action
    assert fails(state) is (action is not None)


def test_masked_unit_fails_and_is_a_conflict() -> None:
    state = UnitState(False, "inactive", "masked", masked=True)
    assert fails(state)
    assert isinstance(SERVICES.compare(WEB, state, HostView()), Conflict)


def test_missing_socket_is_the_business_of_the_check_that_uses_it() -> None:
    state = UnitState(True, "active", "enabled", "", 90.0, 90.0, missing=("/run/web.sock",))
    change = SERVICES.compare(WEB, state, HostView())
    assert getattr(change, "action", None) is Action.RESTART
    assert not fails(state)
