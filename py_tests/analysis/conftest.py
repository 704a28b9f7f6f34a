"""Fixtures: the loop of a kernel's text, with its body taken apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tilewright import mlir
from tilewright.analysis.statements import LoopBody, body_of
from tilewright.mlir import ir

PRELUDE = """
!x = memref<256xf16>
!window = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!half = memref<8xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
!grid = memref<8x8xf16, #gpu.address_space<workgroup>>
"""


@pytest.fixture
def loop_body() -> Iterator[Callable[..., LoopBody]]:
    """Parse a loop over %k, after `before`, with the arguments %X, %Y: !x, %T: memref<16xindex>, %guard: i1 and %n: index."""
    modules: list[ir.Module] = []

    def build(body: str, before: str = "", bounds: str = "%c0 to %c64 step %c16") -> LoopBody:
        constants = "\n".join(f"%c{n} = arith.constant {n} : index" for n in (0, 1, 2, 4, 8, 15, 16, 32, 64))
        text = f"""{PRELUDE}
        func.func @f(%X: !x, %Y: !x, %T: memref<16xindex>, %guard: i1, %n: index) {{
          {constants}
          %S = memref.alloc() : !tile
          %R = memref.alloc() : !tile
          {before}
          scf.for %k = {bounds} {{
            {body}
          }}
          return
        }}"""
        modules.append(ir.Module.parse(text))
        function = modules[-1].body.operations[0]
        loop = next(op for op in function.regions[0].blocks[0].operations if op.operation.name == "scf.for")
        return body_of(loop.operation)

    with mlir.context():
        yield build
