"""A sample of `make sweep`: a deploy that is cut leaves the old or the new site, and the next deploy completes it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

import pytest

from lampctl.box import Boxes
from tests.hosts.conftest import HOME
from tests.sweep.cuts import Lab, Moment, measure, try_cut

pytestmark = pytest.mark.hosts

VERSIONS = cycle(["two", "one"])


@pytest.fixture(scope="module")
def lab(boxes: Boxes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    yield Lab(boxes.up("cuts"), boxes, HOME, tmp_path_factory.mktemp("cuts"), "apache")
    boxes.down("cuts")


@pytest.fixture(scope="module")
def steps(lab: Lab) -> int:
    """How many steps a changing deploy has; the lab is left in state `one`."""
    return measure(lab)[1]


@pytest.mark.parametrize(("way", "part"), [("controller", 0.5), ("connection", 0.7), ("power", 0.7), ("run", 0.7)])
def test_site_works_after_a_cut_and_the_next_deploy_completes_it(lab: Lab, steps: int, way: str, part: float) -> None:
    found = try_cut(lab, way, Moment(round(steps * part)), next(VERSIONS))
    assert found.faults == ()
    assert found.requests > 0
