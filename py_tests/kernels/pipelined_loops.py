"""Kernels with one hazard each, around a pipelined loop that adds up the tiles of A; with what they compute, by NumPy.

A is six tiles of 16 × 32 side by side. `Sum` gets the sum that the accumulator has at the end, `Last` what is in the tile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import tilewright.language as tl

ROWS, COLUMNS, TILES = 16, 32, 6
INDICES = np.array([3, 1, 4, 1, 5, 0], dtype=np.int32)


@dataclass(frozen=True)
class Loop:
    """Stages asked for, and iterations; `dynamic`: the number of iterations is an argument."""

    num_stages: int
    trips: int
    dynamic: bool


@dataclass(frozen=True)
class Hazard:
    """`build` makes the kernel; `expected` gives Sum and Last from the tiles of A, None for what is not compared."""

    name: str
    build: Callable[[Loop], tl.Kernel]
    expected: Callable[[list[np.ndarray], int], tuple[np.ndarray, np.ndarray | None]]
    least_trips: int = 0


def _kernel(loop: Loop, body: Callable[..., bool]) -> tl.Kernel:
    """A kernel that clears an accumulator, runs `body(A, I, tile, total, trips)`, and writes out the sum; the tile if told."""

    def run(A, I, Sum, Last, trips) -> None:  # noqa: E741
        tl.grid(1)
        tile = tl.alloc_shared((ROWS, COLUMNS), "f16")
        total = tl.alloc_fragment((ROWS, COLUMNS), "f32")
        tl.fill(total, 0.0)
        writes_last = body(A, I, tile, total, trips)
        tl.copy(total, Sum[0:, 0:])
        if writes_last:
            tl.copy(tile, Last[0:, 0:])

    shapes = (tl.Tensor((ROWS, COLUMNS * TILES), "f16"), tl.Tensor((TILES,), "i32"))
    results = (tl.Tensor((ROWS, COLUMNS), "f32"), tl.Tensor((ROWS, COLUMNS), "f16"))
    if loop.dynamic:

        def with_argument(A, I, Sum, Last, trips) -> None:  # noqa: E741
            run(A, I, Sum, Last, trips)

        annotations = dict(zip(("A", "I", "Sum", "Last", "trips"), (*shapes, *results, tl.index), strict=True))
        with_argument.__annotations__ = annotations
        return tl.kernel(threads=128)(with_argument)

    def with_constant(A, I, Sum, Last) -> None:  # noqa: E741
        run(A, I, Sum, Last, loop.trips)

    with_constant.__annotations__ = dict(zip(("A", "I", "Sum", "Last"), (*shapes, *results), strict=True))
    return tl.kernel(threads=128)(with_constant)


def _fetch(A, tile, position) -> None:
    tl.copy(A[0:, position * COLUMNS :], tile)


def _add(tile, total) -> None:
    for i, j in tl.parallel(ROWS, COLUMNS):
        total[i, j] = total[i, j] + tl.cast(tile[i, j], "f32")


def _sum(tiles: list[np.ndarray], taken: list[int]) -> np.ndarray:
    return sum((tiles[i] for i in taken), np.zeros((ROWS, COLUMNS)))


def _plain(loop: Loop, prefilled: bool, written: bool, repeats: int = 1) -> tl.Kernel:
    def body(A, I, tile, total, trips):  # noqa: E741
        if prefilled:
            tl.fill(tile, 1.0)
        for _ in tl.serial(repeats) if repeats > 1 else [0]:
            for k in tl.pipelined(trips, num_stages=loop.num_stages):
                _fetch(A, tile, k)
                _add(tile, total)
        return written

    return _kernel(loop, body)


def _two_loops(loop: Loop) -> tl.Kernel:
    def body(A, I, tile, total, trips):  # noqa: E741
        tl.fill(tile, 1.0)
        for k in tl.pipelined(trips, num_stages=loop.num_stages):
            _fetch(A, tile, k)
            _add(tile, total)
        _add(tile, total)
        for k in tl.pipelined(trips, num_stages=loop.num_stages + 1):
            _fetch(A, tile, k)
            _add(tile, total)
        return True

    return _kernel(loop, body)


def _read_before_write(loop: Loop, after_as_well: bool) -> tl.Kernel:
    def body(A, I, tile, total, trips):  # noqa: E741
        tl.fill(tile, 1.0)
        for k in tl.pipelined(trips, num_stages=loop.num_stages):
            _add(tile, total)
            _fetch(A, tile, k)
            if after_as_well:
                _add(tile, total)
        return True

    return _kernel(loop, body)


def _gather(loop: Loop) -> tl.Kernel:
    def body(A, I, tile, total, trips):  # noqa: E741
        for k in tl.pipelined(trips, num_stages=loop.num_stages):
            _fetch(A, tile, tl.cast(I[k], "index"))
            _add(tile, total)
        return False

    return _kernel(loop, body)


def _guarded(loop: Loop, condition: Callable, written: bool) -> tl.Kernel:
    def body(A, I, tile, total, trips):  # noqa: E741
        tl.fill(tile, 1.0)
        for k in tl.pipelined(trips, num_stages=loop.num_stages):
            with tl.if_(condition(I, k)):
                _fetch(A, tile, k)
                _add(tile, total)
        return written

    return _kernel(loop, body)


def _fetched_twice(loop: Loop) -> tl.Kernel:
    def body(A, I, tile, total, trips):  # noqa: E741
        for k in tl.pipelined(trips, num_stages=loop.num_stages):
            _fetch(A, tile, 0)
            _add(tile, total)
            _fetch(A, tile, k)
            _add(tile, total)
        return False

    return _kernel(loop, body)


def _fetched_in_vain(loop: Loop) -> tl.Kernel:
    def body(A, I, tile, total, trips):  # noqa: E741
        unread = tl.alloc_shared((ROWS, COLUMNS), "f16")
        for k in tl.pipelined(trips, num_stages=loop.num_stages):
            _fetch(A, unread, k)
            _fetch(A, tile, k)
            _add(tile, total)
        return False

    return _kernel(loop, body)


def _read_by_a_later_loop(loop: Loop) -> tl.Kernel:
    def body(A, I, tile, total, trips):  # noqa: E741
        tl.fill(tile, 1.0)
        for k in tl.pipelined(trips, num_stages=loop.num_stages):
            _fetch(A, tile, k)
            _add(tile, total)
        for _ in tl.serial(2):
            _add(tile, total)
        return True

    return _kernel(loop, body)


def _last(tiles: list[np.ndarray], taken: list[int]) -> np.ndarray:
    return tiles[taken[-1]] if taken else np.ones((ROWS, COLUMNS))


def _guard_hazards() -> list[Hazard]:
    conditions: list[tuple[str, Callable, Callable[[int], bool]]] = [
        ("never true", lambda I, k: k > TILES, lambda i: False),  # noqa: E741
        ("true at first", lambda I, k: k < 2, lambda i: i < 2),  # noqa: E741
        ("odd", lambda I, k: k % 2 == 1, lambda i: i % 2 == 1),  # noqa: E741
        ("from a table", lambda I, k: I[k] > 2, lambda i: INDICES[i] > 2),  # noqa: E741
    ]
    found: list[Hazard] = []
    for name, condition, holds in conditions:
        for written in (False, True):
            found.append(
                Hazard(
                    f"guard {name}{', tile read after the loop' if written else ''}",
                    lambda loop, c=condition, w=written: _guarded(loop, c, w),
                    lambda tiles, n, h=holds, w=written: (
                        _sum(tiles, [i for i in range(n) if h(i)]),
                        _last(tiles, [i for i in range(n) if h(i)]) if w else None,
                    ),
                )
            )
    return found


HAZARDS: list[Hazard] = [
    Hazard("sum", lambda loop: _plain(loop, False, False), lambda t, n: (_sum(t, list(range(n))), None)),
    Hazard(
        "tile read after the loop",
        lambda loop: _plain(loop, False, True),
        lambda t, n: (_sum(t, list(range(n))), t[n - 1]),
        least_trips=1,
    ),
    Hazard(
        "tile written before and read after the loop",
        lambda loop: _plain(loop, True, True),
        lambda t, n: (_sum(t, list(range(n))), _last(t, list(range(n)))),
    ),
    Hazard(
        "two loops with different stages over one tile",
        _two_loops,
        lambda t, n: (2 * _sum(t, list(range(n))) + _last(t, list(range(n))), _last(t, list(range(n)))),
    ),
    Hazard(
        "read before the overwrite",
        lambda loop: _read_before_write(loop, False),
        lambda t, n: (_sum(t, list(range(n - 1))) + (1 if n else 0), _last(t, list(range(n)))),
    ),
    Hazard(
        "read before and after the overwrite",
        lambda loop: _read_before_write(loop, True),
        lambda t, n: (_sum(t, list(range(n - 1))) + _sum(t, list(range(n))) + (1 if n else 0), _last(t, list(range(n)))),
    ),
    Hazard("gather", _gather, lambda t, n: (_sum(t, [int(i) for i in INDICES[:n]]), None)),
    Hazard("persistent", lambda loop: _plain(loop, False, False, 3), lambda t, n: (3 * _sum(t, list(range(n))), None)),
    Hazard(
        "persistent, tile read after",
        lambda loop: _plain(loop, True, True, 3),
        lambda t, n: (3 * _sum(t, list(range(n))), _last(t, list(range(n)))),
    ),
    Hazard("two copies into one tile", _fetched_twice, lambda t, n: (_sum(t, [0] * n + list(range(n))), None)),
    Hazard("a copy that nothing reads", _fetched_in_vain, lambda t, n: (_sum(t, list(range(n))), None)),
    Hazard(
        "tile read by a later loop",
        _read_by_a_later_loop,
        lambda t, n: (_sum(t, list(range(n))) + 2 * _last(t, list(range(n))), _last(t, list(range(n)))),
    ),
    *_guard_hazards(),
]
