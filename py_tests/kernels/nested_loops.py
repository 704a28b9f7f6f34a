"""Pipelined loops nested in loops and guards, as persistent kernels have them; with what they compute, by NumPy.

A is eight tiles of 16 × 32 side by side. For every `t` that a block takes, `Out` gets the sum of the tiles that the inner loop
fetches. `Count` says how often the inner loop runs for each `t`; `Mask` which `t` and which `k` count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import tilewright.language as tl

ROWS, COLUMNS, TILES = 16, 32, 8
COUNTS = np.array([2, 0, 1, 5, 3, 1, 0, 4], dtype=np.int32)
MASK = np.array([1, 0, 0, 1, 1, 0, 1, 1], dtype=np.int32)


@dataclass(frozen=True)
class Nest:
    """Stages, iterations of the inner and of the outer loop, blocks of the grid."""

    num_stages: int
    trips: int
    outer: int
    blocks: int


@dataclass(frozen=True)
class Shape:
    """`body(A, Count, Mask, tile, total, t, nest)` is what a block does for `t`; `taken(t, nest)` the tiles that it adds up.

    `static`: the outer loop's bound is constant.
    """

    name: str
    body: Callable[..., None]
    taken: Callable[[int, Nest], list[int] | None]
    static: bool = True


def build(shape: Shape, nest: Nest) -> tl.Kernel:
    """The kernel: a loop over `t` by the stride of the grid, with `shape.body` in it."""

    def run(A, Count, Mask, Out, outer) -> None:
        bx = tl.grid(nest.blocks)
        tile = tl.alloc_shared((ROWS, COLUMNS), "f16")
        total = tl.alloc_fragment((ROWS, COLUMNS), "f32")
        for t in tl.serial(bx, outer, nest.blocks):
            tl.fill(total, 0.0)
            shape.body(A, Count, Mask, tile, total, t, nest)
            tl.copy(total, Out[0:, t * COLUMNS :])

    table = tl.Tensor((TILES,), "i32")
    types: tuple[Any, ...] = (tl.Tensor((ROWS, COLUMNS * TILES), "f16"), table, table)
    types += (tl.Tensor((ROWS, COLUMNS * TILES), "f32"),)

    def static(A, Count, Mask, Out) -> None:
        run(A, Count, Mask, Out, nest.outer)

    def dynamic(A, Count, Mask, Out, outer) -> None:
        run(A, Count, Mask, Out, outer)

    kernel = static if shape.static else dynamic
    types += () if shape.static else (tl.index,)
    kernel.__annotations__ = dict(zip(("A", "Count", "Mask", "Out", "outer"), types, strict=False))
    return tl.kernel(threads=128)(kernel)


def expected(shape: Shape, nest: Nest, a: np.ndarray) -> np.ndarray:
    """Out, in float64."""
    out = np.zeros((ROWS, COLUMNS * TILES))
    for t in range(nest.outer):
        for tile in shape.taken(t, nest) or []:
            out[:, t * COLUMNS : (t + 1) * COLUMNS] += a[:, tile * COLUMNS : (tile + 1) * COLUMNS].astype(np.float64)
    return out


def _fetch(A, tile, position) -> None:
    tl.copy(A[0:, position * COLUMNS :], tile)


def _add(tile, total) -> None:
    for i, j in tl.parallel(ROWS, COLUMNS):
        total[i, j] = total[i, j] + tl.cast(tile[i, j], "f32")


def _loop(A, tile, total, trips, nest: Nest, num_stages: int | None = None) -> None:
    for k in tl.pipelined(trips, num_stages=num_stages or nest.num_stages):
        _fetch(A, tile, k)
        _add(tile, total)


def _plain(A, Count, Mask, tile, total, t, nest) -> None:
    _loop(A, tile, total, nest.trips, nest)


def _count_from_a_table(A, Count, Mask, tile, total, t, nest) -> None:
    _loop(A, tile, total, tl.cast(Count[t], "index"), nest)


def _bounds_from_the_outer_loop(A, Count, Mask, tile, total, t, nest) -> None:
    for k in tl.pipelined(t, t + tl.cast(Count[t], "index") // 2, num_stages=nest.num_stages):
        _fetch(A, tile, k % TILES)
        _add(tile, total)


def _guard_around(A, Count, Mask, tile, total, t, nest) -> None:
    with tl.if_(Mask[t] > 0):
        _loop(A, tile, total, nest.trips, nest)


def _guards_around_and_inside(A, Count, Mask, tile, total, t, nest) -> None:
    with tl.if_(t % 3 != 1):
        for k in tl.pipelined(nest.trips, num_stages=nest.num_stages):
            with tl.if_(Mask[k] > 0):
                _fetch(A, tile, k)
                _add(tile, total)


def _guard_with_two_sides(A, Count, Mask, tile, total, t, nest) -> None:
    other = tl.alloc_shared((ROWS, COLUMNS), "f16")
    with tl.if_(Mask[t] > 0):
        _loop(A, tile, total, nest.trips, nest)
    with tl.else_():
        _loop(A, other, total, 2, nest)


def _guard_of_a_shifted_iteration(A, Count, Mask, tile, total, t, nest) -> None:
    for k in tl.pipelined(nest.trips, num_stages=nest.num_stages):
        with tl.if_((k + 1) % 2 == 0):
            _fetch(A, tile, (k + 1) % TILES)
            _add(tile, total)


def _two_loops_over_one_tile(A, Count, Mask, tile, total, t, nest) -> None:
    _loop(A, tile, total, max(1, nest.trips), nest)
    _loop(A, tile, total, 2, nest, num_stages=nest.num_stages + 1)


def _two_loops_one_of_which_may_not_run(A, Count, Mask, tile, total, t, nest) -> None:
    _loop(A, tile, total, nest.trips, nest)
    _loop(A, tile, total, tl.cast(Count[t], "index"), nest)


def _loops_of_two_levels(A, Count, Mask, tile, total, t, nest) -> None:
    for _ in tl.serial(2):
        with tl.if_(Mask[t] > 0):
            _loop(A, tile, total, nest.trips, nest)


def _guards_one_after_the_other(A, Count, Mask, tile, total, t, nest) -> None:
    others = [tl.alloc_shared((ROWS, COLUMNS), "f16") for _ in range(2)]
    with tl.if_(Mask[t] > 0):
        _loop(A, others[0], total, nest.trips, nest)
    for _ in tl.serial(2):
        _loop(A, others[1], total, 2, nest)


def _tile_read_after_the_loop(A, Count, Mask, tile, total, t, nest) -> None:
    _loop(A, tile, total, max(1, nest.trips), nest)
    _add(tile, total)


def _mask_in_a_fragment(A, Count, Mask, tile, total, t, nest) -> None:
    mask = tl.alloc_fragment((TILES,), "i32")
    for i in tl.parallel(TILES):
        mask[i] = Mask[i] + 1
    for k in tl.pipelined(nest.trips, num_stages=nest.num_stages):
        with tl.if_(mask[k] > 1):
            _fetch(A, tile, k)
            _add(tile, total)


def _all(t: int, nest: Nest) -> list[int]:
    return list(range(nest.trips))


def _masked(t: int, nest: Nest) -> list[int]:
    return [k for k in range(nest.trips) if MASK[k]]


SHAPES: list[Shape] = [
    Shape("plain", _plain, _all),
    Shape("outer loop with a dynamic bound", _plain, _all, static=False),
    Shape("count from a table", _count_from_a_table, lambda t, n: list(range(COUNTS[t]))),
    Shape(
        "bounds from the outer loop",
        _bounds_from_the_outer_loop,
        lambda t, n: [k % TILES for k in range(t, t + COUNTS[t] // 2)],
        static=False,
    ),
    Shape("guard around the loop", _guard_around, lambda t, n: _all(t, n) if MASK[t] else []),
    Shape("guards around and inside", _guards_around_and_inside, lambda t, n: _masked(t, n) if t % 3 != 1 else []),
    Shape("guard with two sides", _guard_with_two_sides, lambda t, n: _all(t, n) if MASK[t] else [0, 1]),
    Shape(
        "guard of a shifted iteration",
        _guard_of_a_shifted_iteration,
        lambda t, n: [(k + 1) % TILES for k in range(n.trips) if (k + 1) % 2 == 0],
    ),
    Shape("two loops over one tile", _two_loops_over_one_tile, lambda t, n: [*range(max(1, n.trips)), 0, 1]),
    Shape(
        "two loops one of which may not run",
        _two_loops_one_of_which_may_not_run,
        lambda t, n: [*_all(t, n), *range(COUNTS[t])],
    ),
    Shape("loops of two levels", _loops_of_two_levels, lambda t, n: 2 * _all(t, n) if MASK[t] else []),
    Shape(
        "guards one after the other",
        _guards_one_after_the_other,
        lambda t, n: [*(_all(t, n) if MASK[t] else []), 0, 1, 0, 1],
    ),
    Shape(
        "tile read after the loop",
        _tile_read_after_the_loop,
        lambda t, n: [*range(max(1, n.trips)), max(1, n.trips) - 1],
    ),
    Shape("mask in a fragment", _mask_in_a_fragment, _masked),
]
