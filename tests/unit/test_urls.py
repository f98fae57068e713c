"""URLs as people type them, and the addresses to which their names resolve."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lampctl.checks import Evidence, Status
from lampctl.errors import UsageError
from lampctl.facts import Facts
from lampctl.resources.kind import States
from lampctl.urls.checks import connects
from lampctl.urls.url import Url
from tests.unit.forked import run


@pytest.mark.parametrize(
    "url",
    [
        "shop.test",
        "ftp://shop.test/",
        "http://",
        "http://a:99999/",
        "http://[::1/",
        "http://u:p@shop.test/",
        "http://a b/",
        "http://" + "a" * 70 + ".test/",
        "",
    ],
)
def test_invalid_urls_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        Url.parse(url)
    done = run("smoke", "--", url, "https://good.test/", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert [line[:4] for line in done.stderr.splitlines()] == ["lamp", "  → "]
    assert "u:p" not in done.stderr


def test_internationalized_name_is_encoded() -> None:
    assert Url.parse("https://bücher.test/ä").host == "xn--bcher-kva.test"
    assert Url.parse("https://bücher.test/ä").path == "/%C3%A4"


@pytest.mark.parametrize(
    ("found", "status", "message"),
    [
        ({"192.0.2.1": [0, ""]}, Status.PASS, "192.0.2.1"),
        ({"192.0.2.1": [0, ""], "2001:db8::1": [101, "unreachable"]}, Status.PASS, "192.0.2.1; not seen from here: 2001:db8::1"),
        ({"192.0.2.1": [0, ""], "2001:db8::1": [None, "timed out"]}, Status.FAIL, "1 of 2 addresses take no connection"),
        ({"192.0.2.1": [111, "refused"], "2001:db8::1": [101, "unreachable"]}, Status.FAIL, "takes no connection"),
        ({"127.0.0.1": [0, ""], "::1": [111, "refused"]}, Status.PASS, "127.0.0.1; not seen from here: ::1"),
    ],
)  # fmt: skip
def test_unreachable_address_families_do_not_count(found: object, status: Status, message: str) -> None:
    verdict = connects(Url.parse("http://x.test"), ()).judge(Evidence(json.dumps(found), Facts(""), States()))
    assert (verdict.status, verdict.actual) == (status, message)
