"""Everyday commands without a playbook: what is read of a host, and the words that reach a command."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lampctl.engine import records, status
from lampctl.engine.library import Files
from lampctl.errors import LampctlError, UsageError
from lampctl.facts import Facts
from lampctl.layers import Context, desired
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load
from lampctl.rendering import Renderer
from lampctl.resources.shell import words
from lampctl.ssh import Batch
from lampctl.ssh.relay import relay

SHOP = {
    "site": "shop.test", "type": "php", "user": "site-shop-test", "folder": "/var/www/shop.test/current",
    "runs_code": True, "php": {"version": "8.4", "cli": "php8.4"}, "database": None, "units": ["a.service"],
    "servers": ["nginx.service"], "logs": ["/var/log/nginx/shop.test.error.log"],
}  # fmt: skip
BEGUN = json.dumps({"by": "ann@laptop", "command": "deploy", "playbook": "site", "began": 1795745700})


def rows(*documents: dict[str, Any]) -> str:
    return "\n".join(f"record\t{document.get('site')}\t{json.dumps(document)}" for document in documents)


def test_status_has_what_the_contract_says() -> None:
    raw = rows(SHOP, {"site": "a.test", "type": "static"}) + "\ndays\tshop.test\t-3\nmaintenance\tshop.test\n"
    served = f"site\tshop.test\t{'a' * 16}\t\n"
    runs = f"20261127T021637Z-2c97\t\t{BEGUN}\t{json.dumps({'verdict': 'proved'})}"
    found = status.parse("web1", raw, served, runs).as_dict()
    assert found["sites"] == [
        {"site": "a.test", "type": "static", "release": None, "php": None, "certificate_days": None, "maintenance": False},
        {"site": "shop.test", "type": "php", "release": "a" * 16, "php": "8.4", "certificate_days": -3, "maintenance": True},
    ]  # fmt: skip
    assert (found["last_run"]["command"], found["last_run"]["verdict"]) == ("deploy", "proved")


def test_an_unknown_site_names_the_known_ones() -> None:
    known = records.parse(rows(SHOP, {"site": "blog.test"}))
    with pytest.raises(UsageError) as caught:
        records.chosen("web1", known, "shop.tset")
    assert caught.value.message == "web1: there is no site shop.tset"
    assert caught.value.hint.endswith("Its sites: blog.test, shop.test")
    with pytest.raises(LampctlError, match="no record"):
        records.chosen("web1", {}, "shop.test")


@given(
    st.text(), st.dictionaries(st.sampled_from([*SHOP]), st.one_of(st.none(), st.integers(), st.lists(st.integers())))
)
def test_whatever_a_host_prints_is_read(text: str, document: dict[str, Any]) -> None:
    records.parse(f"record\ta\t{text}\ndays\ta\t{text}\n{rows(document)}\n{text}")


def test_records_of_a_playbook_are_read_back(tmp_path: Path) -> None:
    book = tmp_path / "site.yml"
    book.write_text("extends: lemp\nsites:\n  a.test: {database: true}\n  b.test: {type: static}\n")
    files = Files()
    found = desired(Context.from_loaded(load(str(book), (), files), PLATFORMS["debian-13"], Facts("debian-13")))
    texts = {file.path: (file.mode, Renderer(files.template, "site").text(file)) for file in found.files}
    for site, runs in (("a.test", True), ("b.test", False)):
        mode, text = texts[f"/etc/lampctl/sites/{site}.json"]
        [record] = records.parse(f"record\t{site}\t{text.replace(chr(10), ' ')}").values()
        assert (mode, record.site, record.runs_code) == (0o600, site, runs)
        assert (f"/etc/lampctl/tasks/{site}" in texts) == runs
        assert f"/var/log/nginx/{site}.error.log" in record.logs


class Wire:
    """A batch that printed this."""

    def __init__(self, out: bytes, err: bytes, size: int) -> None:
        self.out, self.err, self.given = self._pieces(out, size), self._pieces(err, size), b""

    @staticmethod
    def _pieces(data: bytes, size: int) -> Iterator[bytes]:
        return iter([data[start : start + size] for start in range(0, len(data), size)])

    def read(self) -> bytes:
        return next(self.out, b"")

    def read_errors(self) -> bytes:
        return next(self.err, b"")

    def write(self, data: bytes) -> None:
        self.given += data

    def finish(self) -> int:
        return 5


class Transport:
    host, round_trips, address, direct, has_sudo_password = "web1", 0, "", False, False

    def __init__(self, wire: Wire) -> None:
        self.start: Any = None
        self.tunnel: Any = None
        self._wire = wire

    def wire(self, batch: Batch) -> Wire:  # noqa: ARG002
        return self._wire

    def close(self) -> None: ...


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_only_what_comes_before_the_command_is_lampctls(size: int, capfd: pytest.CaptureFixture[str]) -> None:
    began, output = list[str](), list[bytes]()
    out = b"motd\n\n@@lampctl-begin\n@@7 unit\nfirst\n@@7 forged\nno end"
    wire = Wire(out, b"banner\n@@7\nbad\n@@7\n", size)
    code = relay(Transport(wire), Batch({}), "@@7", began.append, lambda: b"", output.append)
    assert (code, began, b"".join(output)) == (5, ["unit"], b"first\n@@7 forged\nno end")
    assert capfd.readouterr().err == "bad\n@@7\n"


@pytest.mark.parametrize(
    ("out", "message"),
    [(b"", "could not start a shell as root"), (b"@@lampctl-begin\n", "the command could not be started")],
)
def test_a_command_that_never_began_is_an_error(out: bytes, message: str) -> None:
    with pytest.raises(LampctlError, match=message) as caught:
        relay(Transport(Wire(out, b"why\n", 9)), Batch({}), "@@7", print, lambda: b"", print)
    assert caught.value.evidence == "why"


@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), min_size=1, max_size=4))
def test_words_are_words(given: list[str]) -> None:
    line = f"printf '%s\\0' {words(given)}"
    ran = subprocess.run(["sh", "-euc", line], capture_output=True, check=True)
    assert ran.stdout == b"".join(word.encode() + b"\0" for word in given)
