"""Mail of a site: what a playbook may say, what is rendered, and what each answer of a relay means."""

from __future__ import annotations

from pathlib import Path

import pytest

from lampctl.checks import Check, Evidence, Status
from lampctl.engine.library import Files
from lampctl.engine.supplied import supplied
from lampctl.errors import PlaybookError
from lampctl.facts import Facts, nominal
from lampctl.layers import Context, Desired, desired
from lampctl.platforms import PLATFORMS
from lampctl.playbook import Loaded, load
from lampctl.rendering import Renderer
from lampctl.resources.kind import States

LOGIN = "user: shop, password: {secret: {env: RELAY}}"


def loaded(folder: Path, mail: str, site: str = "") -> Loaded:
    (folder / "site.yml").write_text(f"web: {{}}\nphp: {{}}\nsites:\n  a.test: {{{site}mail: {{{mail}}}}}\n")
    return load("site.yml", (), Files(folder))


def wanted(folder: Path, mail: str, site: str = "") -> Desired:
    facts = nominal("debian-13")
    return desired(Context.from_loaded(loaded(folder, mail, site), PLATFORMS["debian-13"], facts))


REFUSED = {
    "no relay": ("from: a@b.test", "→ relay: is missing"),
    "port 0": ("relay: 'a:0'", "'a:0' has a port that is not from 1 to 65535"),
    "a port too large": ("relay: 'a:65536'", "'a:65536' has a port that is not from 1 to 65535"),
    "an option": ("relay: -a", "'-a' is not a valid relay"),
    "a line break in the relay": (r'relay: "a\nfrom x"', "is not a valid relay"),
    "a line break in the sender": (r'relay: a, from: "a@b\nhost x"', "is not a valid e-mail address"),
    "a line break in the user": (rf'relay: a, {LOGIN.replace("shop", chr(34) + "a" + chr(92) + "nb" + chr(34))}', "is not a valid user of a relay"),
    "a user alone": ("relay: a, user: x", "`user` and `password` go together"),
    "a password alone": ("relay: a, password: {secret: {env: X}}", "`user` and `password` go together"),
    "no encryption": (f"relay: a, tls: none, {LOGIN}", "`tls: none` would send the password unencrypted"),
    "a made password": (f"relay: a, {LOGIN.replace('{env: RELAY}', 'generate')}", "a password that the relay does not know"),
    "a password in the playbook": ("relay: a, user: x, password: hunter2", "does not belong into a playbook"),
    "a secret in the playbook": ("relay: a, user: x, password: {secret: hunter2}", "must be a mapping that says where it is"),
    "an unknown key": ("relay: a, form: x@y.test", "unknown key; did you mean from?"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_mail_is_refused_with_its_line(tmp_path: Path, case: str) -> None:
    text, message = REFUSED[case]
    with pytest.raises(PlaybookError) as caught:
        loaded(tmp_path, text)
    assert message in caught.value.message
    assert "/site.yml:4: sites → a.test → mail" in caught.value.message
    assert "hunter2" not in caught.value.message


def test_type_without_code_has_no_mail(tmp_path: Path) -> None:
    with pytest.raises(PlaybookError, match="mail: unknown key"):
        loaded(tmp_path, "relay: a", "type: static, ")


PORTS = {
    "relay: a": ("a", 587, "tls on", "tls_starttls on"),
    "relay: a, tls: tls": ("a", 465, "tls on", "tls_starttls off"),
    "relay: a, tls: none": ("a", 25, "tls off", ""),
    "relay: 'a:465'": ("a", 465, "tls on", "tls_starttls off"),
    "relay: 'a:465', tls: starttls": ("a", 465, "tls on", "tls_starttls on"),
    "relay: '[2001:db8::1]:25'": ("2001:db8::1", 25, "tls on", "tls_starttls on"),
}


@pytest.mark.parametrize("mail", PORTS)
def test_port_and_encryption_have_defaults(tmp_path: Path, mail: str) -> None:
    host, port, *lines = PORTS[mail]
    text = rendered(tmp_path, mail)["/etc/lampctl-mail/a.test/msmtp.conf"]
    assert {f"host {host}", f"port {port}", "from noreply@a.test", "auth off", *filter(None, lines)} <= set(
        text.splitlines()
    )


def rendered(folder: Path, mail: str, site: str = "") -> dict[str, str]:
    renderer = Renderer(Files(folder).template, "site")
    return {file.path: renderer.text(file) for file in wanted(folder, mail, site).files}


def test_only_one_file_has_the_password_and_no_diff_or_repr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY", "hunter2")
    found = loaded(tmp_path, f"relay: a, {LOGIN}")
    assert supplied(found, Files(tmp_path).beside) == {"given/mail@a.test": b"hunter2"}
    texts = rendered(tmp_path, f"relay: a, from: x@y.test, {LOGIN}")
    config = texts["/etc/lampctl-mail/a.test/msmtp.conf"].splitlines()
    assert {"from x@y.test", 'user "shop"', 'passwordeval "cat /etc/lampctl-mail/a.test/password"'} <= set(config)
    assert "hunter2" not in repr(found) + "".join(texts.values()) + repr(wanted(tmp_path, f"relay: a, {LOGIN}"))


def test_missing_password_is_named_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RELAY", raising=False)
    with pytest.raises(PlaybookError, match=r"site.yml:4: sites → a.test → mail → password: .*RELAY is not set"):
        supplied(loaded(tmp_path, f"relay: a, {LOGIN}"), Files(tmp_path).beside)


def test_own_setting_of_the_site_comes_first(tmp_path: Path) -> None:
    given = "php: {ini: {sendmail_path: /bin/true}}, environment: {SENDMAIL: mine}, "
    texts = rendered(tmp_path, "relay: a", given)
    assert "php_value[sendmail_path] = '/bin/true'" in texts["/etc/lampctl/php/8.4/a.test.conf"]
    assert "v_SENDMAIL=mine" in texts["/etc/lampctl/environment/a.test"]


@pytest.fixture(scope="module")
def hop(tmp_path_factory: pytest.TempPathFactory) -> Check:
    found = wanted(tmp_path_factory.mktemp("mail"), f"relay: r.test, {LOGIN}")
    return next(check for check in found.checks if check.id == "site.mail@a.test")


ANSWERS = {
    "right\n": (Status.PASS, "r.test:587 answers, accepts shop", ""),
    "other\tCRAM-MD5\n": (Status.PASS, "r.test:587 answers; the login was not tried: it offers CRAM-MD5", ""),
    "name\n": (Status.FAIL, "r.test does not resolve", ""),
    "connect\tConnection refused\n": (Status.FAIL, "r.test:587: no connection", "Connection refused"),
    "silent\n": (Status.FAIL, "r.test:587 does not answer in time", ""),
    "certificate\thostname mismatch\n": (Status.FAIL, "the certificate of r.test:587 is not valid for r.test", "hostname mismatch"),
    "tls\n": (Status.FAIL, "r.test:587: no TLS", ""),
    "none\n": (Status.FAIL, "r.test:587 offers no login", ""),
    "greeting\t554\tgo away\n": (Status.FAIL, "r.test:587 refuses this host", "554 go away"),
    "login\t535\tno\n": (Status.FAIL, "r.test:587 refuses the login of shop", "535 no"),
    "password\tPermission denied\n": (Status.FAIL, "the site's user cannot read the password", "Permission denied"),
    "msmtp\t78\tmsmtp: c: line 3\n": (Status.FAIL, "r.test:587 does not accept msmtp", "78 msmtp: c: line 3"),
    "": (Status.UNKNOWN, "could not be tried", ""),
    "Failed to start transient service unit\n": (Status.UNKNOWN, "could not be tried", "Failed to start transient service unit"),
}  # fmt: skip


@pytest.mark.parametrize("raw", ANSWERS)
def test_each_answer_is_named(hop: Check, raw: str) -> None:
    verdict = hop.judge(Evidence(raw, Facts("debian-13"), States()))
    assert (verdict.status, verdict.actual, verdict.evidence) == ANSWERS[raw]
    assert bool(verdict.hint) == (verdict.status is Status.FAIL)


def test_relay_that_fails_undoes_no_deploy(hop: Check) -> None:
    assert (hop.undoable, bool(hop.slow)) == (False, True)
