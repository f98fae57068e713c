"""A host that gets sites of every type in one deploy, behind one web server and then behind the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from lampctl.layers.sites import site_types
from tests.hosts.conftest import ON_ONE_RELEASE, Host
from tests.hosts.servers import SETTLED

pytestmark = pytest.mark.hosts

FILES = Path(__file__).parents[2] / "playbooks/files"
SITES = f"""
extends: lemp
linux: {{packages: [python3]}}
sites:
  static.test: {{type: static, tls: self-signed}}
  cgi.test: {{type: cgi, source: {FILES}/cgi}}
  php.test: {{type: php, default: true, database: true}}
  process.test: {{type: process, source: {FILES}/process, command: python3 server.py, port: 8000, instances: 2}}
  proxy.test: {{type: proxy, upstreams: ["http://127.0.0.1:8000", "http://127.0.0.1:8001"]}}
  servlet.test: {{type: servlet, war: {FILES}/servlet, port: 8090}}
  wordpress.test: {{type: wordpress}}
"""


@ON_ONE_RELEASE
def test_every_site_type_works_on_one_host(host: Host, tmp_path: Path) -> None:
    book = tmp_path / "lamp.yml"  # replaces the playbook that deployed the host
    book.write_text(SITES)
    first = host.lampctl("deploy", "HOST", "-p", str(book))
    assert first.code == 0, first
    for hop in ("answer", "outside"):
        assert {id for id in first.results if id.startswith(f"site.{hop}@")} == {
            f"site.{hop}@{t}.test" for t in site_types()
        }
    again = host.lampctl("deploy", "HOST", "-p", str(book))
    assert (again.code, again.changes) == (0, {}), again.out
    assert again.host["round_trips"] <= 4
    behind_apache = (*("deploy", "HOST", "-p", str(book)), "--set", "web.server=apache")
    other = host.lampctl(*behind_apache)
    assert other.code == 0, other
    assert set(other.results.values()) == {"pass"}
    host.sh(SETTLED)
    assert host.lampctl("plan", *behind_apache[1:]).changes == {}
    # Sites that leave the playbook are retired, and the others keep working.
    book.write_text(
        "\n".join(line for line in SITES.splitlines() if "process.test" not in line and "proxy.test" not in line)
    )
    fewer = host.lampctl(*behind_apache)
    assert fewer.code == 0, fewer
    assert host.sh("ls /etc/systemd/system /etc/apache2/sites-*").count("process.test") == 0
    assert host.sh("systemctl list-units --plain --no-legend 'lampctl-process.test*'").strip() == ""
    assert host.lampctl("plan", *behind_apache[1:]).changes == {}
