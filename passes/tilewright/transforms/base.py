"""What a pass is: a frozen dataclass whose fields are its textual options, with a method `run`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from tilewright.diagnostics import DiagnosticSink, InputError, PassFailure, SourceLocation
from tilewright.machine import Machine
from tilewright.mlir import ir


@dataclass(frozen=True)
class Decision:
    """Something that a pass decided: where, in a phrase, and as plain data for JSON."""

    pass_argument: str
    subject: str
    location: SourceLocation
    phrase: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass
class PassContext:
    """What a pass may use besides the IR: the machine, a place for remarks and errors, a record of decisions."""

    machine: Machine
    sink: DiagnosticSink
    decisions: list[Decision] = field(default_factory=list)

    @contextmanager
    def failing(self, argument: str) -> Iterator[None]:
        """Turn an InputError inside into an error in the sink, and the failure of the pass `argument`."""
        try:
            yield
        except InputError as error:
            self.sink.emit(replace(error.diagnostic, location=self.sink.locate(error.diagnostic.location)))
            raise PassFailure(argument) from error


class Pass(ABC):
    """A pass over any operation that holds kernels: builtin.module, gpu.module or gpu.func.

    `run` raises `PassFailure` after it has put its errors into the sink; a kernel that it cannot improve it leaves alone, with
    a remark. The docstring's first line is its summary in --help.
    """

    argument: ClassVar[str]

    @abstractmethod
    def run(self, operation: ir.Operation, context: PassContext) -> None: ...
