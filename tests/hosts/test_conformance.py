"""Apache, NGINX, and NGINX before Apache answer alike: one playbook, one table of requests, three answers to each.

What differs is a row of docs/apache-and-nginx.md, or a fault. What a script answers is also asked of its php-fpm alone: no web
server may change it.
"""

from __future__ import annotations

import base64
import shlex
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lampctl.box import Boxes
from tests.hosts.alike import Ask, Facts, ask, differences, facts_of
from tests.hosts.conftest import ON_ONE_RELEASE, Host
from tests.hosts.requested import PLAYBOOK, PREPARE, SETUPS, project
from tests.hosts.requests import ANSWERS, PHP, REQUESTS, STOPPED, TLS, ok, what
from tests.hosts.servers import SETTLED

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

DIFFERENCES = differences(Path(__file__).parents[2] / "docs/apache-and-nginx.md")
SLOW = 18  # seconds of a request that is open while a deploy restarts its PHP and reloads or switches its server
MORE = "  more{}.test: {{type: php}}\n"
# What a script answers by itself: not what a server adds (its own headers), compresses, or says instead of a late script.
OF_SCRIPTS = [
    wanted
    for wanted in ANSWERS
    if (wanted.site, wanted.tls, wanted.headers) == (PHP, False, ())
    and wanted.expect[0] != "504"
    and wanted.id != "lampctl's headers"
]


@dataclass
class Compared:
    """Setup → id of a request → the facts of its answer; and the answers to requests that were open during deploys.

    `scripts`: id of a request -> the facts of what its script answers to php-fpm.
    """

    answers: dict[str, dict[str, Facts]] = field(default_factory=dict)
    open: dict[str, Facts] = field(default_factory=dict)
    scripts: dict[str, Facts] = field(default_factory=dict)


@pytest.fixture(scope="module")
def compared(boxes: Boxes, release: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compared]:
    """Each setup is deployed while a slow request is open at the one before it, with one more PHP site each time."""
    host = Host(boxes.up(f"alike-{release}", release), boxes)
    folder = tmp_path_factory.mktemp("alike")
    project(folder)
    found = Compared()
    for number, (setup, web) in enumerate(SETUPS.items()):
        more = "".join(MORE.format(n) for n in range(number))
        (folder / "site.yml").write_text(PLAYBOOK.format(web=web) + more)
        with slow(host, found, f"until {setup}") if number else nullcontext():
            _deploy(host, folder)
        if not found.answers:
            host.sh(PREPARE)
        found.answers[setup] = _ask(host)
    with slow(host, found, "while PHP restarts and both servers reload"):
        host.sh("systemctl restart --no-block 'lampctl-php*-tls.test.service'; systemctl reload nginx apache2")
    found.scripts.update(_ask_pool(host))
    yield found
    boxes.down(host.box.name)


def _deploy(host: Host, folder: Path) -> None:
    ran = host.lampctl("deploy", "HOST", "-p", "site.yml", cwd=folder)
    assert ran.code == 0, ran
    host.sh(SETTLED)


def _ask(host: Host) -> dict[str, Facts]:
    address = host.box.address
    with ThreadPoolExecutor(8) as pool:
        found = dict(zip([a.id for a in REQUESTS], pool.map(lambda a: ask(address, a), REQUESTS), strict=True))
    host.sh("systemctl stop 'lampctl-app.test@*'")
    found |= {wanted.id: ask(address, wanted) for wanted in STOPPED}
    host.sh("systemctl start lampctl-app.test@8000")
    return found


def _ask_pool(host: Host) -> dict[str, Facts]:
    """Ask the site's php-fpm past every web server, by the FastCGI developers' own client."""
    host.sh("apt-get install -y -q --no-install-recommends libfcgi-bin")
    printed = host.sh("\n".join(map(_call, OF_SCRIPTS))).split("\n")
    return {
        wanted.id: facts_of(wanted, base64.b64decode(text)) for wanted, text in zip(OF_SCRIPTS, printed, strict=False)
    }


def _call(wanted: Ask) -> str:
    """Shell that prints the answer, in base64 on one line."""
    path, _, query = wanted.target.partition("?")
    variables = {
        "REQUEST_METHOD": wanted.method,
        "SCRIPT_FILENAME": f"/var/www/{wanted.site}{path}",
        "SCRIPT_NAME": path,
        "QUERY_STRING": query,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": wanted.site,
    }
    words = shlex.join(["env", "-i", *(f"{name}={value}" for name, value in variables.items())])
    return f"{words} cgi-fcgi -bind -connect /run/lampctl/php-*-{wanted.site}.sock | base64 -w 0; echo"


@contextmanager
def slow(host: Host, found: Compared, key: str) -> Iterator[None]:
    """A request of 18 s is open while the block runs; its answer is in `found`."""
    request = Ask(key, TLS, what("sleep", f"&n={SLOW}"), ok(), tls=True)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, host.box.address, request, 60)
        host.sh("timeout 10 sh -c 'until pgrep -u site-tls-test -f pool; do sleep 0.1; done'")
        yield
        found.open[key] = answer.result()


@pytest.mark.parametrize("wanted", [*REQUESTS, *STOPPED], ids=lambda wanted: wanted.id)
def test_servers_answer_alike(compared: Compared, wanted: Ask) -> None:
    told = DIFFERENCES.get(wanted.id, {})
    named = {key for facts in told.values() for key in facts}
    seen = [compared.answers[setup][wanted.id] for setup in SETUPS]
    assert [facts.get("tells") for facts in seen] == [None, None, None]
    if "status" not in named:  # else they are answers of another kind
        rest = [{key: value for key, value in facts.items() if key not in named} for facts in seen]
        assert rest[0] == rest[1] == rest[2]
        status, expected = wanted.expect
        assert {key: rest[0].get(key) for key in expected} == expected
        assert rest[0]["status"] == status


@pytest.mark.parametrize("wanted", OF_SCRIPTS, ids=lambda wanted: wanted.id)
def test_no_server_changes_what_a_script_answers(compared: Compared, wanted: Ask) -> None:
    alone = compared.scripts[wanted.id]
    assert alone["status"] == wanted.expect[0]
    for setup in SETUPS:
        seen = compared.answers[setup][wanted.id]
        assert {key: seen.get(key) for key in alone} == alone, setup


@pytest.mark.parametrize("id", DIFFERENCES)
def test_documented_differences_are_real(compared: Compared, id: str) -> None:
    seen = {
        setup: {key: compared.answers[setup][id].get(key, "") for key in told}
        for setup, told in DIFFERENCES[id].items()
    }
    assert seen == DIFFERENCES[id]
    assert len({str(facts) for facts in seen.values()}) > 1, "they answer alike: the row is not needed any more"


def test_open_requests_are_answered_during_deploys(compared: Compared) -> None:
    """Sites that come take a share of the others' processes, so PHP restarts; servers are switched, or reloaded."""
    moments = ("until NGINX", "until NGINX before Apache", "while PHP restarts and both servers reload")
    seen = {moment: (facts["status"], facts.get("body")) for moment, facts in compared.open.items()}
    assert seen == dict.fromkeys(moments, ("200", f"slept {SLOW}"))
