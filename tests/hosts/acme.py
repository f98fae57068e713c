"""A real ACME server of the lab: Debian's pebble, and its DNS, on the bridge of the boxes."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lampctl.box import SUBNET, network

ADDRESS = f"{SUBNET}.1"
DIRECTORY = f"https://{ADDRESS}:14000/dir"
MANAGEMENT = "127.0.0.1:15000"
DNS, NAMES = "127.0.0.1:8053", "127.0.0.1:8055"


@dataclass(frozen=True)
class Pebble:
    """`authority`: who vouches for the server itself, for certbot; `root`: who vouches for what it gives."""

    folder: Path

    @property
    def authority(self) -> str:
        return (self.folder / "authority.pem").read_text()

    @property
    def root(self) -> Path:
        path = self.folder / "root.pem"
        context = ssl.create_default_context(cafile=str(self.folder / "authority.pem"))
        with urllib.request.urlopen(f"https://{MANAGEMENT}/roots/0", timeout=5, context=context) as answer:
            path.write_bytes(answer.read())
        return path

    def resolve(self, name: str, address: str) -> None:
        """What the world's DNS says, as the server sees it."""
        for verb, more in (("clear-a", {}), ("add-a", {"addresses": [address]})):
            body = json.dumps({"host": f"{name}.", **more}).encode()
            urllib.request.urlopen(f"http://{NAMES}/{verb}", body, timeout=5).close()


@contextmanager
def pebble(folder: Path) -> Iterator[Pebble]:
    network.put_up()  # it listens there, and may be the first to need it
    _certificates(folder)
    config = {
        "listenAddress": f"{ADDRESS}:14000",
        "managementListenAddress": MANAGEMENT,
        "certificate": str(folder / "server.pem"),
        "privateKey": str(folder / "server.key"),
        "httpPort": 80,
        "tlsPort": 443,
        "certificateValidityPeriod": 7_776_000,
    }
    (folder / "pebble.json").write_text(json.dumps({"pebble": config}))
    names = ["pebble-challtestsrv", "-defaultIPv4", "", "-defaultIPv6", "", "-http01", "", "-https01", "",
             "-tlsalpn01", "", "-dns01", DNS, "-management", NAMES]  # fmt: skip
    server = ["pebble", "-config", str(folder / "pebble.json"), "-dnsserver", DNS]
    environment = {**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"}
    with (folder / "log").open("w") as log:
        running = [
            subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT, env=environment) for argv in (names, server)
        ]
        try:
            found = Pebble(folder)
            _wait(found, folder / "log")
            yield found
        finally:
            for process in running:
                process.terminate()
                process.wait()


def _wait(found: Pebble, log: Path) -> None:
    deadline = time.monotonic() + 15
    while True:
        try:
            assert found.root
            found.resolve("ready.test", ADDRESS)
            return
        except OSError:
            if time.monotonic() > deadline:
                raise AssertionError(log.read_text()[-1500:]) from None
            time.sleep(0.05)


def _certificates(folder: Path) -> None:
    script = f"""
cat > server.cnf <<'END'
[req]
distinguished_name = subject
prompt = no
x509_extensions = root
[subject]
CN = lab
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[server]
subjectAltName = IP:{ADDRESS},IP:127.0.0.1
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
END
new="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -config server.cnf"
openssl req $new -x509 -days 30 -keyout authority.key -out authority.pem
openssl req $new -keyout server.key -out server.csr
openssl x509 -req -in server.csr -CA authority.pem -CAkey authority.key -days 30 -extfile server.cnf -extensions server -out server.pem
"""
    subprocess.run(["sh", "-eu", "-c", script], cwd=folder, check=True, capture_output=True)
