"""Small shops on real frameworks, in tests/hosts/apps: delivered, visited, broken and put right again.

All have a page with the heading Basket. Those with a queue write what /queue/TEXT brings, and show it in /notes.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tests.hosts.conftest import Host, RunResult
from tests.hosts.visitor import Visits, get, visiting

APPS = Path(__file__).parent / "apps"
ONE_ID = "id: shops-of-tests"  # one playbook after another on one host, each instead of the one before it


class Broken(NamedTuple):
    """A text in a file, what comes in its place (an empty text: the file is new), and what the error's evidence says."""

    file: str
    text: str
    broken: str
    evidence: str


def basket(text: str) -> bool:
    """Whether it is a good answer for the shop's page."""
    return "<h1>Basket" in text


@dataclass
class Shop:
    """One of the applications, in the folder `shop` beside its playbook site.yml, on a host."""

    host: Host
    folder: Path
    name: str  # its folder in tests/hosts/apps
    server: str
    site: str = "shop.test"
    first: str = "/"  # the page that visitors request
    good: Callable[[str], bool] = basket  # whether that is its answer

    def deploy(self, worker: str = "", environment: str = "") -> RunResult:
        """Deploy it; with another command of its worker, or further variables."""
        raise NotImplementedError

    def change(self, file: str, text: str, new: str) -> None:
        """Change a text of the original application; an empty one: the whole file."""
        path = self.folder / "shop" / file
        path.write_text((APPS / self.name / file).read_text().replace(text, new) if text else new)

    def original(self) -> None:
        shutil.rmtree(self.folder / "shop", ignore_errors=True)
        shutil.copytree(APPS / self.name, self.folder / "shop")

    def restore(self) -> None:
        """Serve its original files."""
        self.original()
        assert (ran := self.deploy()).code == 0, ran

    def page(self, path: str = "/") -> str:
        return get(self.host.box.address, path, self.site)

    def await_note(self, text: str) -> None:
        """Wait until the queue's worker has written it."""
        ends = time.monotonic() + 30
        while text not in self.page("/notes"):
            assert time.monotonic() < ends, self.host.sh("journalctl -n 20 -o cat -u 'lampctl-worker-*'")
            time.sleep(0.2)

    def queue(self, text: str) -> None:
        """Queue a note, and wait until it is written."""
        assert f"queued {text}" in self.page(f"/queue/{text}")
        self.await_note(text)

    def broken(self, change: Broken) -> str:
        """Deploy a change that must not be served, while visitors come; returns the error's evidence."""
        self.change(change.file, change.text, change.broken)
        return self.refused()

    def refused(self, environment: str = "") -> str:
        """Deploy what must not be served, while visitors come; returns the error's evidence."""
        seen: Visits
        with visiting(self.host.box.address, self.good, self.site, least=50, path=self.first) as seen:
            ran = self.deploy(environment=environment)
        assert (ran.code, ran.host["applied"]) == (1, False), ran
        assert seen.failures == []
        return str(ran.host["error"]["evidence"])

    def renewed(self, least: int) -> None:
        """Deploy what has changed, while at least so many requests are sent, none of which is lost."""
        with visiting(self.host.box.address, self.good, self.site, 2, least, self.first) as seen:
            ran = self.deploy()
        assert (ran.code, ran.host["applied"]) == (0, True), ran
        assert seen.failures == [], f"{len(seen.failures)} of {seen.count}"
        assert seen.count >= least


# `make applications` tries every one; the suite has a sample, because each is built from a registry.
_SAMPLE = ("django-nginx", "express-nginx", "vite-apache", "dokuwiki-nginx")


def tried(*names: str) -> list[str]:
    """Which of these applications, each `NAME-SERVER`, are tried now."""
    every = os.environ.get("LAMPCTL_APPLICATIONS") == "all"
    return [name for name in names if every or name in _SAMPLE]


def on(*names: str) -> pytest.MarkDecorator:
    """A test of these applications, each `NAME-SERVER`."""
    return pytest.mark.parametrize("shop", tried(*names), indirect=True)


@dataclass
class AdoptedShop(Shop):
    """A shop whose playbook `lampctl init --from` has written.

    Attributes:
        more: Lines of the site that its operator adds.
        queue_worker: The worker that its operator adds, by default.
        requirements: What it requires besides.
        made: The playbook as it was written.
    """

    more: str = ""
    queue_worker: str = ""
    requirements: tuple[str, ...] = ()
    made: str = ""

    @property
    def book(self) -> Path:
        return self.folder / "site.yml"

    def original(self) -> None:
        super().original()
        if self.requirements:
            with (self.folder / "shop/requirements.txt").open("a") as file:
                file.write("".join(f"{line}\n" for line in self.requirements))

    def adopt(self) -> None:
        """Deploy what `init` writes, as it stands; it is proved."""
        self.original()
        layers = f"{ONE_ID}\nweb: {{server: {self.server}}}\nmysql: {{}}\nsites: {{}}\n"
        self.book.write_text(layers)  # the shop before this one goes: it has the same port
        assert (ran := self.lampctl("deploy")).code == 0, ran
        made = self.host.lampctl(
            "init", "site.yml", "--from", "shop", "--site", self.site, "--force", cwd=self.folder, config=False
        )
        assert made.code == 0, made
        self.book.write_text(re.sub("^id: [^ ]*", ONE_ID, self.book.read_text(), flags=re.MULTILINE))
        self.made = self.book.read_text()
        ran = self.lampctl("deploy")
        assert ran.code == 0, ran
        assert ran.results[f"site.answer@{self.site}"] == "pass"

    def deploy(self, worker: str = "", environment: str = "") -> RunResult:
        worker = worker or self.queue_worker
        book = yaml.safe_load(self.made)
        site = book["sites"][self.site]
        site |= {"probe": {"expect": "Basket"}, "keep": 20, **yaml.safe_load(f"{{{self.more}}}")}
        if environment:
            site["environment"] = {**site.get("environment", {}), **yaml.safe_load(f"{{{environment}}}")}
        if worker:
            site["workers"] = {"queue": {"command": worker}}
        self.book.write_text(yaml.safe_dump(book))
        return self.lampctl("deploy")

    def lampctl(self, command: str) -> RunResult:
        """Run lampctl with the playbook of the last deploy."""
        return self.host.lampctl(command, "HOST", "-p", str(self.book), "--set", f"web.server={self.server}")
