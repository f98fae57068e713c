"""Applications on frameworks that nobody here wrote: delivered, served without a lost request, broken, and rolled back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult
from tests.hosts.shops import Broken, Shop

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

BOOK = """
web: {{server: {server}}}
php: {{}}
mysql: {{}}
linux: {{packages: [{framework.packages}]}}
sites:
  shop.test:
    recipe: {recipe}
    source: shop
    probe: {{path: /, expect: Basket}}
    environment: {{{environment}}}
    workers: {{queue: {{command: {worker}}}}}
    schedule: {{job: {{every: "* * * * *", command: {framework.job}}}}}
{framework.more}
"""


@dataclass(frozen=True)
class Framework:
    """What differs between the applications, which have the same pages.

    Attributes:
        view: The file of the basket's page.
        unreachable: An environment whose database is not there.
        more: Further lines of the site.
    """

    packages: str
    worker: str
    job: str
    console: tuple[str, ...]
    view: str
    broken: Mapping[str, Broken]
    unreachable: str
    more: str = ""


_MIGRATION = """<?php
return new class extends Illuminate\\Database\\Migrations\\Migration {
    public function up(): void { Illuminate\\Support\\Facades\\DB::statement('ALTER TABLE none_such ADD x INT'); }
};
"""
_SYMFONY = "framework-bundle", "messenger", "doctrine-messenger", "twig-bundle", "yaml"
FRAMEWORKS = {
    "laravel": Framework(
        packages="php-laravel-framework",
        worker="php artisan queue:work --sleep=1 --tries=1",
        job="php artisan schedule:run",
        console=("php", "artisan", "--version"),
        view="resources/views/basket.blade.php",
        broken={
            "a parse error": Broken("routes/web.php", "<?php", "<?php echo echo;", "syntax error, unexpected token"),
            "a missing class": Broken("routes/web.php", "view(", "Missing::now() ?? view(", 'Class "Missing" not found'),
            "a failing migration": Broken("database/migrations/2026_02_01_000000_more.php", "", _MIGRATION, "none_such"),
        },
        unreachable='DB_HOST: none.test, DB_SOCKET: ""',
    ),
    "symfony": Framework(
        packages=", ".join((*(f"php-symfony-{name}" for name in _SYMFONY), "php-doctrine-dbal, php-doctrine-persistence")),
        worker="php bin/console messenger:consume async --sleep=1",
        job="php bin/console app:tick",
        console=("php", "bin/console", "about"),
        view="templates/basket.html.twig",
        broken={
            "a parse error": Broken("src/Kernel.php", "<?php", "<?php echo echo;", "syntax error, unexpected token"),
            "a missing class": Broken("src/Controller/Shop.php", "$session =", "Missing::now(); $session =",
                                      'Missing" not found'),
            "a failing migration": Broken("src/Command/Migrate.php", "'CREATE", "'ALTER TABLE none_such ADD x INT', 'CREATE",
                                          "SQLSTATE[42S02]"),
        },
        unreachable='DATABASE_URL: "mysql://shop@none.test/shop"',
        # Debian has no DoctrineMigrationsBundle, which the recipe runs where there are migrations.
        more='    hooks: {before_switch: ["php bin/console cache:clear", "php bin/console app:migrate"]}',
    ),
}  # fmt: skip
CASES = ("a parse error", "a missing class", "a failing migration")


@dataclass
class PhpShop(Shop):
    """One of the shops in PHP."""

    @property
    def framework(self) -> Framework:
        return FRAMEWORKS[self.name]

    def deploy(self, worker: str = "", environment: str = "") -> RunResult:
        worker = worker or self.framework.worker
        book = BOOK.format(server=self.server, recipe=self.name, framework=self.framework, worker=worker,
                           environment=environment)  # fmt: skip
        (self.folder / "site.yml").write_text(book)
        return self.host.lampctl("deploy", "HOST", "-p", str(self.folder / "site.yml"))


@pytest.fixture(scope="module", params=["laravel-apache", "laravel-nginx", "symfony-nginx", "symfony-apache"])
def shop(request: pytest.FixtureRequest, host: Host, tmp_path_factory: pytest.TempPathFactory) -> PhpShop:
    name, server = request.param.split("-")
    found = PhpShop(host, tmp_path_factory.mktemp(name), name, server)
    found.original()
    ran = found.deploy()
    assert ran.code == 0, ran
    assert {"site.answer@shop.test", "site.worker@shop.test", "site.schedule@shop.test"} <= ran.results.keys()
    return found


@pytest.fixture
def served(shop: PhpShop) -> PhpShop:
    """The application with its original files on disk, served."""
    shop.restore()
    return shop


def test_queue_and_schedule_do_their_work(served: PhpShop) -> None:
    text = f"one-{served.name}-{served.server}"
    served.queue(text)
    served.host.sh("systemctl start lampctl-schedule-shop.test_job.service")
    assert "scheduled" in served.page("/notes")
    ran = served.host.everyday("run", "shop.test", "--", *served.framework.console)
    assert (ran.code, served.name in ran.out.lower()) == (0, True), ran


def test_second_release_loses_no_request(served: PhpShop) -> None:
    served.change(served.framework.view, "Basket", f"Basket, the second, on {served.server}")
    served.renewed(least=2000)
    assert "the second" in served.page()


@pytest.mark.parametrize("case", CASES)
def test_broken_release_is_named_and_never_served(served: PhpShop, case: str) -> None:
    broken = served.framework.broken[case]
    served.change(broken.file, broken.text, broken.broken)
    assert broken.evidence in served.refused()


@pytest.mark.parametrize(("view", "evidence"), [("", "the page is blank"), ("hello", "without 'Basket'")])
def test_page_that_is_not_the_application_s_is_never_served(served: PhpShop, view: str, evidence: str) -> None:
    """What was compiled of the former page, in a folder that releases share, is not taken for this one."""
    served.change(served.framework.view, "", view)
    assert evidence in served.refused()


def test_wrong_environment_is_named_and_never_served(served: PhpShop) -> None:
    assert "getaddrinfo for none.te" in served.refused(served.framework.unreachable)


def test_worker_that_dies_is_named_and_undone(served: PhpShop) -> None:
    ran = served.deploy(worker=f"{' '.join(served.framework.worker.split()[:2])} no-such")
    assert (ran.code, ran.host["undone"], ran.host["culprit"]["id"]) == (1, True, "site.worker@shop.test"), ran
    assert 'Command "no-such" is not defined' in ran.host["error"]["evidence"]
    assert "<h1>Basket" in served.page()
    assert served.deploy().host["changes"] == []


def test_rollback_takes_the_worker_along(served: PhpShop) -> None:
    served.change(served.framework.view, "Basket", f"Basket, the latest, on {served.server}")
    assert served.deploy().code == 0
    ran = served.host.lampctl("rollback", "HOST", "shop.test")
    assert ran.code == 0, ran
    assert "the latest" not in served.page()
    text = f"back-{served.name}-{served.server}"
    served.queue(text)
    checked = served.host.lampctl("check", "HOST", "-p", str(served.folder / "site.yml"))
    assert (checked.code, checked.results["site.worker@shop.test"]) == (0, "pass"), checked
