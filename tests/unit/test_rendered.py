"""Every valid playbook renders to tidy files on every platform; any other gives one clear error."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from lampctl.engine.library import data
from lampctl.engine.offline import rendered
from lampctl.errors import LampctlError, PlaybookError
from lampctl.platforms import PLATFORMS
from tests.unit.playbooks import Generated, playbooks

ROUNDS = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # shrinking takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def render(data: Any, platform: str) -> dict[str, str]:
    return rendered("generated.yml", (), platform, Generated(yaml.safe_dump(data)))


@ROUNDS
@given(data=playbooks())
def test_every_valid_playbook_renders_to_tidy_files(data: Any) -> None:
    try:
        found = [render(data, platform) for platform in PLATFORMS]
    except PlaybookError as error:
        assume("generated.yml" not in error.message)  # refused by the models: a clash that the strategy does not avoid
        raise
    for path, text in (item for files in found for item in files.items()):
        _assert_tidy(path, text)


def _assert_tidy(path: str, text: str) -> None:
    assert text.endswith("\n"), path
    assert not text.endswith("\n\n"), path
    assert not re.search(r"[ \t]+$", text, re.MULTILINE), path
    assert "\n\n\n" not in text, path
    assert not re.search(r"PASSWORD\]? *= *[^ $]|IDENTIFIED BY", text), path
    if path.startswith("/etc/systemd/"):  # a comment that was joined to the line before it
        assert not re.search(r"^(?!Environment=|Exec|Description=)\w+=.*#", text, re.MULTILINE), text


NOWHERE: Any = [[[]]]  # not valid for any option
# Values of a kind that few options accept.
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, -1, 10**9, "", "a b", "é\n", [], {}, {"x": 1}, True, 1.5, "${jndi}", "../..", "a" * 300]
)
PICK = st.integers(0, 10**6)


@ROUNDS
@given(data=playbooks(), pick=PICK)
def test_invalid_value_gives_one_clear_error(data: Any, pick: int) -> None:
    _replace(data, pick, NOWHERE)
    with pytest.raises(LampctlError) as caught:
        render(data, "debian-13")
    _assert_clear(caught.value)


@ROUNDS
@given(data=playbooks(), odd=ODD, pick=PICK)
def test_odd_value_gives_one_clear_error_or_tidy_files(data: Any, odd: Any, pick: int) -> None:
    _replace(data, pick, odd)
    try:
        files = render(data, "debian-13")
    except LampctlError as error:
        _assert_clear(error)
    else:
        for path, text in files.items():
            _assert_tidy(path, text)


def _replace(data: Any, pick: int, value: Any) -> None:
    """Replace one of the values in `data`."""
    places = list(_places(data))
    parent, key = places[pick % len(places)]
    parent[key] = value


def _assert_clear(error: LampctlError) -> None:
    assert re.match(r"generated\.yml(:\d+)?: ", error.message), error.message
    assert error.hint


def _places(data: Any) -> Any:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in list(items):
        yield data, key
        yield from _places(value)


def test_wordpress_renders_with_an_engine_that_the_platform_lacks() -> None:
    """Such a host refuses it with a message; rendering must not fail before that."""
    data = {"sites": {"w.test": {"type": "wordpress"}}, "web": {}, "php": {}, "mysql": {"engine": "mysql"}}
    for platform in PLATFORMS:
        assert render(data, platform)


def test_repeated_lines_of_units_are_in_a_partial() -> None:
    """Four lines that two systemd templates have in common belong in a partial."""
    runs: dict[str, list[str]] = {}
    for path in sorted(data("templates").rglob("*.j2")):
        lines = path.read_text().splitlines()
        if any("systemd/" in line for line in lines):
            for start in range(len(lines) - 3):
                runs.setdefault("\n".join(lines[start : start + 4]), []).append(path.name)
    assert {run: names for run, names in runs.items() if len(names) > 1} == {}
