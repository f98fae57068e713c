"""The plan that goes back before a run, from what a host printed."""

from __future__ import annotations

import base64

import pytest

from lampctl.engine.undoing import choose
from lampctl.errors import UsageError
from lampctl.facts import Facts
from lampctl.layers import Desired
from lampctl.observation import Observation
from lampctl.planning import undo
from lampctl.planning.undo import Kept
from lampctl.resources import Action

RUNS = [f"20261127T08{minute:02d}00Z-00{minute:02d}" for minute in range(5)]
LISTING = "\n".join(
    [f"9\t{RUNS[4]}\t@shop\twhole", f"8\t{RUNS[4]}\t@shop\twhole", f"7\t{RUNS[3]}\tother\twhole", f"6\t{RUNS[2]}\t@shop\twhole",
     f"5\t{RUNS[1]}\t@shop\t", "junk", "x\ty\tz\twhole"]
)  # fmt: skip


@pytest.mark.parametrize(
    ("to", "numbers"),
    [("", ["9", "8"]), (RUNS[4], ["9", "8"]), ("0002", ["9", "8", "6"]), (RUNS[2][:13], ["9", "8", "6"])],
)
def test_runs_since_the_chosen_one_are_undone_the_newest_first(to: str, numbers: list[str]) -> None:
    chosen = choose("web1", undo.parse_listing(LISTING), "@shop", to)
    assert [one.number for one in chosen] == numbers


@pytest.mark.parametrize(
    ("record", "to", "why"),
    [
        ("@blog", "", "no run of this playbook"),
        ("@shop", "0003", "belongs to the playbook other"),
        ("@shop", "nonsense", "has no files to undo"),
        ("@shop", "20261127T08", "several runs match"),
        ("@shop", "0001", "made by an older lampctl"),
    ],
)
def test_what_cannot_be_undone_is_refused_with_the_reason(record: str, to: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        choose("web1", undo.parse_listing(LISTING), record, to)


DIFF = base64.b64encode(b"-a\n+b\n").decode()
COMPOSED = f"""update\tfile:/etc/apache2/x.conf\t{DIFF}
update\tfile:/etc/lampctl/y\tnot base64!
delete\tfile:/etc/apache2/sites-available/gone.test.conf\t
delete\tfile:/etc/nginx/sites-available/moved.test.conf\t
create\tfile:/etc/apache2/sites-available/moved.test.conf\t{DIFF}
delete\tfile:/etc/systemd/system/gone.service\t
unit\tservice:gone.service\tsite
unit\tservice:apache2.service\tweb
left\tfile:/etc/shared\t
missing\t/var/www/a/current\treleases/1
passed\tweb.service 0a\t
passed\tsite.answer@gone.test 0b\t
passed\tsite.answer@moved.test 0c\t
junk"""


def test_composed_files_become_a_plan_that_keeps_secrets() -> None:
    seen = Observation(Facts("debian-13"), generation="9")
    way = undo.plan(COMPOSED, [Kept("9", RUNS[4], "@shop", whole=True)], Desired(), seen)
    assert [(c.resource, c.action, c.diff) for c in way.plan.changes] == [
        ("file:/etc/apache2/x.conf", Action.UPDATE, "-a\n+b\n"),
        ("file:/etc/lampctl/y", Action.UPDATE, ""),
        ("file:/etc/apache2/sites-available/gone.test.conf", Action.DELETE, "it did not exist before\n"),
        ("file:/etc/nginx/sites-available/moved.test.conf", Action.DELETE, "it did not exist before\n"),
        ("file:/etc/apache2/sites-available/moved.test.conf", Action.CREATE, "-a\n+b\n"),
        ("file:/etc/systemd/system/gone.service", Action.DELETE, "it did not exist before\n"),
        ("service:gone.service", Action.STOP, "it did not exist before\n"),
        ("service:apache2.service", Action.RELOAD, "runs the files that come back\n"),
    ]
    assert (way.plan.playbook, way.plan.seen) == ("@shop", "9")
    assert way.passed == {"web.service": "0a", "site.answer@moved.test": "0c"}, (
        "the checks of a site that goes are not asked"
    )
    assert (way.left, way.missing) == (("file:/etc/shared",), (("/var/www/a/current", "releases/1"),))
    assert not undo.plan("", [Kept("9", RUNS[4], "@shop", whole=True)], Desired(), seen).plan
