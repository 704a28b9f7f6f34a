# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only preloads
# RUN: tilewright examples %S --only preloads --target cuda:sm_80

# pyright: reportInvalidTypeForm=false
"""Tiles that are loaded before the loop, by the producer: once, in each round of outer loops, under guards, over an edge."""

from itertools import product

import numpy as np

import tilewright.language as tl

CASES = ("once", "rounds", "nested", "guarded", "edge", "late", "two", "after_only", "between")
SMOKE = {"case": "two"}
VARIANTS = {
    f"{case}, {s} stages, {t} iterations": {"case": case, "num_stages": s, "trips": t}
    for case, s, t in product(CASES, (1, 2, 3), (0, 1, 4))
}
SIDE, TILES = 16, 4


def build(case: str = "once", num_stages: int = 2, trips: int = 4) -> tl.Kernel:
    """For each round the sum over k of Q[round] + K[k], and of a bias."""

    @tl.kernel(threads=128)
    def preloads(
        Q: tl.Tensor((TILES * SIDE - 6, SIDE), "f16"),
        K: tl.Tensor((TILES * SIDE, SIDE), "f16"),
        Bias: tl.Tensor((TILES * SIDE,), "f16"),
        Out: tl.Tensor((TILES * SIDE, SIDE), "f32"),
    ):
        tl.grid(2)
        q, k = tl.alloc_shared((SIDE, SIDE), "f16"), tl.alloc_shared((SIDE, SIDE), "f16")
        bias = tl.alloc_shared((SIDE,), "f16")
        total = tl.alloc_fragment((SIDE, SIDE), "f32")

        def load(index: tl.Scalar | int) -> None:
            if case == "edge":
                tl.copy_in(Q[index * SIDE :, 0:], q)
            else:
                tl.copy(Q[index * SIDE :, 0:], q)

        def add() -> None:
            for i, j in tl.parallel(SIDE, SIDE):
                total[i, j] = total[i, j] + tl.cast(q[i, j], "f32")

        def loop() -> None:
            for step in tl.pipelined(trips, num_stages=num_stages):
                tl.copy(K[step * SIDE :, 0:], k)
                for i, j in tl.parallel(SIDE, SIDE):
                    total[i, j] = total[i, j] + tl.cast(k[i, j], "f32")
                if case not in ("after_only", "late"):
                    add()
                if case == "late":
                    with tl.if_(step % 2 == 1):
                        add()

        def round_of(index: tl.Scalar | int) -> None:
            load(index)
            if case == "two":
                tl.copy(Bias[index * SIDE :], bias)
            tl.fill(total, 0.0)
            if case == "between":
                loop()
            loop()
            if case in ("two", "after_only", "late"):
                add()
            if case == "two":
                for i, j in tl.parallel(SIDE, SIDE):
                    total[i, j] = total[i, j] + tl.cast(bias[j], "f32")
            tl.copy(total, Out[index * SIDE :, 0:])

        if case == "once":
            round_of(0)
        elif case == "nested":
            for outer in tl.serial(2):
                for inner in tl.serial(outer + 1):
                    round_of(outer + inner)
        elif case == "guarded":
            for index in tl.serial(TILES - 1):
                with tl.if_(index != 1):
                    round_of(index)
        elif case == "edge":
            for index in tl.serial(TILES):
                round_of(index)
        else:
            for index in tl.serial(TILES - 1):
                round_of(index)

    return preloads


def reference(arguments: dict[str, np.ndarray], case: str = "once", trips: int = 4, **_: object) -> dict[str, np.ndarray]:
    q = np.zeros((TILES * SIDE, SIDE))
    q[: TILES * SIDE - 6] = arguments["Q"]
    k = arguments["K"].astype(np.float64).reshape(TILES, SIDE, SIDE)
    out = arguments["Out"].astype(np.float64).reshape(TILES, SIDE, SIDE).copy()
    rounds = {"once": [0], "nested": [0, 1, 2], "guarded": [0, 2], "edge": [0, 1, 2, 3]}.get(case, [0, 1, 2])
    times = {"after_only": 1, "late": 1 + trips // 2, "two": trips + 1, "between": 2 * trips}.get(case, trips)
    for index in rounds:
        out[index] = (2 if case == "between" else 1) * k[:trips].sum(0) + times * q.reshape(TILES, SIDE, SIDE)[index]
        if case == "two":
            out[index] += arguments["Bias"].astype(np.float64).reshape(TILES, SIDE)[index]
    return {"Out": out.reshape(TILES * SIDE, SIDE)}
