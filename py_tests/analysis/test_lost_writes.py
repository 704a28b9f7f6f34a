"""Which write of a loop is lost to another one of the same iteration, one row a loop."""

from __future__ import annotations

import pytest

from tilewright.analysis.lost_writes import lost_write

pytestmark = pytest.mark.l1a_compile_no_target_dialect

PIECE = "memref<8xf16, strided<[1], offset: {}>, #gpu.address_space<workgroup>>"
BEFORE = f"""%v = arith.constant 0.0 : f16
%Z = memref.alloc() : !tile
%a = memref.subview %X[%c0] [16] [1] : !x to !window
%h = memref.subview %X[%c0] [8] [1] : !x to memref<8xf16, strided<[1], offset: ?>>
%which = arith.select %guard, %S, %R : !tile
%low = memref.subview %S[0] [8] [1] : !tile to {PIECE.format(0)}
%high = memref.subview %S[8] [8] [1] : !tile to {PIECE.format(8)}
%somewhere = memref.subview %S[%n] [8] [1] : !tile to {PIECE.format("?")}
"""
HALF = "memref<8xf16, strided<[1], offset: ?>>"
WORDS = {
    "TO_S": "memref.copy %a, %S : !window to !tile\n",
    "TO_R": "memref.copy %a, %R : !window to !tile\n",
    "TO_LOW": f"memref.copy %h, %low : {HALF} to {PIECE.format(0)}\n",
    "TO_HIGH": f"memref.copy %h, %high : {HALF} to {PIECE.format(8)}\n",
    "SOMEWHERE": f"memref.copy %h, %somewhere : {HALF} to {PIECE.format('?')}\n",
    "TO_UNKNOWN": "memref.copy %a, %which : !window to !tile\n",
    "FILL_S": "linalg.fill ins(%v : f16) outs(%S : !tile)\n",
    "READ_S": "memref.copy %S, %Z : !tile to !tile\n",
    "READ_R": "memref.copy %R, %Z : !tile to !tile\n",
    "READ_LOW": f"memref.copy %low, %Y0 : {PIECE.format(0)} to {HALF}\n",
    "READ_UNKNOWN": "memref.copy %which, %Z : !tile to !tile\n",
    "MAYBE": "scf.for %i = %c0 to %n step %c1",
    "BOTH": "scf.for %i = %c0 to %c1 step %c1 { memref.copy %a, %S : !window to !tile memref.copy %a, %R : !window to !tile }",
}


@pytest.mark.parametrize(
    ("text", "copies", "expected"),
    [
        ("TO_S TO_S", {0}, (0, 1, True)),
        ("TO_S TO_S", {1}, (0, 1, True)),
        ("TO_S TO_S", {2}, None),
        ("TO_S", {0}, None),
        ("TO_S TO_R", {0, 1}, None),
        # What is read in between is not lost; nor is what may be.
        ("TO_S READ_S TO_S", {0, 2}, None),
        ("TO_S READ_R TO_S", {0, 2}, (0, 2, True)),
        ("TO_S READ_UNKNOWN TO_S", {0, 2}, None),
        ("TO_S TO_UNKNOWN TO_S", {0, 2}, (0, 2, True)),
        ("TO_S scf.if %guard { READ_S } TO_S", {0, 2}, None),
        ("READ_S TO_S TO_S", {1}, (1, 2, True)),
        ("TO_S linalg.add ins(%S, %S : !tile, !tile) outs(%S : !tile)", {0}, None),
        ("TO_LOW READ_S TO_LOW", {0}, None),
        ("TO_HIGH READ_LOW TO_HIGH", {0}, (0, 2, True)),
        ("TO_LOW READ_LOW TO_LOW", {0}, None),
        # Parts.
        ("TO_S TO_LOW", {0}, (0, 1, False)),
        ("TO_LOW TO_S", {1}, (0, 1, True)),
        ("TO_LOW TO_HIGH", {0, 1}, None),
        ("TO_LOW SOMEWHERE", {0, 1}, None),
        ("TO_S SOMEWHERE", {0, 1}, (0, 1, False)),
        ("TO_LOW TO_HIGH TO_LOW", {0, 1, 2}, (0, 2, True)),
        # Only what is certain.
        ("scf.if %guard { TO_S } TO_S", {0}, (0, 1, True)),
        ("TO_S scf.if %guard { TO_S }", {0}, None),
        ("scf.if %guard { TO_S } scf.if %guard { TO_S }", {0}, (0, 1, True)),
        ("scf.if %guard { TO_S } scf.if %other { TO_S }", {0, 1}, None),
        ("TO_S MAYBE { TO_S }", {0}, None),
        ("MAYBE { TO_S } TO_S", {0}, (0, 1, True)),
        # A fill may be lost to a copy, and a copy not to a fill.
        ("FILL_S TO_S", {1}, None),
        ("TO_S FILL_S", {0}, (0, 1, True)),
        ("FILL_S TO_S TO_S", {2}, (1, 2, True)),
        # The nearest write that is lost, of which one is a copy.
        ("TO_S TO_S TO_S", {2}, (1, 2, True)),
        ("TO_S TO_LOW TO_S", {2}, (0, 2, True)),
        ("TO_S scf.if %guard { TO_S } TO_S", {2}, (0, 2, True)),
        ("TO_S SOMEWHERE TO_S", {2}, (0, 2, True)),
        # Of several the first, by the second statement and then by the first one.
        ("TO_R TO_S TO_S TO_R", {0, 1, 2, 3}, (1, 2, True)),
        ("TO_S TO_R TO_R TO_S", {0, 1, 2, 3}, (1, 2, True)),
        ("TO_R TO_S BOTH", {0, 1, 2}, (0, 2, True)),
        ("TO_S TO_R BOTH", {0, 1, 2}, (0, 2, True)),
    ],
)
def test_the_first_lost_write(text, copies, expected, loop_body):
    for word, meaning in WORDS.items():
        text = text.replace(word, meaning)
    before = BEFORE + "%other = arith.cmpi eq, %n, %c1 : index\n%Y0 = memref.subview %Y[%c0] [8] [1] : !x to " + HALF
    lost = lost_write(loop_body(text, before), copies)
    assert (None if lost is None else (lost.first, lost.second, lost.wholly)) == expected


def test_the_buffer_of_a_lost_write(loop_body):
    body = loop_body(WORDS["READ_S"] + WORDS["TO_R"] + WORDS["TO_R"], BEFORE)
    lost = lost_write(body, {1})
    assert lost is not None and lost.buffer == body.statements[1].operation.operands[1]
