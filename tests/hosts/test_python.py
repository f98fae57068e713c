"""Applications in Python with frameworks and servers from PyPI, by the playbooks that `lampctl init --from` writes."""

from __future__ import annotations

import re

import pytest

from tests.hosts import registries
from tests.hosts.conftest import ON_ONE_RELEASE, Host
from tests.hosts.shops import AdoptedShop, Broken, on
from tests.hosts.websocket import echo

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

_MANAGE = ".venv/bin/python manage.py"
_TICK = f'schedule: {{job: {{every: "* * * * *", command: {_MANAGE} tick}}}}'
_MIGRATION = """from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("basket", "0001_initial")]
    operations = [migrations.RunSQL("ALTER TABLE none_such ADD x INT")]
"""
BROKEN = {
    "a syntax error": Broken("basket/views.py", "from basket", "from from basket", "SyntaxError: invalid syntax"),
    "a missing module": Broken("basket/views.py", "from basket", "import missing\nfrom basket", "No module named 'missing'"),
    "a failing migration": Broken("basket/migrations/0002_more.py", "", _MIGRATION, "none_such' doesn't exist"),
}  # fmt: skip
PAGE = "basket/templates/basket/basket.html"


@pytest.fixture(scope="module")
def server(fresh: Host) -> Host:
    """It reaches PyPI."""
    registries.reach(fresh)
    return fresh


@pytest.fixture(scope="module")
def shop(request: pytest.FixtureRequest, server: Host, tmp_path_factory: pytest.TempPathFactory) -> AdoptedShop:
    """A shop by the playbook that `init` wrote, as it stands, proved."""
    name, web = request.param.split("-")
    found = AdoptedShop(server, tmp_path_factory.mktemp(name), name, web, f"{name}.test")
    if name == "django":
        found.more, found.queue_worker = _TICK, f"{_MANAGE} work"
    if name == "asgi":
        found.name, found.requirements = "django", ("channels", "uvicorn", "websockets")
    found.adopt()
    return found


@pytest.fixture
def served(shop: AdoptedShop) -> AdoptedShop:
    """The shop with its original files on disk, served."""
    shop.restore()
    return shop


DJANGO = on("django-nginx", "django-apache")
ALL = on("django-nginx", "django-apache", "asgi-apache", "asgi-nginx", "flask-nginx", "flask-apache", "procfile-apache", "procfile-nginx")  # fmt: skip


@DJANGO
def test_queue_schedule_and_static_files_work(served: AdoptedShop) -> None:
    served.queue(f"one-{served.server}")
    served.host.sh(f"systemctl start lampctl-schedule-{served.site}_job.service")
    assert "scheduled" in served.page("/notes")
    style = re.search('href="(/static/[^"]+)"', served.page())
    assert style
    assert "darkgreen" in served.page(style[1])
    ran = served.host.everyday("run", served.site, "--", *_MANAGE.split(), "check", "--deploy", "--fail-level", "ERROR")
    assert (ran.code, "System check identified" in ran.out + ran.err) == (0, True), ran
    assert served.lampctl("plan").changes == {}


@on("asgi-apache", "asgi-nginx")
def test_websocket_reaches_the_application(served: AdoptedShop) -> None:
    assert echo(served.host.box.address, served.site, "/chat", "hello") == "hello"


@ALL
def test_second_release_loses_no_request_and_is_rolled_back(served: AdoptedShop) -> None:
    file = {"django": PAGE, "flask": "templates/basket.html", "procfile": "shop.py"}[served.name]
    served.change(file, "Basket<", "Basket, the second<")
    served.renewed(least=2000 if served.name == "django" else 500)
    assert "the second" in served.page()
    ran = served.host.lampctl("rollback", "HOST", served.site)
    assert ran.code == 0, ran
    assert "the second" not in served.page()
    checked = served.lampctl("check")
    assert checked.code == 0, checked
    if served.queue_worker:
        assert checked.results[f"site.worker@{served.site}"] == "pass"
        served.queue(f"back-{served.server}")


@on("django-nginx")
@pytest.mark.parametrize("case", BROKEN)
def test_broken_release_is_named_and_never_served(served: AdoptedShop, case: str) -> None:
    broken = BROKEN[case]
    served.change(broken.file, broken.text, broken.broken)
    assert broken.evidence in served.refused()


@on("django-apache")
def test_blank_page_is_never_served(served: AdoptedShop) -> None:
    served.change(PAGE, "", "")
    assert "the page is blank" in served.refused()


@on("django-nginx")
def test_wrong_environment_is_named_and_never_served(served: AdoptedShop) -> None:
    assert "'none.test'" in served.refused("DB_HOST: none.test")


@on("django-nginx")
def test_worker_that_dies_is_named_and_undone(served: AdoptedShop) -> None:
    ran = served.deploy(worker=f"{_MANAGE} no-such")
    assert (ran.code, ran.host["undone"], ran.host["culprit"]["id"]) == (1, True, f"site.worker@{served.site}"), ran
    assert "Unknown command: 'no-such'" in ran.host["error"]["evidence"]
    assert "<h1>Basket" in served.page()
    assert served.deploy().host["changes"] == []


@on("flask-nginx")
def test_flask_without_its_module_is_never_served(served: AdoptedShop) -> None:
    served.change("app.py", "import os", "import os, missing")
    assert "No module named 'missing'" in served.refused()


@on("procfile-apache")
def test_release_line_that_fails_is_named_and_the_worker_works(served: AdoptedShop) -> None:
    served.queue("by-procfile")
    served.change("migrate.py", "CREATE TABLE IF NOT EXISTS notes", "ALTER TABLE none_such ADD")
    assert "python migrate.py: exit code 1" in served.refused()
