"""From the location in a pydantic error to the place in the playbook."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from lampctl.documents import parse
from lampctl.playbook.messages import messages


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Pool(Options):
    children: int | Literal["auto"] = "auto"


class PhpSite(Options):
    type: Literal["php"]
    php: Pool = Pool()
    names: list[str] = []


class Proxy(Options):
    type: Literal["proxy"]
    to: str
    tls: Pool | bool = False


def kind(site: object) -> object:
    return site.get("type", "php") if isinstance(site, dict) else getattr(site, "type", None)


class Book(Options):
    sites: dict[str, Annotated[PhpSite | Proxy, Field(discriminator="type")]] = {}
    default: Annotated[Annotated[PhpSite, Tag("php")] | Annotated[Proxy, Tag("proxy")], Discriminator(kind)] | None = (
        None
    )
    one: Annotated[PhpSite | Proxy, Field(discriminator="type")] | None = None


CASES = {
    "a key of the kind, named like it": ("{type: php, php: {childen: 1}}", "php → childen: unknown key; did you mean children? Allowed here: children"),
    "a key beside it": ("{type: php, nmes: []}", "nmes: unknown key; did you mean names? Allowed here: names, php, type"),
    "a value": ("{type: php, php: {children: many}}", "php → children: should be a whole number or 'auto', not 'many'"),
    "an item": ("{type: php, names: [1]}", "names → 0: should be text, not 1"),
    "another kind's key": ("{type: proxy, to: x, names: []}", "names: unknown key. Allowed here: tls, to, type"),
    "a member of a union inside": ("{type: proxy, to: x, tls: {childen: 1}}", "tls → childen: unknown key; did you mean children?"),
    "neither member": ("{type: proxy, to: x, tls: 1}", "tls: should be a mapping of keys to values or true or false, not 1"),
    "something missing": ("{type: proxy}", "to: is missing"),
    "no kind": ("{names: []}", "type: is missing"),
    "an unknown kind": ("{type: phq}", "type: should be 'php' or 'proxy', not 'phq'"),
}  # fmt: skip


PLACES = {
    "sites → a.test": "sites:\n  a.test: {}\n",
    "one": "#\none: {}\n",
    "default": "#\ndefault: {}\n",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("case", CASES)
def test_type_names_are_not_part_of_the_location(case: str, place: str) -> None:
    text, message = CASES[case]
    document = parse(PLACES[place].replace("{}", text), "site.yml")
    with pytest.raises(ValidationError) as caught:
        Book.model_validate(document.data)
    (line,) = messages(caught.value, document, Book)
    assert line.startswith(f"site.yml:2: {place} → {message}")
