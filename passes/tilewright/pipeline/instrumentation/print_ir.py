"""Print the IR before and after passes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TextIO

from tilewright.pipeline.events import Instrumentation, PassEvent
from tilewright.pipeline.instrumentation.dump_tree import ir_text


@dataclass(frozen=True)
class PrintPolicy:
    """Which passes the module is printed around: by argument, all, after those that changed it, after a failure."""

    before: Collection[str] = ()
    after: Collection[str] = ()
    before_all: bool = False
    after_all: bool = False
    after_change: bool = False
    after_failure: bool = False
    debug_info: bool = False

    @property
    def prints(self) -> bool:
        return bool(self.before or self.after or self.before_all or self.after_all or self.after_change or self.after_failure)


class PrintIR(Instrumentation):
    """Prints the whole module to `stream`, under a headline like that of MLIR's own printer."""

    def __init__(self, policy: PrintPolicy, stream: TextIO) -> None:
        self.policy = policy
        self.stream = stream
        self._text_before = ""

    def before_pass(self, event: PassEvent) -> None:
        if self.policy.after_change:
            self._text_before = ir_text(event.root)
        if self.policy.before_all or event.argument in self.policy.before:
            self._print("Before", event)

    def after_pass(self, event: PassEvent) -> None:
        changed = self.policy.after_change and ir_text(event.root) != self._text_before
        if changed or self.policy.after_all or event.argument in self.policy.after:
            self._print("After", event)

    def after_failure(self, event: PassEvent) -> None:
        if self.policy.after_failure:
            self._print("After failure of", event)

    def _print(self, when: str, event: PassEvent) -> None:
        print(f"// -----// IR Dump {when} {event.text} ({event.anchor}) //----- //", file=self.stream)
        print(ir_text(event.root, debug_info=self.policy.debug_info), file=self.stream)
