"""The environment variables of Tilewright: one table, typed and strict; nothing else reads `os.environ`.

`environment()` parses every variable at once, so a bad value stops a tool whether or not it needs that variable.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tilewright.diagnostics import UsageError
from tilewright.names import nearest

Kind = Literal["text", "flag", "integer", "names"]
Value = str | bool | int | tuple[str, ...]

PREFIX = "TILEWRIGHT_"

# The arches that each backend of the project compiles for; `ARCH` counts only where it names one of them, because
# continuous integration often sets it to the host's (x86_64).
ARCHES: dict[str, tuple[str, ...]] = {
    "cuda": ("sm_80", "sm_90a"),
    "rocm": ("gfx942", "gfx950"),
    "npu": ("a2a3", "a5"),
}
_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")


@dataclass(frozen=True)
class Variable:
    """One variable: its attribute in `Environment`, its type, its default and another spelling that is accepted."""

    name: str
    attribute: str
    kind: Kind
    default: Value
    summary: str
    alias: str | None = None
    alias_values: tuple[str, ...] | None = None
    minimum: int = 0

    def parse(self, spelling: str, text: str) -> Value:
        """The value of `text`, which was found under the name `spelling`; raises UsageError, naming it."""
        if self.kind == "flag":
            return _parse_flag(spelling, text)
        if self.kind == "integer":
            return _parse_integer(spelling, text, self.minimum)
        if self.kind == "names":
            return tuple(part.strip() for part in text.split(",") if part.strip())
        return text


VARIABLES: tuple[Variable, ...] = (
    Variable("TILEWRIGHT_COMPILE_BACKEND", "compile_backend", "text", "sim", "the target's backend"),
    Variable(
        "TILEWRIGHT_ARCH",
        "arch",
        "text",
        "",
        "the target's arch; empty: the backend's default",
        alias="ARCH",
        alias_values=tuple(arch for arches in ARCHES.values() for arch in arches),
    ),
    Variable("TILEWRIGHT_COMPILE_ONLY", "compile_only", "flag", False, "compile, never execute", alias="COMPILE_ONLY"),
    Variable("TILEWRIGHT_DUMP_IR", "dump_ir", "flag", False, "write the IR after every pass"),
    Variable("TILEWRIGHT_DUMP_DIR", "dump_dir", "text", "tilewright_dump", "where TILEWRIGHT_DUMP_IR writes"),
    Variable("TILEWRIGHT_RUNTIME_CACHE_DIR", "runtime_cache_dir", "text", "~/.cache/tilewright", "where artifacts are cached"),
    Variable("TILEWRIGHT_RUNTIME_ENABLE_CACHE", "runtime_enable_cache", "flag", True, "use the artifact cache"),
    Variable("TILEWRIGHT_RUNTIME_KIND", "runtime_kind", "text", "sim", "the runtime that executes kernels"),
    Variable("TILEWRIGHT_GOLDEN_THREADS", "golden_threads", "integer", 4, "threads that compute golden values", minimum=1),
    Variable("TILEWRIGHT_OPT_BISECT_LIMIT", "opt_bisect_limit", "integer", -1, "run only the first N passes", minimum=-1),
    Variable("TILEWRIGHT_MLIR", "mlir", "text", "", "the module that MLIR's bindings come from; empty: the one installed"),
    Variable("TILEWRIGHT_REQUIRE", "require", "names", (), "backends whose tests must not be skipped, separated by commas"),
    Variable("TILEWRIGHT_FILECHECK", "filecheck", "text", "", "the FileCheck that tests use; empty: filecheck from PyPI"),
    Variable("TILEWRIGHT_LLD", "lld", "text", "", "the ld.lld that links device code"),
    Variable("PTOAS_BIN", "ptoas_bin", "text", "", "the PTO assembler of the NPU backend"),
)


@dataclass(frozen=True)
class Setting:
    """A variable with its value and where that came from: ``default``, or the name that was set."""

    variable: Variable
    value: Value
    source: str


@dataclass(frozen=True)
class Environment:
    """Every option, typed; `settings` tells where each came from, `warnings` what was set but means nothing."""

    compile_backend: str
    arch: str
    compile_only: bool
    dump_ir: bool
    dump_dir: str
    runtime_cache_dir: str
    runtime_enable_cache: bool
    runtime_kind: str
    golden_threads: int
    opt_bisect_limit: int
    mlir: str
    require: tuple[str, ...]
    filecheck: str
    lld: str
    ptoas_bin: str
    settings: tuple[Setting, ...]
    warnings: tuple[str, ...]


def environment(variables: Mapping[str, str] | None = None) -> Environment:
    """Parse `variables` (the process's own without an argument); raises UsageError that names a bad variable."""
    variables = os.environ if variables is None else variables
    settings = tuple(_setting(variable, variables) for variable in VARIABLES)
    values = {setting.variable.attribute: setting.value for setting in settings}
    return Environment(**values, settings=settings, warnings=_unknown(variables))  # type: ignore[arg-type]


def _setting(variable: Variable, variables: Mapping[str, str]) -> Setting:
    spelling = variable.name
    if spelling not in variables and variable.alias is not None:
        other = variables.get(variable.alias)
        if other is not None and (variable.alias_values is None or other in variable.alias_values):
            spelling = variable.alias
    if spelling not in variables or (variable.kind == "text" and not variables[spelling]):
        return Setting(variable, variable.default, "default")
    return Setting(variable, variable.parse(spelling, variables[spelling]), spelling)


def _parse_flag(spelling: str, text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise UsageError(f"{spelling}={text}: expected one of {', '.join(_TRUE + _FALSE)}")


def _parse_integer(spelling: str, text: str, minimum: int) -> int:
    try:
        value = int(text)
    except ValueError:
        raise UsageError(f"{spelling}={text}: expected an integer") from None
    if value < minimum:
        raise UsageError(f"{spelling}={text}: expected an integer of at least {minimum}")
    return value


def _unknown(variables: Mapping[str, str]) -> tuple[str, ...]:
    known = [variable.name for variable in VARIABLES]
    unknown = sorted(name for name in variables if name.startswith(PREFIX) and name not in known)
    return tuple(f"{name} is not a variable of Tilewright{_suggestion(name, known)}" for name in unknown)


def _suggestion(name: str, known: list[str]) -> str:
    """Names are compared without their prefix, which they all share."""
    suffixes = [other.removeprefix(PREFIX) for other in known if other.startswith(PREFIX)]
    found = nearest(name.removeprefix(PREFIX), suffixes)
    return f"; did you mean {PREFIX}{found}?" if found else ""
