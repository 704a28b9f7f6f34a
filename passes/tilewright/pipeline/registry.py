"""The project's passes by argument, and their options; a pass's module is imported when it is first needed."""

from __future__ import annotations

import dataclasses
import importlib
import types
import typing
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tilewright.diagnostics import UsageError
from tilewright.names import did_you_mean
from tilewright.pipeline.text import OptionText, parse_options

if TYPE_CHECKING:
    from tilewright.diagnostics import SourceLocation
    from tilewright.transforms.base import Pass

# Argument, module, class: in pipeline order.
_PASSES = (
    ("tile-plan-pipeline", "tilewright.transforms.plan_pipeline", "PlanPipeline"),
    ("tile-inject-software-pipeline", "tilewright.transforms.inject_software_pipeline", "InjectSoftwarePipeline"),
    ("tile-specialize-warps", "tilewright.transforms.specialize_warps", "SpecializeWarps"),
    ("tile-infer-layout", "tilewright.transforms.infer_layout", "InferLayout"),
)
_TRUE, _FALSE = ("true", "1"), ("false", "0")


@dataclass(frozen=True)
class PassOption:
    """A field of a pass as an option of its textual form; `choices` are the values that a Literal allows."""

    name: str
    field: str
    type: type
    default: Any
    choices: tuple[str, ...] = ()

    @property
    def type_name(self) -> str:
        names = {bool: "true or false", int: "an integer", float: "a number", str: "a string"}
        return " or ".join(self.choices) if self.choices else names[self.type]

    def parse(self, text: str, pass_argument: str, location: SourceLocation) -> Any:
        value = _parse_value(self.type, text)
        if value is None or (self.choices and value not in self.choices):
            raise UsageError(f"option '{self.name}' of pass '{pass_argument}' needs {self.type_name}, not '{text}'", location)
        return value


@dataclass(frozen=True)
class PassEntry:
    """A pass that can be named in a pipeline; `load` imports it."""

    argument: str
    module: str
    class_name: str

    def load(self) -> type[Pass]:
        return getattr(importlib.import_module(self.module), self.class_name)

    def summary(self) -> str:
        return (self.load().__doc__ or "").strip().partition("\n")[0]

    def options(self) -> tuple[PassOption, ...]:
        return _options(self.load())

    def create(self, options_text: str, location: SourceLocation) -> Pass:
        """The pass with its options set; raises UsageError for an unknown option or a value of the wrong type."""
        known = {option.name: option for option in self.options()}
        values: dict[str, Any] = {}
        for given in parse_options(options_text, location):
            option = known.get(given.name.replace("_", "-"))
            if option is None:
                suggestion = did_you_mean(given.name, known)
                raise UsageError(f"pass '{self.argument}' has no option '{given.name}'{suggestion}", given.location)
            if option.field in values:
                raise UsageError(f"option '{option.name}' of pass '{self.argument}' is given twice", given.location)
            values[option.field] = option.parse(_text_of(given, option), self.argument, given.location)
        try:
            return self.load()(**values)
        except ValueError as failure:
            raise UsageError(f"pass '{self.argument}': {failure}", location) from failure


@dataclass(frozen=True)
class PassRegistry:
    """Passes by argument."""

    entries: tuple[PassEntry, ...]

    def find(self, argument: str) -> PassEntry | None:
        return next((entry for entry in self.entries if entry.argument == argument), None)

    def arguments(self) -> list[str]:
        return [entry.argument for entry in self.entries]

    def extended(self, entries: Iterable[PassEntry]) -> PassRegistry:
        return PassRegistry((*self.entries, *entries))


def builtin_registry() -> PassRegistry:
    """The registry with the project's own passes."""
    return PassRegistry(tuple(PassEntry(*row) for row in _PASSES))


def textual_form(instance: Pass) -> str:
    """``argument{option=value …}`` with the options that differ from their defaults."""
    changed = [
        f"{option.name}={_value_text(getattr(instance, option.field))}"
        for option in _options(type(instance))
        if getattr(instance, option.field) != option.default
    ]
    return f"{instance.argument}{{{' '.join(changed)}}}" if changed else instance.argument


def _options(pass_class: type[Pass]) -> tuple[PassOption, ...]:
    hints = typing.get_type_hints(pass_class)
    fields = dataclasses.fields(pass_class) if dataclasses.is_dataclass(pass_class) else ()
    return tuple(_option(field, hints[field.name]) for field in fields if field.init)


def _option(field: dataclasses.Field[Any], hint: Any) -> PassOption:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        hint = next(part for part in typing.get_args(hint) if part is not type(None))
    choices = tuple(typing.get_args(hint)) if typing.get_origin(hint) is Literal else ()
    option_type = str if choices else hint
    if option_type not in (bool, int, float, str):
        raise TypeError(f"option {field.name} is {hint}; it must be bool, int, float, str or a Literal of strings")
    return PassOption(field.name.replace("_", "-"), field.name, option_type, field.default, choices)


def _text_of(given: OptionText, option: PassOption) -> str:
    """The value's text; a flag may be given by its name only."""
    if given.value is not None:
        return given.value
    return "true" if option.type is bool else ""


def _parse_value(option_type: type, text: str) -> Any:
    """The value, or None where `text` is not of the type."""
    if option_type is bool:
        lowered = text.lower()
        return True if lowered in _TRUE else False if lowered in _FALSE else None
    if option_type is str:
        return text
    try:
        return option_type(text)
    except ValueError:
        return None


def _value_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return f'"{text}"' if any(character.isspace() for character in text) else text
