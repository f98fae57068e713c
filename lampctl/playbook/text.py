"""Kinds of text: a rule that makes a value safe to render, its wording, and an example; also for the JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import CoreSchema, no_info_after_validator_function

WRONG_TEXT = "wrong_text"  # the type of the error; its message continues the sentence "'VALUE' …"


@dataclass(frozen=True)
class Text:
    """Metadata of an `Annotated[str, …]`.

    Attributes:
        kind: What the reference calls it.
        rule: What is wrong with a value that is not one; it continues the sentence "'VALUE' …".
        example: A value that is accepted.
        pattern: Regular expression that the whole value has to match; empty where `check` alone decides.
        check: Returns the value, normalized; ValueError with a more precise rule than `rule`, or without any.
    """

    kind: str
    rule: str
    example: str
    pattern: str = ""
    check: Callable[[Any], Any] | None = None

    def __call__(self, value: Any) -> Any:
        """The value, if it is valid.

        Raises:
            PydanticCustomError: The value breaks the rule.
        """
        if self.pattern and not re.fullmatch(self.pattern, value):
            raise self._error(self.rule)
        try:
            return self.check(value) if self.check else value
        except ValueError as error:
            raise self._error(str(error) or self.rule) from None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_after_validator_function(self, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        pattern = {"pattern": f"^(?:{self.pattern})$"} if self.pattern else {}
        return {**handler(schema), **pattern, "examples": [self.example]}

    @staticmethod
    def _error(rule: str) -> PydanticCustomError:
        return PydanticCustomError(WRONG_TEXT, "{rule}", {"rule": rule})
