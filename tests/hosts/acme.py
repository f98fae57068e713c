"""A real ACME server for the boxes: Debian's pebble and its DNS server, on their bridge."""

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


@dataclass(frozen=True)
class Pebble:
    """`authority`: the CA of the server's own certificate, for certbot; `root`: the CA of the certificates that it issues."""

    folder: Path
    shift: int = 0  # of its ports, so that two can run on this machine

    @property
    def directory(self) -> str:
        return f"https://{ADDRESS}:{14000 + self.shift}/dir"

    @property
    def management(self) -> str:
        return f"127.0.0.1:{15000 + self.shift}"

    @property
    def dns(self) -> str:
        return f"127.0.0.1:{8053 + self.shift}"

    @property
    def names(self) -> str:
        return f"127.0.0.1:{8055 + self.shift}"

    @property
    def authority(self) -> str:
        return (self.folder / "authority.pem").read_text()

    @property
    def root(self) -> Path:
        path = self.folder / "root.pem"
        context = ssl.create_default_context(cafile=str(self.folder / "authority.pem"))
        with urllib.request.urlopen(f"https://{self.management}/roots/0", timeout=5, context=context) as answer:
            path.write_bytes(answer.read())
        return path

    def resolve(self, name: str, address: str) -> None:
        """Set the address to which the server resolves a name."""
        for verb, more in (("clear-a", {}), ("add-a", {"addresses": [address]})):
            body = json.dumps({"host": f"{name}.", **more}).encode()
            urllib.request.urlopen(f"http://{self.names}/{verb}", body, timeout=5).close()


def _config(found: Pebble, validity: int) -> dict[str, object]:
    return {
        "listenAddress": f"{ADDRESS}:{14000 + found.shift}",
        "managementListenAddress": found.management,
        "certificate": str(found.folder / "server.pem"),
        "privateKey": str(found.folder / "server.key"),
        "httpPort": 80,
        "tlsPort": 443,
        "certificateValidityPeriod": validity,
    }


@contextmanager
def pebble(folder: Path, shift: int = 0, validity: int = 7_776_000) -> Iterator[Pebble]:
    """`validity`: seconds of a certificate's life."""
    network.put_up()  # pebble listens there, and this may be the first use
    _certificates(folder)
    found = Pebble(folder, shift)
    config = _config(found, validity)
    (folder / "pebble.json").write_text(json.dumps({"pebble": config}))
    names = ["pebble-challtestsrv", "-defaultIPv4", "", "-defaultIPv6", "", "-http01", "", "-https01", "",
             "-tlsalpn01", "", "-dns01", found.dns, "-management", found.names]  # fmt: skip
    server = ["pebble", "-config", str(folder / "pebble.json"), "-dnsserver", found.dns]
    environment = {**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"}
    with (folder / "log").open("w") as log:
        running = [
            subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT, env=environment) for argv in (names, server)
        ]
        try:
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
