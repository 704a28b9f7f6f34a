"""Fixtures: the loop of a kernel's text, with its body taken apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import pytest

from tilewright import mlir
from tilewright.analysis.accesses import Access, Effects, effects_of
from tilewright.analysis.linear import Linear
from tilewright.analysis.statements import LoopBody, body_of
from tilewright.mlir import ir

PRELUDE = """
!x = memref<256xf16>
!window = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!half = memref<8xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
!grid = memref<8x8xf16, #gpu.address_space<workgroup>>
"""


def _expanded(text: str, words: Mapping[str, str]) -> str:
    """`WORD[index]` as the operation that it stands for in `words`."""
    for word, meaning in words.items():
        while word in text:
            first, _, rest = text.partition(word)
            index = ""
            if rest.startswith("["):
                index, _, rest = rest[1:].partition("]")
            text = first + meaning.format(index) + rest
    return text


@pytest.fixture
def loop_body() -> Iterator[Callable[..., LoopBody]]:
    """Parse a loop over %k, after `before`, with the arguments %X, %Y: !x, %T: memref<16xindex>, %guard: i1 and %n: index.

    `words` stand for operations in both texts.
    """
    modules: list[ir.Module] = []

    def build(
        body: str, before: str = "", bounds: str = "%c0 to %c64 step %c16", words: Mapping[str, str] = MappingProxyType({})
    ) -> LoopBody:
        constants = "\n".join(f"%c{n} = arith.constant {n} : index" for n in (0, 1, 2, 4, 8, 15, 16, 32, 64))
        text = f"""{PRELUDE}
        func.func @f(%X: !x, %Y: !x, %T: memref<16xindex>, %guard: i1, %n: index) {{
          {constants}
          %S = memref.alloc() : !tile
          %R = memref.alloc() : !tile
          {_expanded(before, words)}
          scf.for %k = {bounds} {{
            {_expanded(body, words)}
          }}
          return
        }}"""
        modules.append(ir.Module.parse(text))
        function = modules[-1].body.operations[0]
        loop = next(op for op in function.regions[0].blocks[0].operations if op.operation.name == "scf.for")
        return body_of(loop.operation)

    with mlir.context():
        yield build


MEMORIES = """
!x = memref<64xf32>
!m = memref<8x16xf32>
!tile = memref<16xf32, 3>
!square = memref<4x4xf32, 3>
!view = memref<16xf32, strided<[1], offset: ?>>
"""
ARGUMENTS = {"X": "!x", "M": "!m", "i": "index", "j": "index", "guard": "i1", "other": "i1", "v": "f32"}
ALLOCATIONS = {"S": "!tile", "Q": "!square", "N": "!m"}


@pytest.fixture
def effects() -> Iterator[Callable[..., list[str]]]:
    """The accesses of the last operation of a function, as texts; `opaque` as the last one, where something is.

    What an mbarrier stands for is named `barrier`.
    """
    with mlir.context():

        def analyse(text: str, before: str = "", orders_barriers: bool = False) -> list[str]:
            arguments = ", ".join(f"%{name}: {kind}" for name, kind in ARGUMENTS.items())
            constants = "".join(f"%c{n} = arith.constant {n} : index\n" for n in (0, 1, 2, 3, 4, 8, 16))
            allocations = "".join(f"%{name} = memref.alloc() : {kind}\n" for name, kind in ALLOCATIONS.items())
            module = ir.Module.parse(
                f"{MEMORIES} func.func @f({arguments}) {{ {constants} {allocations} {before} {text} return }}"
            )
            block = module.body.operations[0].regions[0].blocks[0]
            names: dict[ir.Value, str] = dict(zip(block.arguments, ARGUMENTS, strict=True))
            allocated = [child.results[0] for child in block.operations if child.operation.name == "memref.alloc"]
            names |= dict(zip(allocated[: len(ALLOCATIONS)], ALLOCATIONS, strict=True))
            barriers = [child.results[0] for child in block.operations if child.operation.name == "tile.mbarrier_init"]
            names |= dict.fromkeys(barriers, "barrier")
            analysed = list(block.operations)[-2].operation
            found = effects_of(analysed, orders_barriers=True) if orders_barriers else effects_of(analysed)
            return described(found, names)

        yield analyse


def described(found: Effects, names: dict[ir.Value, str]) -> list[str]:
    rows = [access_text(access, names) for access in found.accesses]
    return rows + ([f"opaque {found.opaque.name}"] if found.opaque is not None else [])


def access_text(access: Access, names: dict[ir.Value, str]) -> str:
    """For example `write S[3:+1]`: certain and exact; `?` after the kind and `~` after the box where it is not."""
    region = access.region
    root = names[region.root] if region.root is not None else "unknown"
    box = ", ".join(f"{start_text(part.start, names)}:+{'?' if part.extent is None else part.extent}" for part in region.box)
    conditions = "".join(f" if {names[condition]}" for condition in access.conditions)
    return f"{access.kind}{'' if access.certain else '?'} {root}[{box}]{'' if region.exact else '~'}{conditions}"


def start_text(start: Linear, names: dict[ir.Value, Any]) -> str:
    terms = [
        names.get(value, "inner") if factor == 1 else f"{factor}*{names.get(value)}" for value, factor in start.terms.items()
    ]
    return " + ".join([*terms, str(start.constant)] if start.constant or not terms else terms)
