"""What a database server answers, and what the plan makes of it: only what was proved wrong is changed."""

from __future__ import annotations

import pytest

from lampctl.resources import Action, Change, Conflict, Database, DatabaseUser, Secret, Server
from lampctl.resources.database import DATABASES
from lampctl.resources.kind import HostView, States

SERVER = Server("mariadb", "/run/mysqld/mysqld.sock", "mariadb", "")
USER = DatabaseUser("shop", "mysql", SERVER, "shop", Secret("shop.test", "mysql"))
OWNED = frozenset({USER.key, "database:shop"})
ACCOUNT = "user\tshop\tlocalhost\ngrant\tshop\tlocalhost\tshop\tYYY\n"


def compared(raw: str, owned: frozenset[str] = OWNED) -> Change | Conflict | None:
    states = States().updated(DATABASES, DATABASES.parse(raw))
    view = HostView(states=states, owned=owned, recognized=DATABASES.recognize([USER], HostView(states=states)))
    return DATABASES.compare(USER, states.get(DATABASES, USER.key), view)


@pytest.mark.parametrize(
    ("row", "changes"),
    [
        ("login\tshop\tlocalhost", False),
        ("", True),  # the host has no secret of this account
        *(
            (f"refused\tshop\tlocalhost\t{code}", True)
            for code in (1045, 1698, 1524, 2059, 1820, 1862, 4151, 3118, 3159)
        ),
        *((f"refused\tshop\tlocalhost\t{code}", False) for code in ("", 1040, 1203, 2002, 2013)),
    ],
)
def test_password_is_reset_only_if_the_server_says_that_the_account_is_wrong(row: str, changes: bool) -> None:
    change = compared(f"{ACCOUNT}{row}\n")
    assert getattr(change, "action", None) is (Action.UPDATE if changes else None)


@pytest.mark.parametrize(
    ("row", "hint"),
    [
        ("failed\t1045\tERROR 1045 (28000): Access denied for user 'root'@'localhost'", "ALTER USER root@localhost"),
        ("failed\t1040\tERROR 1040 (08004): Too many connections", "SHOW PROCESSLIST"),
        ("failed\t0\tno answer within 3 s", "deploy again when it answers"),
    ],
)
def test_server_that_does_not_answer_root_changes_nothing(row: str, hint: str) -> None:
    """What is lampctl's stays; what is new is refused, with what the server says."""
    assert compared(f"{row}\n") is None
    conflict = compared(f"{row}\n", frozenset())
    assert isinstance(conflict, Conflict)
    assert row.split("\t")[2] in conflict.message
    assert hint in conflict.hint


def test_server_that_does_not_run_is_deployed_with_its_databases() -> None:
    assert getattr(compared("down\n", frozenset()), "action", None) is Action.CREATE
    assert DATABASES.compare(Database("shop", "mysql", SERVER), None, HostView()) is not None
