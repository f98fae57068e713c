"""Programs in several languages, and the box on which they are sites behind a web server."""

from __future__ import annotations

import base64
import shutil
import socket
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.hosts.conftest import Host, RunResult

PROGRAMS = Path(__file__).parent / "programs"
BUILT_IN = Path(__file__).parents[2]


@dataclass(frozen=True)
class Stack:
    """A box, and the folder with the playbook whose sites run on it behind one of the servers."""

    host: Host
    folder: Path
    server: str
    first: RunResult

    def lampctl(self, command: str, book: str = "site.yml", *args: str, cwd: Path | None = None) -> RunResult:
        setting = f"web.server={self.server}"
        return self.host.lampctl(command, "HOST", "-p", str(self.folder / book), "--set", setting, *args, cwd=cwd)

    def book(self, name: str, change: Callable[[str], str]) -> str:
        """Write a changed version of the playbook. Its file name stays: to the host it is the same playbook."""
        path = self.folder / name / "site.yml"
        path.parent.mkdir(exist_ok=True)
        for source in ("python", "node", "c", "app.war"):
            link = path.parent / source
            if not link.exists():
                link.symlink_to(self.folder / source)
        path.write_text(change((self.folder / "site.yml").read_text()))
        return f"{name}/site.yml"

    def get(self, site: str, path: str = "/", *headers: str) -> tuple[int, str]:
        """Return status and body; status 0 if the connection broke."""
        head = "".join(
            f"{line}\r\n" for line in (f"GET {path} HTTP/1.1", f"Host: {site}", "Connection: close", *headers)
        )
        try:
            with socket.create_connection((self.host.box.address, 80), 20) as sock:
                sock.sendall(f"{head}\r\n".encode())
                raw = b"".join(iter(lambda: sock.recv(65536), b"")).decode()
        except OSError as error:
            return 0, str(error)
        top, _, body = raw.partition("\r\n\r\n")
        return int(top.split()[1]) if top else 0, body


def build(box: Host, path: Path) -> None:
    """Compile the programs into the folder, against the box's servlet API, and write their playbook."""
    api = path / "servlet-api.jar"
    api.write_bytes(base64.b64decode(box.sh("base64 /usr/share/java/tomcat10-servlet-api.jar")))
    classes = path / "classes"
    run = ["javac", "--release", "17", "-cp", str(api), "-d", str(classes), str(PROGRAMS / "Hello.java")]
    subprocess.run(run, check=True)
    with zipfile.ZipFile(path / "app.war", "w") as war:
        war.write(classes / "Hello.class", "WEB-INF/classes/Hello.class")
    for name in ("python", "node", "c"):
        (path / name).mkdir()
    subprocess.run(["cc", "-static", "-O2", "-o", str(path / "c/server"), str(PROGRAMS / "server.c")], check=True)
    shutil.copy(PROGRAMS / "server.js", path / "node")
    shutil.copy(BUILT_IN / "playbooks/files/process/server.py", path / "python")
    shutil.copy(PROGRAMS / "site.yml", path)
