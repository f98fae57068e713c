"""The check that certbot will renew the certificates: its timer, its last run, its hook, and its settings of each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import takewhile

from lampctl.answers import sections
from lampctl.checks import Check, Evidence, HostProbe, Verdict, Where, failed, passed, unknown
from lampctl.resources import AcmeCertificate
from lampctl.resources.acme import HOOK, look_at
from lampctl.resources.pem import CertificateState, read
from lampctl.resources.shell import labelled, quote, script

_TIMER, _SERVICE = "certbot.timer", "certbot.service"
_ASK = "certbot renew --dry-run"
REHEARSAL = 60  # seconds for one certificate


def renewal_check(items: Sequence[AcmeCertificate]) -> Check:
    parts = {
        "timer": f"systemctl is-active {_TIMER}; systemctl is-enabled {_TIMER}",
        "result": f"systemctl show --value -p Result {_SERVICE}",
        "log": f"systemctl is-failed -q {_SERVICE} && journalctl -q -u {_SERVICE} -n 8 --no-pager -o cat",
        "hook": f"[ -e {quote(HOOK)} ] || echo does not exist; [ -x {quote(HOOK)} ] || echo is not executable",
        **{f"pair {item.site}": look_at(item) for item in items},
    }
    return Check(
        "tls.renewal",
        "tls",
        Where.HOST,
        "certbot renews certificates",
        "its timer active and enabled, its last run successful, its settings as lampctl made them",
        partial(_judge, items),
        ("linux.ssh",),
        HostProbe("\n".join(labelled(name, part) for name, part in parts.items())),
        undoable=False,
    )


def rehearsal_check(items: Sequence[AcmeCertificate]) -> Check:
    """certbot asks for each certificate as it will when it renews it, and throws the answer away."""
    listed = [word for item in items for word in (item.site, item.directory)]
    return Check(
        "tls.rehearsal",
        "tls",
        Where.HOST,
        "certbot can renew each certificate now",
        "a rehearsal of each renewal succeeds",
        _judge_rehearsal,
        ("tls.renewal",),
        HostProbe(script("acme/rehearse", certificates=listed), limit=REHEARSAL * len(items)),
        undoable=False,
        slow="ask the ACME server's operator, or try it again: certbot renew --dry-run",
        deep=True,
    )


def _judge_rehearsal(seen: Evidence) -> Verdict:
    """`seen.raw`: of each certificate, `renewed SITE`, or `refused SITE` and what certbot said."""
    if seen.error:
        return unknown("could not be tried", seen.error)
    lines = seen.raw.splitlines()
    refused = [line.removeprefix("refused ") for line in lines if line.startswith("refused ")]
    if refused:
        begin = lines.index(f"refused {refused[0]}")
        evidence = "\n".join(takewhile(lambda line: not line.startswith(("renewed ", "refused ")), lines[begin + 1 :]))
        hint = f"{_ASK} --cert-name {refused[0]} says the same; /var/log/letsencrypt/letsencrypt.log says more"
        return failed(f"{', '.join(refused)} would not be renewed", evidence, hint)
    count = sum(line.startswith("renewed ") for line in lines)
    return passed(f"{count} rehearsed") if count else failed("certbot said nothing", seen.raw, _ASK)


def _judge(items: Sequence[AcmeCertificate], seen: Evidence) -> Verdict:
    """`seen.raw`: the sections of `renewal_check`."""
    if seen.error:
        return unknown("could not be tried", seen.error)
    found = sections(seen.raw)
    words = found.get("timer", "").split()
    if words != ["active", "enabled"]:
        unmask = f"systemctl unmask {_TIMER}, then " if "masked" in words else ""
        return failed(f"{_TIMER} is {' and '.join(words)}", hint=f"{unmask}systemctl enable --now {_TIMER}")
    for item in items:
        state = read(found.get(f"pair {item.site}", ""))
        if isinstance(state, CertificateState) and state.unrenewable:
            return failed(f"{item.site} would not be renewed: {state.unrenewable}",
                          hint="lampctl deploy requests it again, with settings that can be renewed")  # fmt: skip
    if hook := found.get("hook", "").strip():
        message = f"the hook {HOOK} {hook.splitlines()[0]}: the web server would not load a renewed certificate"
        return failed(message, hint="lampctl deploy repairs it")
    if (result := found.get("result", "").strip()) not in ("success", ""):
        hint = f"{_ASK} shows whether it works now; then: systemctl reset-failed {_SERVICE}"
        return failed(f"its last run failed: {result}", found.get("log", ""), hint)
    return passed(f"{_TIMER} active, enabled; its last run and settings are right")
