"""The direction of the imports is the design: downwards only."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "lampctl"

# From the bottom to the top; a module may import what is at its own rank or below.
RANKS = [
    {"errors", "answers", "legible", "quoting", "extensions", "__init__"},
    {"platforms", "facts", "documents"},
    {"resources"},
    {"playbook", "checks"},
    {"layers"},
    {"observation", "render"},
    {"plan", "outcome"},
    {"ssh", "report", "box"},
    {"engine"},
    {"cli"},
]


def rank(module: str) -> int:
    return next(number for number, names in enumerate(RANKS) if module in names)


def test_imports_go_downwards() -> None:
    upward = []
    for path in PACKAGE.rglob("*.py"):
        own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("lampctl"):
                parts = node.module.split(".")
                modules = [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]
                modules = ["__init__" if name == "__version__" else name for name in modules]
                upward += [f"{path.name}: {name}" for name in modules if rank(name) > rank(own)]
    assert upward == []


def test_help_imports_nothing_that_it_does_not_need() -> None:
    script = "import sys; import lampctl.cli.app; print([m for m in ('paramiko', 'pydantic', 'jinja2', 'pymysql', 'yaml') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_invoke_is_imported_only_for_match_exec() -> None:
    script = """
import io, sys
from lampctl.ssh.later import later
later("invoke")
import paramiko
plain = "invoke.runners" in sys.modules
config = paramiko.SSHConfig.from_file(io.StringIO('Match exec "true"\\n  Port 2222\\nMatch exec "false"\\n  User nobody'))
print(plain, config.lookup("web1").get("port"), config.lookup("web1").get("user"), "invoke.runners" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "2222", "None", "True"]
