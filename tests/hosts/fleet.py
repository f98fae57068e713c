"""Two boxes: one with the sites, the other with their databases."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.hosts.conftest import Host, RunResult

SITE, BLOG = "shop.test", "blog.test"
SECRET = f"/etc/lampctl/secrets/{SITE}.conf"


@dataclass(frozen=True)
class Fleet:
    web: Host
    db: Host
    playbook: Path

    def lampctl(self, command: str, *args: str) -> tuple[RunResult, dict[str, Any], dict[str, Any]]:
        """Return the run, the document of the database host, and that of the site host."""
        ran = self.web.lampctl(command, "HOST", "-p", str(self.playbook), *args)
        db, web = json.loads(ran.out)["hosts"]
        assert (db["host"], web["host"]) == (self.db.box.name, self.web.box.name)
        return ran, db, web

    def culprits(self) -> list[str | None]:
        _, *hosts = self.lampctl("check")
        return [host["culprit"]["id"].partition("@")[0] if host["culprit"] else None for host in hosts]

    def page(self, path: str = "/") -> tuple[int, str]:
        """Request a page of the blog."""
        connection = http.client.HTTPConnection(self.web.box.address, timeout=60)
        connection.request("GET", path, headers={"Host": BLOG})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def password(self, host: Host) -> str:
        return host.sh(f"sed -n 's/^env.*\"\\(.*\\)\"/\\1/p' {SECRET}").strip()
