"""Applications that npm installs and builds, by the playbooks that `lampctl init --from` writes."""

from __future__ import annotations

import pytest

from tests.hosts import registries
from tests.hosts.conftest import ON_ONE_RELEASE, Host
from tests.hosts.shops import AdoptedShop, Broken, on

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

BROKEN_EXPRESS = {
    "a syntax error": Broken("page.js", '"<h1>', "`<h1>", "SyntaxError: "),
    "a missing module": Broken("server.js", "const app", 'require("missing");\nconst app', "Cannot find module 'missing'"),
    "a page that throws": Broken("page.js", '"<h1>Basket</h1>\\n"', "basket", "basket is not defined"),
    "a blank page": Broken("page.js", "<h1>Basket</h1>\\n", " ", "the page is blank"),
    "a package that is not in the lock": Broken("package.json", '"^5.1.0"', '"^5.1.0", "left-pad": "*"', "npm ci --omit=dev: exit code 1"),
}  # fmt: skip
BROKEN_NEXTJS = {
    "a syntax error": Broken("app/page.js", "return <h1>", "return <h1", "npm run build: exit code 1"),
    "a server that throws": Broken("instrumentation.js", "", 'export const register = () => { throw new Error("no basket") }\n', "no basket"),
    "a page that throws": Broken("app/heading.js", '"Basket"', "basket", "basket is not defined"),
    "another page": Broken("app/heading.js", "Basket", "Something else", "Basket"),
    "a blank page": Broken("proxy.js", "", 'export const proxy = () => new Response(" ")\n', "the page is blank"),
}  # fmt: skip
BROKEN_VITE = {
    "a syntax error": Broken("src/greeting.js", '"Welcome"', '"Welcome', "npm run build: exit code 1"),
    "a missing file": Broken("src/main.js", "./greeting.js", "./none.js", "npm run build: exit code 1"),
    "another page": Broken("index.html", "Basket", "Something else", "Something else"),
    "a blank page": Broken("index.html", "", " \n", "the page is blank"),
}
SECOND = {
    "express": ("page.js", "Basket<", "Basket, the second<"),
    "nextjs": ("app/heading.js", "Basket", "Basket, the second"),
    "vite": ("index.html", "Basket<", "Basket, the second<"),
}


@pytest.fixture(scope="module")
def server(fresh: Host) -> Host:
    """It reaches npm's registry."""
    registries.reach(fresh)
    return fresh


@pytest.fixture(scope="module")
def shop(request: pytest.FixtureRequest, server: Host, tmp_path_factory: pytest.TempPathFactory) -> AdoptedShop:
    """A shop by the playbook that `init` wrote, as it stands, proved."""
    name, web = request.param.rsplit("-", 1)
    found = AdoptedShop(server, tmp_path_factory.mktemp(name), name, web, f"{name}.test")
    found.adopt()
    return found


@pytest.fixture
def served(shop: AdoptedShop) -> AdoptedShop:
    """The shop with its original files on disk, served."""
    shop.restore()
    return shop


@on("express-nginx", "express-apache", "nextjs-nginx", "nextjs-apache", "vite-nginx", "vite-apache")
def test_second_release_loses_no_request_and_is_rolled_back(served: AdoptedShop) -> None:
    assert served.lampctl("plan").changes == {}
    served.change(*SECOND[served.name])
    served.renewed(least=2000)
    assert "the second" in served.page()
    ran = served.host.lampctl("rollback", "HOST", served.site)
    assert ran.code == 0, ran
    assert "the second" not in served.page()
    assert (checked := served.lampctl("check")).code == 0, checked


@on("express-nginx")
@pytest.mark.parametrize("case", BROKEN_EXPRESS)
def test_broken_release_is_named_and_never_served(served: AdoptedShop, case: str) -> None:
    assert BROKEN_EXPRESS[case].evidence in served.broken(BROKEN_EXPRESS[case])


@on("nextjs-nginx")
@pytest.mark.parametrize("case", BROKEN_NEXTJS)
def test_broken_nextjs_is_named_and_never_served(served: AdoptedShop, case: str) -> None:
    assert BROKEN_NEXTJS[case].evidence in served.broken(BROKEN_NEXTJS[case])


@on("vite-apache")
@pytest.mark.parametrize("case", BROKEN_VITE)
def test_broken_static_build_is_named_and_never_served(served: AdoptedShop, case: str) -> None:
    assert BROKEN_VITE[case].evidence in served.broken(BROKEN_VITE[case])


@on("express-apache")
def test_wrong_environment_is_named_and_never_served(served: AdoptedShop) -> None:
    assert "getaddrinfo ENOTFOUND none.test" in served.refused("HOST: none.test")
