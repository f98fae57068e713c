"""The JSON document of `--format json`: an example that the program's own classes write."""

from __future__ import annotations

import json

from docs.generate.markdown import block, table
from lampctl.checks import Result, Status, Where
from lampctl.errors import ApplyFailed, UsageError
from lampctl.outcome import Outcome
from lampctl.playbook.kinds import code
from lampctl.report import Report
from lampctl.report.json import render
from lampctl.resources import Action, Change

# What stands beside `command` and `ok`, where no host is involved.
OTHERS = {
    "render": ("files",),
    "playbook list": ("playbooks", "recipes"),
    "playbook show": ("playbook", "origins", "environments", "platforms"),
    "playbook validate": ("playbook", "environments"),
    "status": ("hosts",),
    "explain": ("page",),
    "init": ("files", "next", "recipe", "why"),
    "doctor": ("findings",),
    "box up": ("box",),
    "box list": ("boxes",),
    "box down": ("name",),
}

TEXT = """## The JSON document

With `--format json`, stdout is exactly one document, whatever happens; only `playbook schema`, which is a document
of its own, and `box ssh` have none. What is documented here stays; keys may be added.

`deploy`, `plan` and `check` have one entry in `hosts` for each host, in the order in which they were named; `smoke` has
one for each URL, which it calls `host` too:"""

STATUS = """An entry in `hosts` of `status` has `host`, `ok`, `sites`, `last_run` (as `history` has it, or `null`) and,
where it failed, `error`. A site has `site`, `type`, `release`, `php`, `certificate_days` and `maintenance`; what it has
none of is `null`."""

FIELDS = [
    ("ok", "no error, and no check fails"),
    ("applied", "changes were made"),
    ("undone", "a check failed with them, and the previous files are in place"),
    ("platform", "the distribution and its release; empty where it is not known"),
    ("changes", "what was planned, in the order in which it is applied; `diff` is a unified diff, or one line"),
    ("changes[].action", " ".join(code(action) for action in Action)),
    ("results", "the checks, in the order of a request's way; empty with `plan`"),
    ("results[].status", " ".join(code(status) for status in Status)),
    ("results[].where", " ".join(code(where) for where in Where)),
    ("results[].ms", "how long the probe took, in milliseconds"),
    ("culprit", "the first check that fails, or `null`"),
    ("error", "why the command ended early on this host, or `null`; `kind` is a stable word, the rest is for people"),
    ("timings", "seconds by phase"),
    ("round_trips", "batches and tunnels, after the SSH handshake"),
]


def documents() -> str:
    others = [(code(command), ", ".join(map(code, keys))) for command, keys in OTHERS.items()]
    parts = [
        TEXT,
        block(_hosts(), "json"),
        table(("field", "what"), [(code(name), what) for name, what in FIELDS]),
        "A command that ends before it comes to any host has its error at the top:",
        block(_failure(), "json"),
        "Other commands have, beside `command` and `ok`:",
        table(("command", "keys"), others),
        STATUS,
    ]
    return "\n\n".join(parts)


def _hosts() -> str:
    outcome = Outcome(
        "web1.example.com",
        "deploy",
        playbook="lamp",
        platform="debian-13",
        applied=True,
        undone=True,
        changes=[Change("service:apache2.service", "web", Action.RELOAD, "runs an older configuration")],
        results=[
            Result("web.config", "web", Status.FAIL, Where.HOST, "Syntax OK", "not valid", "AH00526: …", "fix it", 12.3)
        ],
        error=ApplyFailed("web1.example.com: web.config failed with the new files", "fix it", kind="check"),
        timings={"connect": 0.21, "observe": 0.35, "apply": 1.2, "check": 0.1},
        round_trips=4,
    )
    return _written(Report("deploy", [outcome]))


def _failure() -> str:
    return _written(Report("deploy", [], UsageError("no host: none was named", "lampctl deploy HOST")))


def _written(report: Report) -> str:
    return json.dumps(json.loads(render(report)), indent=2, ensure_ascii=False)
