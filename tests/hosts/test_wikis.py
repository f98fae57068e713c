"""MediaWiki, DokuWiki, phpMyAdmin and Adminer from Debian's packages: deployed, used, renewed, broken, and rolled back."""

from __future__ import annotations

import pytest

from tests.hosts.conftest import ON_ONE_RELEASE, Host
from tests.hosts.shops import on, tried
from tests.hosts.wikis import KNOWN, Wiki

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

NAMES = [f"{name}-{server}" for name in KNOWN for server in ("nginx", "apache")]
EACH = on(*NAMES)
CASES = [(name, case) for name in tried(*NAMES) for case in KNOWN[name.split("-")[0]].broken]


@pytest.fixture(scope="module")
def shop(request: pytest.FixtureRequest, fresh: Host, tmp_path_factory: pytest.TempPathFactory) -> Wiki:
    """One of the applications, deployed for the first time, or behind its other web server."""
    name, web = request.param.split("-")
    found = Wiki(fresh, tmp_path_factory.mktemp(name), name, web, f"{name}.test")
    found.first, found.good = found.known.first, lambda text: "200 OK" in text[:20] and found.known.title in text
    found.original()
    ran = found.deploy()
    assert ran.code == 0, ran
    assert ran.results[f"site.answer@{found.site}"] == "pass"
    return found


@pytest.fixture
def served(shop: Wiki) -> Wiki:
    """The application with its original files on disk, served."""
    shop.restore()
    return shop


@EACH
def test_application_is_used(served: Wiki) -> None:
    served.use(f"one-{served.server}")
    answers = {path: served.browser().get(path).status for path in (*served.known.closed, *served.known.open)}
    assert answers == dict.fromkeys(served.known.closed, 403) | dict.fromkeys(served.known.open, 200)
    assert served.lampctl("plan").changes == {}
    checked = served.lampctl("check", "--deep")
    assert checked.code == 0, checked


@EACH
def test_second_release_loses_no_request_and_is_rolled_back(served: Wiki) -> None:
    renewed = served.known.renewed  # another release behind each server: the box remembers which one was rolled back
    served.change(renewed.file, renewed.text, renewed.broken.replace("second", f"second on {served.server}"))
    served.renewed(least=2000)
    assert "the second" in served.page(served.first).lower()
    ran = served.host.lampctl("rollback", "HOST", served.site)
    assert ran.code == 0, ran
    assert "the second" not in served.page(served.first).lower()
    served.use(f"back-{served.server}")
    checked = served.lampctl("check")
    assert checked.code == 0, checked


@pytest.mark.parametrize(("shop", "case"), CASES, indirect=["shop"])
def test_broken_release_is_named_and_never_served(served: Wiki, case: str) -> None:
    broken = served.known.broken[case]
    served.change(broken.file, broken.text, broken.broken)
    assert broken.evidence in served.refused()
