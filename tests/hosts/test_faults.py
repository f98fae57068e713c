"""A sample of the table in tests/faults: the right hop is named, and its hint helps. `make faults` tries all of it."""

from __future__ import annotations

import pytest

from tests.faults.table import Control, Fault, book
from tests.faults.trial import LIMIT, Bench, try_control, try_fault
from tests.hosts.conftest import ON_ONE_RELEASE, Host

pytestmark = pytest.mark.hosts

LAMP = book("lamp")
FAULTS = (
    "the resolver is dead",
    "only apache's workers are frozen",
    "mariadb's socket is closed to others",
    "php's socket has no rights",
    "mariadb is read-only",
    "a foreign vhost takes the bare address",
    "a foreign file redirects everything",
    "a module that the vhosts need is off",
    "the MPM was switched by hand",
    "the port is taken by another program",
    "apache listens on IPv4 only",
)
CONTROLS = ("a foreign site", "a foreign module", "a log rotation")
SLOW_MACHINE = 3  # times the limit: this one also runs other tests


@pytest.fixture(scope="module")
def bench(host: Host) -> Bench:
    host.sh("DEBIAN_FRONTEND=noninteractive apt-get install -y -q logrotate")
    return Bench(host, LAMP, lambda command: host.lampctl(command, "HOST"))


@ON_ONE_RELEASE
@pytest.mark.parametrize("fault", [f for f in LAMP.faults if f.name in FAULTS], ids=lambda fault: fault.name)
def test_right_hop_is_named_and_its_hint_helps(bench: Bench, fault: Fault) -> None:
    trial = try_fault(bench, fault)
    assert trial.right, trial
    assert trial.green, trial
    assert not trial.hint.startswith(("missing", "does not")), trial
    assert trial.seconds < LIMIT * SLOW_MACHINE


@ON_ONE_RELEASE
@pytest.mark.parametrize("control", [c for c in LAMP.controls if c.name in CONTROLS], ids=lambda control: control.name)
def test_harmless_change_raises_no_alarm(bench: Bench, control: Control) -> None:
    trial = try_control(bench, control)
    assert trial.right, trial
    assert trial.green, trial
