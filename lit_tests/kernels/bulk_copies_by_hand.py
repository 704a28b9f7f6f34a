# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only bulk_copies_by_hand
# RUN: tilewright examples %S --only bulk_copies_by_hand --target cuda:sm_80
# RUN: tilewright examples %S --only bulk_copies_by_hand --pass-pipeline=%async-pipeline
# RUN: tilewright examples %S --only bulk_copies_by_hand --pass-pipeline=%async_pipeline

# pyright: reportInvalidTypeForm=false
"""Bulk copies that the user signals on mbarriers of their own run ahead: the barriers are replicated, with their phases."""

import numpy as np

import tilewright.language as tl

SMOKE = {"num_stages": 3, "trips": 5, "outer": 2}
_TRIPS = [(s, t) for s in (1, 2, 3, 4) for t in (0, 1, 2, 3, 5, 6)]
VARIANTS = {f"{s} stages, {t} iterations": {"num_stages": s, "trips": t, "outer": 3} for s, t in _TRIPS}
VARIANTS |= {f"not nested, {s} stages, {t} iterations": {"num_stages": s, "trips": t, "outer": 0} for s, t in _TRIPS}
VARIANTS |= {
    "dynamic, from 2 on": {"num_stages": 3, "trips": 5, "outer": 3, "dynamic": True, "first": 2},
    "dynamic, not nested": {"num_stages": 2, "trips": 3, "outer": 0, "dynamic": True, "first": 1},
    "dynamic, no iteration": {"num_stages": 3, "trips": 0, "outer": 2, "dynamic": True, "first": 1},
    "from 2 on": {"num_stages": 3, "trips": 4, "outer": 3, "first": 2},
    "under a guard": {"num_stages": 3, "trips": 5, "outer": 4, "guard": True},
    "two barriers in one ring": {"num_stages": 3, "trips": 5, "outer": 3, "stages": 2},
    "all threads arrive": {"num_stages": 3, "trips": 5, "outer": 2, "elect": False},
    "a plain copy beside it": {"num_stages": 3, "trips": 5, "outer": 2, "plain": True},
    "a plain copy beside it, not nested": {"num_stages": 2, "trips": 4, "outer": 0, "plain": True},
}
TILES, SIDE, THREADS = 9, 32, 128


def build(
    num_stages: int,
    trips: int,
    outer: int,
    *,
    dynamic: bool = False,
    first: int = 0,
    guard: bool = False,
    stages: int = 1,
    elect: bool = True,
    plain: bool = False,
) -> tl.Kernel:
    """C is the sum over `outer` rounds of A @ B by `trips` tiles from `first` on; each tile has a barrier of the user's."""

    def run(A, B, C, trip_count) -> None:
        tl.grid(1)
        a, b = tl.alloc_shared((SIDE, SIDE), "f16"), tl.alloc_shared((SIDE, SIDE), "f16")
        total = tl.alloc_fragment((SIDE, SIDE), "f32")
        barrier = tl.mbarrier(arrivals=1 if elect else THREADS, stages=stages)
        tl.fill(total, 0.0)

        def fetch(k, phase) -> None:
            barrier.expect(a)
            tl.async_copy(A[0:, k * SIDE :], a, barrier=barrier)
            if not plain and stages == 1:
                barrier.expect(b)
                tl.async_copy(B[k * SIDE :, 0:], b, barrier=barrier)
            barrier.arrive(elect=elect)
            if stages > 1:
                barrier.expect(b, stage=1)
                barrier.arrive(stage=1, elect=elect)
                tl.async_copy(B[k * SIDE :, 0:], b, barrier=barrier, stage=1)
            if plain:
                tl.copy(B[k * SIDE :, 0:], b)
            barrier.wait(parity=phase % 2)
            if stages > 1:
                barrier.wait(stage=1, parity=phase % 2)
            tl.gemm(a, b, total)

        def rounds(t) -> None:
            for k in tl.pipelined(first, first + trip_count, num_stages=num_stages):
                fetch(k, t * trip_count + k - first)

        if outer == 0:
            rounds(0)
        else:
            for t in tl.serial(outer):
                if guard:
                    with tl.if_(t % 2 == 1):
                        rounds(t // 2)
                else:
                    rounds(t)
        tl.copy(total, C[0:, 0:])

    types = {
        "A": tl.Tensor((SIDE, SIDE * TILES), "f16"),
        "B": tl.Tensor((SIDE * TILES, SIDE), "f16"),
        "C": tl.Tensor((SIDE, SIDE), "f32"),
    }

    def bulk_copies_by_hand(A, B, C) -> None:
        run(A, B, C, trips)

    def with_dynamic_bounds(A, B, C, count) -> None:
        run(A, B, C, count)

    kernel = with_dynamic_bounds if dynamic else bulk_copies_by_hand
    kernel.__annotations__ = types | ({"count": tl.index} if dynamic else {})
    return tl.kernel(threads=THREADS)(kernel)


def arguments(random: np.random.Generator, trips: int, dynamic: bool = False, **_: object) -> dict[str, int]:
    return {"count": trips} if dynamic else {}


def reference(
    arguments: dict[str, np.ndarray], trips: int, outer: int, first: int = 0, guard: bool = False, **_: object
) -> dict[str, np.ndarray]:
    a, b = arguments["A"].astype(np.float64), arguments["B"].astype(np.float64)
    taken = slice(first * SIDE, (first + trips) * SIDE)
    return {"C": (outer // 2 if guard else max(outer, 1)) * (a[:, taken] @ b[taken])}
