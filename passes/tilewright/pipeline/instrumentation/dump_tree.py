"""Write the IR of the input and after every pass into a folder."""

from __future__ import annotations

from pathlib import Path

from tilewright.mlir import ir
from tilewright.pipeline.events import Instrumentation, PassEvent
from tilewright.pipeline.files import write_atomically


class DumpTree(Instrumentation):
    """Writes ``00_input.mlir``, ``01_tile-plan-pipeline.mlir``, … ; a failed pass leaves ``NN_name.failed.mlir``."""

    def __init__(self, folder: Path, *, debug_info: bool = False) -> None:
        self.folder = folder
        self.debug_info = debug_info

    def before_pipeline(self, root: ir.Operation) -> None:
        self._write("00_input.mlir", root)

    def after_pass(self, event: PassEvent) -> None:
        self._write(f"{event.ordinal:02}_{event.argument}.mlir", event.root)

    def after_failure(self, event: PassEvent) -> None:
        self._write(f"{event.ordinal:02}_{event.argument}.failed.mlir", event.root)

    def _write(self, name: str, root: ir.Operation) -> None:
        write_atomically(self.folder / name, ir_text(root, debug_info=self.debug_info))


def ir_text(root: ir.Operation, *, debug_info: bool = False) -> str:
    """The IR as text, which ends with a line's end; a valid operation prints in its custom form."""
    text = root.get_asm(enable_debug_info=debug_info)
    return text if text.endswith("\n") else text + "\n"
