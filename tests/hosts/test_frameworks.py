"""Applications on frameworks that nobody here wrote: delivered, served without a lost request, broken, and rolled back."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult
from tests.hosts.visitor import get, visiting

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

APPS = Path(__file__).parent / "apps"
BOOK = """
web: {{server: {server}}}
php: {{}}
mysql: {{}}
linux: {{packages: [php-laravel-framework]}}
sites:
  shop.test:
    recipe: laravel
    source: shop
    probe: {{path: /, expect: Basket}}
    environment: {{{environment}}}
    workers: {{queue: {{command: "{worker}"}}}}
    schedule: {{artisan: {{every: "* * * * *", command: php artisan schedule:run}}}}
"""
WORKER = "php artisan queue:work --sleep=1 --tries=1"
VIEW, ROUTES = "resources/views/basket.blade.php", "routes/web.php"
MIGRATION = """<?php
return new class extends Illuminate\\Database\\Migrations\\Migration {
    public function up(): void { Illuminate\\Support\\Facades\\DB::statement('ALTER TABLE none_such ADD x INT'); }
};
"""


@dataclass
class Shop:
    """The application tests/hosts/apps/laravel on a host."""

    host: Host
    folder: Path
    server: str

    def deploy(self, worker: str = WORKER, environment: str = "") -> RunResult:
        book = BOOK.format(server=self.server, worker=worker, environment=environment)
        (self.folder / "site.yml").write_text(book)
        return self.host.lampctl("deploy", "HOST", "-p", str(self.folder / "site.yml"))

    def change(self, name: str, change: Callable[[str], str]) -> None:
        """Put the changed text of a file of the original application in its place."""
        original, file = APPS / "laravel" / name, self.folder / "shop" / name
        file.write_text(change(original.read_text() if original.exists() else ""))

    def original(self) -> None:
        shutil.rmtree(self.folder / "shop", ignore_errors=True)
        shutil.copytree(APPS / "laravel", self.folder / "shop")

    def page(self, path: str = "/") -> str:
        return get(self.host.box.address, path, "shop.test")

    def await_note(self, text: str) -> None:
        """Wait until the queue's worker has written it."""
        ends = time.monotonic() + 30
        while text not in self.page("/notes"):
            assert time.monotonic() < ends, self.host.sh("journalctl -n 20 -o cat -u 'lampctl-worker-*'")
            time.sleep(0.2)


@pytest.fixture(scope="module", params=["apache", "nginx"])
def shop(request: pytest.FixtureRequest, host: Host, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    found = Shop(host, tmp_path_factory.mktemp("laravel"), request.param)
    found.original()
    ran = found.deploy()
    assert ran.code == 0, ran
    assert {"site.answer@shop.test", "site.worker@shop.test", "site.schedule@shop.test"} <= ran.results.keys()
    return found


@pytest.fixture
def served(shop: Shop) -> Shop:
    """The application with its original files on disk, served."""
    shop.original()
    assert (ran := shop.deploy()).code == 0, ran
    return shop


def test_queue_and_schedule_do_their_work(served: Shop) -> None:
    assert "queued one" in served.page(f"/queue/one-{served.server}")
    served.await_note(f"one-{served.server}")
    served.host.sh("systemctl start lampctl-schedule-shop.test_artisan.service")
    assert "scheduled" in served.page("/notes")
    ran = served.host.everyday("run", "shop.test", "--", "php", "artisan", "migrate:status")
    assert (ran.code, "Ran" in ran.out) == (0, True), ran


def test_second_release_loses_no_request(served: Shop) -> None:
    served.change(VIEW, lambda text: text.replace("Basket", f"Basket, the second, on {served.server}"))
    with visiting(
        served.host.box.address, lambda text: "<h1>Basket" in text, "shop.test", visitors=2, least=2000
    ) as seen:
        ran = served.deploy()
    assert (ran.code, ran.host["applied"]) == (0, True), ran
    assert "the second" in served.page()
    assert (seen.count >= 2000, seen.failures) == (True, [])


# What is broken → the file, its change, and what the error's evidence has to say.
BROKEN: dict[str, tuple[str, Callable[[str], str], str]] = {
    "a parse error": (ROUTES, lambda text: f"{text}echo echo;", "syntax error, unexpected token"),
    "a missing class": (ROUTES, lambda text: text.replace("fn () => view", "fn () => Missing::now() ?? view"),
                        'Class "Missing" not found'),
    "a failing migration": ("database/migrations/2026_02_01_000000_more.php", lambda _: MIGRATION, "none_such"),
    "a blank page": (VIEW, lambda _: "", "the page is blank"),
    "another page": (VIEW, lambda _: "hello", "without 'Basket'"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_broken_release_is_named_and_never_served(served: Shop, case: str) -> None:
    name, change, evidence = BROKEN[case]
    served.change(name, change)
    with visiting(served.host.box.address, lambda text: "<h1>Basket" in text, "shop.test", least=50) as seen:
        ran = served.deploy()
    assert (ran.code, ran.host["applied"]) == (1, False), ran
    assert evidence in ran.host["error"]["evidence"], ran.host["error"]
    assert seen.failures == []


def test_wrong_environment_is_named_and_never_served(served: Shop) -> None:
    with visiting(served.host.box.address, lambda text: "<h1>Basket" in text, "shop.test", least=50) as seen:
        ran = served.deploy(environment='DB_HOST: none.test, DB_SOCKET: ""')
    assert (ran.code, ran.host["applied"]) == (1, False), ran
    assert "getaddrinfo for none.te" in ran.host["error"]["evidence"]
    assert seen.failures == []


def test_worker_that_dies_is_named_and_undone(served: Shop) -> None:
    ran = served.deploy(worker="php artisan no:such")
    assert (ran.code, ran.host["undone"], ran.host["culprit"]["id"]) == (1, True, "site.worker@shop.test"), ran
    assert 'Command "no:such" is not defined' in ran.host["error"]["evidence"]
    assert "<h1>Basket" in served.page()
    assert served.deploy().host["changes"] == []


def test_rollback_takes_the_worker_along(served: Shop) -> None:
    served.change(VIEW, lambda text: text.replace("Basket", f"Basket, the latest, on {served.server}"))
    assert served.deploy().code == 0
    ran = served.host.lampctl("rollback", "HOST", "shop.test")
    assert ran.code == 0, ran
    assert "the latest" not in served.page()
    assert f"queued back-{served.server}" in served.page(f"/queue/back-{served.server}")
    served.await_note(f"back-{served.server}")
    checked = served.host.lampctl("check", "HOST", "-p", str(served.folder / "site.yml"))
    assert (checked.code, checked.results["site.worker@shop.test"]) == (0, "pass"), checked
