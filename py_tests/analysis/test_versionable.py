"""Which buffers of a loop may have versions, given the rest of the kernel: one row a kernel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tilewright import mlir
from tilewright.analysis.counting import is_nested_in
from tilewright.analysis.statements import body_of
from tilewright.analysis.versionable import ancestor_in, terminal_users, versionable
from tilewright.mlir import ir
from tilewright.transforms.cloning import nested_operations

pytestmark = pytest.mark.l1a_compile_no_target_dialect

PRELUDE = """
!x = memref<16xf16>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!half = memref<8xf16, strided<[1]>, #gpu.address_space<workgroup>>
!cast = memref<16xf16, strided<[1]>, #gpu.address_space<workgroup>>
"""
# The loop that is asked about is the one with `target`; the other pipelined loops have `other`.
WORDS = {
    "COPY": "memref.copy %X, %S : !x to !tile\n",
    "USE": "memref.copy %S, %R : !tile to !tile\n",
    "LOOP": "scf.for %k = %c0 to %c4 step %c1",
    "MAYBE": "scf.for %k = %c0 to %n step %c1",
    "NEVER": "scf.for %k = %c4 to %c0 step %c1",
    "OUTER": "scf.for %o = %c0 to %c4 step %c1",
    "SOMETIMES": "scf.if %guard { memref.copy %X, %S : !x to !tile }\n scf.if %guard { memref.copy %S, %R : !tile to !tile }\n",
    "SELECT": "%s = arith.select %guard, %S, %R : !tile\n",
    "DIM": "%d = memref.dim %S, %c0 : !tile\n",
    "ADDRESSED": "%w = memref.reinterpret_cast %S to offset: [0], sizes: [16], strides: [1] : !tile to !cast\n",
    "VIEWED": "%q = memref.cast %S : !tile to memref<?xf16, #gpu.address_space<workgroup>>\n"
    "%w = memref.reinterpret_cast %q to offset: [0], sizes: [16], strides: [1] "
    ": memref<?xf16, #gpu.address_space<workgroup>> to !cast\n",
    "HALF": "%h = memref.subview %S[0] [8] [1] : !tile to !half\n",
}


@contextmanager
def kernel(text: str) -> Iterator[ir.Operation]:
    """The function of a kernel whose body is `text`, after the allocation of %S and %R."""
    for word, meaning in WORDS.items():
        text = text.replace(word, meaning)
    constants = "".join(f"%c{n} = arith.constant {n} : index\n" for n in (0, 1, 4))
    with mlir.context():
        module = ir.Module.parse(f"""{PRELUDE} gpu.module @m {{
          gpu.func @f(%X: !x, %Y: !x, %guard: i1, %n: index, %v: f16) kernel {{
            {constants}
            %S = memref.alloc() : !tile
            %R = memref.alloc() : !tile
            {text}
            gpu.return
          }} }}""")
        yield module.body.operations[0].regions[0].blocks[0].operations[0].operation


def marked(function: ir.Operation, name: str) -> list[ir.Operation]:
    return [operation for operation in nested_operations(function) if name in operation.attributes]


def allocation(function: ir.Operation) -> ir.Value:
    return next(operation for operation in nested_operations(function) if operation.name == "memref.alloc").results[0]


LEFT = "an iteration reads what an earlier one left in it"
ADDRESS = "a view reads its address, which a version would change"
STALE = "memref.copy after the loop may read what an earlier iteration left in it"
BEFORE = "memref.copy uses it before the loop, in another loop's body"
MAY_NOT_RUN = "memref.copy uses it outside the loop, which may not run at all"
AROUND = "the pipelined loop around this one uses it, or something outside of that"
OTHER_BLOCK = "a pipelined loop of another block uses it"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("LOOP { COPY USE } {target}", None),
        ("LOOP { USE COPY } {target}", LEFT),
        ("MAYBE { COPY USE } {target}", None),
        # Views: what states an address of its own cannot follow the buffer.
        ("LOOP { COPY HALF %z = memref.load %h[%c0] : !half } {target}", None),
        ("LOOP { COPY ADDRESSED %z = memref.load %w[%c0] : !cast } {target}", ADDRESS),
        ("LOOP { COPY VIEWED %z = memref.load %w[%c0] : !cast } {target}", ADDRESS),
        # Before and after the loop, in its block.
        ("COPY LOOP { COPY USE } {target}", None),
        ("USE LOOP { COPY USE } {target}", None),
        ("USE LOOP { SOMETIMES } {target}", None),
        ("LOOP { COPY USE } {target} USE", None),
        ("MAYBE { COPY USE } {target} USE", None),
        ("LOOP { COPY USE } {target} COPY", None),
        ("LOOP { SOMETIMES } {target} USE", STALE),
        ("LOOP { SOMETIMES } {target} COPY", None),
        ("LOOP { SOMETIMES } {target} USE COPY", STALE),
        ("LOOP { SOMETIMES } {target} COPY USE", STALE),
        ("LOOP { SOMETIMES } {target} scf.if %guard { USE }", STALE),
        ("LOOP { SOMETIMES } {target} scf.if %guard { COPY }", None),
        ("LOOP { COPY USE } {target} linalg.add ins(%S, %R : !tile, !tile) outs(%R : !tile)", None),
        (
            "LOOP { COPY USE } {target} %z = memref.atomic_rmw addf %v, %S[%c0] : (f16, !tile) -> f16",
            None,
        ),
        (
            "LOOP { SOMETIMES } {target} %z = memref.atomic_rmw addf %v, %S[%c0] : (f16, !tile) -> f16",
            "memref.atomic_rmw after the loop may read what an earlier iteration left in it",
        ),
        # What asks for its shape, or frees it, and what hands it on.
        ("DIM LOOP { COPY USE } {target} memref.dealloc %S : !tile", None),
        ("LOOP { SOMETIMES } {target} DIM", None),
        ("LOOP { COPY DIM USE } {target}", None),
        ("OUTER { MAYBE { COPY DIM USE } {target} }", None),
        ("OUTER { MAYBE { COPY USE } {target} memref.dealloc %S : !tile }", None),
        ("OUTER { MAYBE { COPY USE } {target} DIM }", MAY_NOT_RUN.replace("copy", "dim")),
        ("OUTER { DIM LOOP { COPY USE } {target} }", BEFORE.replace("copy", "dim")),
        ("SELECT LOOP { COPY USE } {target}", "arith.select hands it on"),
        ("LOOP { COPY SELECT USE } {target}", "arith.select hands it on"),
        ("LOOP { COPY USE } {target} SELECT", "arith.select hands it on"),
        (
            "LOOP { COPY USE } {target} %e = scf.for %k = %c0 to %c4 step %c1 iter_args(%a = %S) -> (!tile) "
            "{ memref.copy %a, %R : !tile to !tile scf.yield %a : !tile }",
            "scf.for hands it on",
        ),
        # In a loop of another block, or outside of the block of the loop.
        ("USE OUTER { LOOP { COPY USE } {target} }", "memref.copy uses it outside the block of the loop"),
        ("OUTER { LOOP { COPY USE } {target} } USE", "memref.copy uses it outside the block of the loop"),
        ("OUTER { COPY LOOP { COPY USE } {target} }", BEFORE),
        ("OUTER { LOOP { COPY USE } {target} USE }", None),
        ("OUTER { LOOP { SOMETIMES } {target} USE }", STALE),
        ("OUTER { MAYBE { COPY USE } {target} USE }", MAY_NOT_RUN),
        ("OUTER { NEVER { COPY USE } {target} USE }", MAY_NOT_RUN),
        ("scf.if %guard { LOOP { COPY USE } {target} USE }", None),
        # Other pipelined loops: that each renews the buffer is enough.
        ("LOOP { COPY USE } {target} LOOP { COPY USE } {other}", None),
        ("OUTER { MAYBE { COPY USE } {target} MAYBE { COPY USE } {other} }", None),
        ("OUTER { MAYBE { COPY USE } {other} MAYBE { COPY USE } {target} }", None),
        ("OUTER { MAYBE { COPY DIM USE } {target} MAYBE { COPY DIM USE } {other} }", None),
        ("OUTER { LOOP { COPY USE } {target} } scf.if %guard { LOOP { COPY USE } {other} }", None),
        ("LOOP { COPY USE } {target} LOOP { USE } {other}", None),
        ("LOOP { SOMETIMES } {target} LOOP { USE } {other}", STALE),
        ("LOOP { USE } {other} LOOP { SOMETIMES } {target}", None),
        ("OUTER { LOOP { USE } {other} LOOP { COPY USE } {target} }", None),
        ("OUTER { LOOP { USE } {other} MAYBE { COPY USE } {target} }", MAY_NOT_RUN),
        ("LOOP { COPY USE } {target} scf.if %guard { LOOP { USE } {other} }", OTHER_BLOCK),
        ("LOOP { SOMETIMES } {target} LOOP { SOMETIMES } {other} USE", STALE),
        ("OUTER { USE LOOP { COPY USE } {target} LOOP { COPY USE } {other} }", BEFORE),
        # Pipelined loops around this one, in which all of its users must be.
        ("OUTER { LOOP { COPY USE } {target} } {other}", None),
        ("OUTER { MAYBE { COPY USE } {target} DIM } {other}", AROUND),
        ("OUTER { LOOP { COPY USE } {target} USE } {other}", AROUND),
        ("OUTER { LOOP { COPY USE } {target} LOOP { COPY USE } {other} } {other}", None),
        ("OUTER { LOOP { COPY USE } {target} } {other} LOOP { COPY USE } {other}", AROUND),
        ("USE OUTER { LOOP { COPY USE } {target} } {other}", AROUND),
        ("OUTER { scf.if %guard { LOOP { COPY USE } {target} } } {other}", None),
        # A later loop that renews the buffer reads nothing of this one, pipelined or not.
        ("LOOP { SOMETIMES } {target} LOOP { COPY USE } {other} DIM", None),
        ("LOOP { SOMETIMES } {target} LOOP { COPY USE }", None),
        ("LOOP { SOMETIMES } {target} LOOP { USE COPY }", STALE),
        ("LOOP { SOMETIMES } {target} LOOP { COPY gpu.barrier USE }", STALE),
        ("LOOP { SOMETIMES } {target} scf.if %guard { COPY USE }", STALE),
        ("OUTER { MAYBE { COPY USE } {target} MAYBE { COPY gpu.barrier USE } {other} }", MAY_NOT_RUN),
        ("OUTER { LOOP { COPY USE } {target} LOOP { COPY SELECT USE } {other} }", "arith.select hands it on"),
    ],
)
def test_why_a_buffer_cannot_have_versions(text: str, reason: str | None) -> None:
    with kernel(text) as function:
        (target,) = marked(function, "target")
        assert versionable(allocation(function), body_of(target), marked(function, "other")) == reason


def test_the_users_of_a_buffer_are_found_through_views() -> None:
    text = """HALF %q = memref.cast %h : !half to memref<?xf16, strided<[1]>, #gpu.address_space<workgroup>>
    DIM linalg.add ins(%S, %S : !tile, !tile) outs(%S : !tile)
    memref.store %v, %h[%c0] : !half
    %z = memref.load %q[%c0] : memref<?xf16, strided<[1]>, #gpu.address_space<workgroup>>"""
    with kernel(text) as function:
        users = [operation.name for operation in terminal_users(allocation(function))]
        assert sorted(users) == ["linalg.add", "memref.dim", "memref.load", "memref.store"]


def test_what_holds_an_operation_in_a_block() -> None:
    with kernel("OUTER { LOOP { COPY } {target} } LOOP { USE } {other}") as function:
        (target,), (other,) = marked(function, "target"), marked(function, "other")
        copy = next(operation for operation in nested_operations(target) if operation.name == "memref.copy")
        outer = target.parent.operation
        assert ancestor_in(copy, target.regions[0].blocks[0]) == copy
        assert ancestor_in(copy, outer.regions[0].blocks[0]) == target
        assert ancestor_in(copy, function.regions[0].blocks[0]) == outer
        assert ancestor_in(copy, other.regions[0].blocks[0]) is None
        assert is_nested_in(copy, target) and is_nested_in(copy, outer) and is_nested_in(copy, function)
        assert not is_nested_in(copy, other) and not is_nested_in(copy, copy) and not is_nested_in(target, copy)
