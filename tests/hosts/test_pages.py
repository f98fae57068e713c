"""A site that is proved by several pages: a deploy requests all of them, a plain check the first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult
from tests.hosts.visitor import visiting

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

BOOK = """
web: {{server: {server}}}
php: {{}}
sites:
  lamp.test: {{source: shop, probe: {probe}}}
"""
PAGES = "[/, {path: /basket.php, expect: Basket}, {path: /gone, status: 404}]"
THROWS = "<?php throw new Exception('no basket');"
FIRST, SECOND, THIRD = (f"site.answer{number}@lamp.test" for number in ("", "2", "3"))


class Shop:
    """A shop of two PHP files on a host."""

    def __init__(self, host: Host, folder: Path, server: str) -> None:
        self.host, self.folder, self.server = host, folder, server
        (folder / "shop").mkdir()

    def write(self, name: str, code: str) -> None:
        (self.folder / f"shop/{name}.php").write_text(f"{code} // {self.folder}")  # a release of this test's own

    def run(self, command: str, *words: str, probe: str = PAGES) -> RunResult:
        book = self.folder / "site.yml"
        book.write_text(BOOK.format(server=self.server, probe=probe))
        return self.host.lampctl(command, "HOST", "-p", str(book), *words)

    def served(self) -> str:
        return self.host.sh("readlink /var/www/lamp.test/current").strip()


@pytest.fixture
def shop(host: Host, tmp_path: Path, server: str) -> Shop:
    """A shop whose pages work, deployed with the first one as its proof."""
    found = Shop(host, tmp_path, server)
    found.write("index", "<?php echo 'shop one';")
    found.write("basket", "<?php echo 'Basket';")
    ran = found.run("deploy", probe="/")
    assert ran.code == 0, ran
    return found


def statuses(ran: RunResult) -> dict[str, str]:
    found = {result["id"]: result["status"] for result in ran.host["results"]}
    return {id: status for id, status in found.items() if id.startswith("site.answer")}


@pytest.mark.parametrize("server", ["apache", "nginx"])
def test_every_page_of_a_list_proves_a_release(shop: Shop) -> None:
    shop.write("index", "<?php echo 'shop two';")
    shop.write("basket", THROWS)
    one = shop.served()
    undone = shop.run("deploy")
    assert (undone.code, undone.host["undone"], undone.host["culprit"]["id"]) == (1, True, SECOND), undone
    assert shop.served() == one, "the page is new in the playbook, and the release breaks it"

    shop.write("basket", "<?php echo 'Basket two';")
    ran = shop.run("deploy")
    assert (ran.code, statuses(ran)) == (0, dict.fromkeys((FIRST, SECOND, THIRD), "pass")), ran
    two = shop.served()

    shop.write("basket", THROWS)
    shop.write("index", "<?php echo 'shop three';")
    with visiting(shop.host.box.address, lambda text: text.endswith("shop two"), "lamp.test") as visits:
        refused = shop.run("deploy")
    assert (refused.code, refused.host["applied"], refused.host["culprit"]["id"]) == (1, False, SECOND), refused
    assert "no basket" in refused.host["error"]["evidence"]
    assert visits.failures == []
    assert shop.served() == two, "it was tried beside what serves"


@pytest.mark.parametrize("server", ["nginx"])
def test_plain_check_requests_the_first_page(shop: Shop) -> None:
    assert shop.run("deploy").code == 0
    shop.host.sh("rm /var/www/lamp.test/current/basket.php")
    plain, deep = shop.run("check"), shop.run("check", "--deep")
    assert (plain.code, statuses(plain)) == (0, {FIRST: "pass"}), plain
    assert (deep.code, deep.host["culprit"]["id"]) == (1, SECOND), deep
    assert [result["actual"] for result in deep.host["results"] if result["id"] == SECOND] == ["404 for /basket.php"]
    again = shop.run("deploy")
    assert (again.code, again.host["culprit"]["id"]) == (1, SECOND), "there is nothing to change, and it is not proved"


@pytest.mark.parametrize("server", ["nginx"])
def test_rollback_is_proved_by_every_page(shop: Shop) -> None:
    assert shop.run("deploy").code == 0
    one = shop.served()
    shop.write("index", "<?php echo 'shop two';")
    assert shop.run("deploy").code == 0
    two = shop.served()
    shop.host.sh(f"mv /var/www/lamp.test/{one}/basket.php /root/basket.php")
    undone = shop.host.lampctl("rollback", "HOST")
    assert (undone.code, undone.host["undone"], undone.host["culprit"]["id"]) == (1, True, SECOND), undone
    assert shop.served() == two

    shop.host.sh(f"mv /root/basket.php /var/www/lamp.test/{one}/basket.php")
    ran = shop.host.lampctl("rollback", "HOST")
    assert (ran.code, statuses(ran)) == (0, dict.fromkeys((FIRST, SECOND, THIRD), "pass")), ran
    assert shop.served() == one
