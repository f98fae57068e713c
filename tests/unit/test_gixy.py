"""gixy, which knows how NGINX configurations are attacked, finds nothing of medium or higher severity in ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gixy
import pytest
import yaml
from gixy.core.manager import Manager
from hypothesis import HealthCheck, Phase, given, settings

from lampctl.engine.library import Files
from lampctl.engine.offline import rendered, write
from lampctl.errors import PlaybookError
from tests.unit.playbooks import Generated, behind_nginx, playbooks

# It is about speed: where PHP's own files are looked for, the cache would open them, and this server must not be able to.
ACCEPTED = {"try_files_is_evil_too"}
# The path of a route comes from a map: it begins with a slash, or the request was refused before. What it is appended to is a group of
# upstreams, which needs no resolver.
OF_ROUTES = re.compile(r"ssrf: (?s:.*)\$lampctl_path_\w+|missing_resolver: ")
GRAVE = {gixy.severity.MEDIUM, gixy.severity.HIGH}


def findings(files: Mapping[str, str], folder: Path) -> list[str]:
    """The findings of gixy for a host with these files; none without NGINX."""
    if "/etc/nginx/nginx.conf" not in files:
        return []
    here = {
        path: text.replace("/etc/nginx/", f"{folder}/etc/nginx/").replace("sites-enabled", "sites-available")
        for path, text in files.items()
        if path.startswith("/etc/nginx/")
    }
    write(here, folder)
    main = folder / "etc/nginx/nginx.conf"
    manager: Any = Manager()  # type: ignore[no-untyped-call]
    with main.open("rb") as stream:
        manager.audit(str(main), stream)
    return [
        f"{plugin.name}: {issue.summary or plugin.summary} {issue.reason or ''}"
        for plugin in manager.results
        for issue in plugin.issues
        if (issue.severity or plugin.severity) in GRAVE
        and plugin.name not in ACCEPTED
        and not OF_ROUTES.match(f"{plugin.name}: {issue.summary or plugin.summary} {issue.reason or ''}")
    ]


@pytest.mark.parametrize("playbook", list(Files().builtin()))
def test_gixy_finds_nothing_in_builtin_playbooks(playbook: str, tmp_path: Path) -> None:
    files = rendered(playbook, ("web.server=nginx",) if playbook == "lamp" else (), "debian-13", Files())
    assert findings(files, tmp_path) == []


def test_gixy_finds_nothing_in_generated_playbooks(tmp_path: Path) -> None:
    audited: list[bool] = []

    @settings(
        max_examples=80,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(playbooks())
    def audit(data: dict[str, Any]) -> None:
        if not data["web"].get("front"):
            data["web"]["server"] = "nginx"
            behind_nginx(data)
        try:
            files = rendered("generated.yml", (), "debian-13", Generated(yaml.safe_dump(data)))
        except PlaybookError:
            return
        folder = tmp_path / str(len(audited))
        text = yaml.safe_dump(data)
        accepted = "weak_ssl_tls: " if "profile: old" in text else "-"  # explicitly chosen in the playbook
        assert [found for found in findings(files, folder) if not found.startswith(accepted)] == [], text
        audited.append("/etc/nginx/nginx.conf" in files)

    audit()
    assert sum(audited) > 5


def test_gixy_finds_a_planted_fault(tmp_path: Path) -> None:
    """The audit really reads the files: it finds a known hole."""
    files = rendered("lemp", (), "debian-13", Files())
    path = "/etc/nginx/sites-available/lamp.test.conf"
    broken = files[path].replace("try_files $uri $uri/ =404;", "add_header X-Path $uri; return 302 http://$host$uri;")
    assert findings({**files, path: broken}, tmp_path) != []
