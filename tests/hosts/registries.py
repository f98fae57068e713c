"""The settings by which this machine reaches PyPI and npm, given to a host as its own: builds on it use them."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path

from tests.hosts.conftest import Host

_AUTHORITIES = "/etc/ssl/certs/registries.pem"
_PIP = ("index-url", "proxy", "timeout", "default-timeout")
_NPM = ("registry", "proxy", "https-proxy")
_HERE = {"NODE_EXTRA_CA_CERTS", "PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"}


def reach(host: Host) -> None:
    """Write /etc/pip.conf and /etc/npmrc as this machine's administrator has set them, and the authorities they trust."""
    pip, npm = _pip(), _npm()
    bundle = next((os.environ[name] for name in sorted(_HERE) if os.environ.get(name)), pip.get("cert", ""))
    files = {
        "/etc/pip.conf": ["[global]", *(f"{name} = {pip[name]}" for name in _PIP if name in pip)],
        "/etc/npmrc": ["audit=false", "fund=false", "update-notifier=false", *(f"{name}={npm[name]}" for name in _NPM if npm.get(name))],
    }  # fmt: skip
    if bundle:
        files["/etc/pip.conf"].append(f"cert = {_AUTHORITIES}")
        files["/etc/npmrc"].append(f"cafile={_AUTHORITIES}")
        files[_AUTHORITIES] = Path(bundle).read_text().splitlines()
    for path, lines in files.items():
        (host.box.root / path.lstrip("/")).write_text("\n".join([*lines, ""]))


def _pip() -> dict[str, str]:
    said = _said("python3", "-m", "pip", "config", "list")
    pairs = (line.partition("=") for line in said.splitlines() if "=" in line)
    return {name.rpartition(".")[2]: shlex.split(value)[0] for name, _, value in pairs if value}


def _npm() -> dict[str, str]:
    said = _said("npm", "config", "list", "--json")
    return {name: value for name, value in json.loads(said or "{}").items() if isinstance(value, str)}


def _said(*argv: str) -> str:
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60).stdout
    except FileNotFoundError:
        return ""
