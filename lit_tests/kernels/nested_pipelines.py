# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only nested_pipelines
# RUN: tilewright examples %S --only nested_pipelines --target cuda:sm_80
# RUN: tilewright examples %S --only nested_pipelines --pass-pipeline=%async-pipeline
# RUN: tilewright examples %S --only nested_pipelines --pass-pipeline=%async_pipeline

# pyright: reportInvalidTypeForm=false
"""A pipelined loop in another pipelined loop, both with copies of their own, of different numbers of stages."""

import numpy as np

import tilewright.language as tl

SMOKE = {"outer_stages": 2, "inner_stages": 3, "outer": 3, "inner": 4}
_STAGES = ((1, 1), (1, 3), (2, 1), (2, 2), (2, 3), (3, 2), (4, 3))
_TRIPS = ((0, 2), (1, 0), (1, 1), (2, 3), (3, 1), (5, 4))
VARIANTS = {
    f"{a} and {b} stages, {m} times {n} iterations": {"outer_stages": a, "inner_stages": b, "outer": m, "inner": n}
    for a, b in _STAGES
    for m, n in _TRIPS
}
VARIANTS |= {
    f"{kind}, {name}": values | {kind: True}
    for kind in ("dynamic", "scaled", "guarded", "serial", "twice", "outer_by_hand", "inner_by_hand")
    for name, values in {
        "2 and 3 stages": {"outer_stages": 2, "inner_stages": 3, "outer": 5, "inner": 4},
        "3 and 2 stages": {"outer_stages": 3, "inner_stages": 2, "outer": 3, "inner": 1},
        "no inner iteration": {"outer_stages": 2, "inner_stages": 2, "outer": 3, "inner": 0},
    }.items()
}
SIDE, ROUNDS, TILES = 32, 5, 5


def build(
    outer_stages: int,
    inner_stages: int,
    outer: int,
    inner: int,
    *,
    dynamic: bool = False,
    scaled: bool = False,
    guarded: bool = False,
    serial: bool = False,
    twice: bool = False,
    outer_by_hand: bool = False,
    inner_by_hand: bool = False,
) -> tl.Kernel:
    """C is the sum over m of A_m times the sum over n of B_n; A_m comes by the outer loop, B_n by the inner one.

    `scaled`: the outer loop brings a row of factors as well. `guarded`: the inner loop runs for even m. `serial`: in two parts.
    `twice`: there are two inner loops. `outer_by_hand`, `inner_by_hand`: a loop's copies are on a barrier of the user's; an
    inner loop needs it replicated, and then has its pipeline alone.
    """

    def run(A, B, S, C, outer_trips, inner_trips) -> None:
        tl.grid(1)
        a, b = tl.alloc_shared((SIDE, SIDE), "f16"), tl.alloc_shared((SIDE, SIDE), "f16")
        factors = tl.alloc_shared((SIDE,), "f32")
        part, total = tl.alloc_fragment((SIDE, SIDE), "f32"), tl.alloc_fragment((SIDE, SIDE), "f32")
        of_outer = tl.mbarrier(arrivals=1) if outer_by_hand else None
        of_inner = tl.mbarrier(arrivals=1) if inner_by_hand else None
        tl.fill(total, 0.0)

        def bring(window, tile, barrier, number) -> None:
            if barrier is None:
                tl.copy(window, tile)
            else:
                barrier.expect(tile)
                tl.async_copy(window, tile, barrier=barrier)
                barrier.arrive(elect=True)
                barrier.wait(parity=number % 2)

        def multiply(m) -> None:
            for n in tl.pipelined(inner_trips, num_stages=inner_stages):
                bring(B[0:, n * SIDE :], b, of_inner, m * inner_trips + n)
                tl.gemm(a, b, part)

        for m in tl.pipelined(outer_trips, num_stages=outer_stages):
            bring(A[0:, m * SIDE :], a, of_outer, m)
            if scaled:
                tl.copy(S[m, 0:], factors)
            tl.fill(part, 0.0)
            if guarded:
                with tl.if_(m % 2 == 0):
                    multiply(m)
            elif serial:
                for _ in tl.serial(2):
                    multiply(m)
            else:
                multiply(m)
            if twice:
                multiply(m)
            for i, j in tl.parallel(SIDE, SIDE):
                total[i, j] = total[i, j] + (part[i, j] * factors[j] if scaled else part[i, j])
        tl.copy(total, C[0:, 0:])

    types = {
        "A": tl.Tensor((SIDE, SIDE * ROUNDS), "f16"),
        "B": tl.Tensor((SIDE, SIDE * TILES), "f16"),
        "S": tl.Tensor((ROUNDS, SIDE), "f32"),
        "C": tl.Tensor((SIDE, SIDE), "f32"),
    }

    def nested_pipelines(A, B, S, C) -> None:
        run(A, B, S, C, outer, inner)

    def with_dynamic_bounds(A, B, S, C, rounds, count) -> None:
        run(A, B, S, C, rounds, count)

    kernel = with_dynamic_bounds if dynamic else nested_pipelines
    kernel.__annotations__ = types | ({"rounds": tl.index, "count": tl.index} if dynamic else {})
    return tl.kernel(threads=128)(kernel)


def arguments(random: np.random.Generator, outer: int, inner: int, dynamic: bool = False, **_: object) -> dict[str, int]:
    return {"rounds": outer, "count": inner} if dynamic else {}


def reference(arguments: dict[str, np.ndarray], outer: int, inner: int, **options: object) -> dict[str, np.ndarray]:
    a, b, s = (arguments[name].astype(np.float64) for name in ("A", "B", "S"))
    c = np.zeros((SIDE, SIDE))
    for m in range(outer):
        times = (1 if m % 2 == 0 or not options.get("guarded") else 0) * (2 if options.get("serial") else 1)
        times += 1 if options.get("twice") else 0
        part = sum((a[:, m * SIDE : (m + 1) * SIDE] @ b[:, n * SIDE : (n + 1) * SIDE] for n in range(inner)), 0.0 * c)
        c += times * part * (s[m] if options.get("scaled") else 1.0)
    return {"C": c}
