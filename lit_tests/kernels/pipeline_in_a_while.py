# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only pipeline_in_a_while
# RUN: tilewright examples %S --only pipeline_in_a_while --target cuda:sm_80
# RUN: tilewright examples %S --only pipeline_in_a_while --pass-pipeline=%async-pipeline
# RUN: tile-run %s --simulate-each --json - --target cuda:sm_90a --arg parts=3 | FileCheck %s

# pyright: reportInvalidTypeForm=false
"""A pipelined loop in a while loop is specialized: the number of its iterations goes round with the while loop."""

# CHECK: warp_specialize, stages
# CHECK: producer of 4 warps
# CHECK: "ok": true

import numpy as np

import tilewright.language as tl

SMOKE = {"num_stages": 3, "trips": 5}
VARIANTS = {f"{s} stages, {t} iterations": {"num_stages": s, "trips": t} for s in (1, 2, 3, 4) for t in (0, 1, 2, 3, 5)}
VARIANTS |= {
    f"{kind}, {s} stages": {"num_stages": s, "trips": 4, kind: True}
    for kind in ("guarded", "preloaded", "by_hand", "dynamic", "shared")
    for s in (1, 2, 3)
}
TILES, SIDE, PARTS = 6, 32, 3


def build(
    num_stages: int = 3,
    trips: int = 5,
    *,
    guarded: bool = False,
    preloaded: bool = False,
    by_hand: bool = False,
    dynamic: bool = False,
    shared: bool = False,
) -> tl.Kernel:
    """Tile p of C is the product over `trips` steps that begin at step p; the number of tiles is known at launch.

    `guarded`: the loop runs for even p. `preloaded`: a tile is copied before the loop as well. `by_hand`: on a barrier of the
    user's. `dynamic`: it has p steps more. `shared`: the counter is in shared memory, which a producer cannot keep too.
    """

    @tl.kernel(threads=128)
    def pipeline_in_a_while(
        A: tl.Tensor((SIDE, SIDE * (TILES + PARTS)), "f16"),
        B: tl.Tensor((SIDE * (TILES + PARTS), SIDE), "f16"),
        C: tl.Tensor((PARTS * SIDE, SIDE), "f32"),
        parts: tl.i32,
    ):
        tl.grid(1)
        a, b, q = (tl.alloc_shared((SIDE, SIDE), "f16") for _ in range(3))
        total = tl.alloc_fragment((SIDE, SIDE), "f32")
        part = tl.alloc_shared((1,), "i32") if shared else tl.alloc_fragment((1,), "i32")
        barrier = tl.mbarrier(arrivals=1) if by_hand else None
        part[0] = 0

        def multiply(first) -> None:
            for k in tl.pipelined(trips + (first if dynamic else 0), num_stages=num_stages):
                if barrier is None:
                    tl.copy(A[0:, (first + k) * SIDE :], a)
                else:
                    barrier.expect(a)
                    tl.async_copy(A[0:, (first + k) * SIDE :], a, barrier=barrier)
                    barrier.arrive(elect=True)
                    barrier.wait(parity=(first * trips + k) % 2)
                tl.copy(B[(first + k) * SIDE :, 0:], b)
                tl.gemm(a, b, total)
                if preloaded:
                    tl.gemm(q, b, total)

        with tl.while_(lambda: part[0] < parts):
            tl.fill(total, 0.0)
            first = tl.cast(part[0], "index")
            if preloaded:
                tl.copy(A[0:, first * SIDE :], q)
            if guarded:
                with tl.if_(first % 2 == 0):
                    multiply(first)
            else:
                multiply(first)
            tl.copy(total, C[first * SIDE :, 0:])
            part[0] = part[0] + 1

    return pipeline_in_a_while


def arguments(random: np.random.Generator, **_: object) -> dict[str, int]:
    return {"parts": PARTS}


def reference(arguments: dict[str, np.ndarray], trips: int, **options: object) -> dict[str, np.ndarray]:
    a, b = arguments["A"].astype(np.float64), arguments["B"].astype(np.float64)
    c = np.zeros((PARTS * SIDE, SIDE))
    for p in range(PARTS):
        for step in range(p, p + trips + (p if options.get("dynamic") else 0)):
            at, rows = slice(step * SIDE, (step + 1) * SIDE), slice(p * SIDE, (p + 1) * SIDE)
            if not (options.get("guarded") and p % 2):
                c[rows] += a[:, at] @ b[at]
                c[rows] += a[:, rows] @ b[at] if options.get("preloaded") else 0.0
    return {"C": c}
