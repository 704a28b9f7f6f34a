# TIER: l2_simulator, sim
# RUN: tilewright examples %S --only tables_in_shared_memory
# RUN: tilewright examples %S --only tables_in_shared_memory --target cuda:sm_80
# RUN: tile-run %s --parameter case=address --arg Table=random:0:4 --json - | FileCheck %s
# RUN: tile-run %s --parameter case=gather --arg Table=random:0:4 --json - | FileCheck %s
# RUN: tile-run %s --parameter case=guard --arg Table=random:0:4 --json - | FileCheck %s
# RUN: tile-run %s --parameter case=rounds --arg Table=random:0:4 --json - | FileCheck %s
# RUN: tile-run %s --parameter case=both --arg Table=random:0:4 --json - | FileCheck %s
# RUN: tile-run %s --parameter case=written_in_between --arg Table=random:0:4 --json - | FileCheck %s

# pyright: reportInvalidTypeForm=false
"""Copies whose addresses or guards stand in a table in shared memory: each role has a table of its own."""

# CHECK: warp_specialize
# CHECK: producer of 4 warps, consumer of 4, {{.*}} no register budget: the producer also copies with its threads

from itertools import product
from typing import Any

import numpy as np

import tilewright.language as tl

CASES = ("address", "gather", "guard", "rounds", "both", "written_in_between")
SMOKE = {"case": "address"}
VARIANTS = {
    f"{case}, {s} stages, {t} iterations": {"case": case, "num_stages": s, "trips": t}
    for case, s, t in product(CASES, (1, 2, 3), (0, 1, 4))
}
SIDE, TILES = 16, 4


def build(case: str = "address", num_stages: int = 2, trips: int = 4) -> tl.Kernel:
    """Sums of tiles of A (and of B), which Table chooses."""

    @tl.kernel(threads=128)
    def tables_in_shared_memory(
        A: tl.Tensor((TILES * SIDE, SIDE), "f16"),
        B: tl.Tensor((TILES * SIDE, SIDE), "f16"),
        Table: tl.Tensor((TILES, SIDE), "i32"),
        Sum: tl.Tensor((SIDE, SIDE), "f32"),
    ):
        tl.grid(2)
        a, b = tl.alloc_shared((SIDE, SIDE), "f16"), tl.alloc_shared((SIDE, SIDE), "f16")
        table = tl.alloc_shared((SIDE,), "i32")
        total = tl.alloc_fragment((SIDE, SIDE), "f32")
        tl.fill(total, 0.0)

        def add(tile: Any) -> None:
            for i, j in tl.parallel(SIDE, SIDE):
                total[i, j] = total[i, j] + tl.cast(tile[i, j], "f32")

        def loop() -> None:
            for k in tl.pipelined(trips, num_stages=num_stages):
                index = tl.cast(table[k], "index")
                if case == "gather":
                    tl.copy(B[k * SIDE :, 0:], b)
                    for i, j in tl.parallel(SIDE, SIDE):
                        a[i, j] = A[tl.cast(table[i], "index") * SIDE + i, j]
                    add(b)
                    add(a)
                elif case == "guard":
                    with tl.if_(table[k] == 1):
                        tl.copy(A[k * SIDE :, 0:], a)
                        add(a)
                else:
                    tl.copy(A[index * SIDE :, 0:], a)
                    add(a)
                if case == "both":
                    for i, j in tl.parallel(SIDE, SIDE):
                        total[i, j] = total[i, j] + tl.cast(table[j], "f32")

        if case == "rounds":
            for round_ in tl.serial(TILES):
                tl.copy(Table[round_, 0:], table)
                loop()
        elif case == "written_in_between":
            for i in tl.parallel(SIDE):
                table[i] = Table[0, i]
            loop()
            for i in tl.parallel(SIDE):
                table[i] = 3 - table[i]
            loop()
        else:
            tl.copy(Table[0, 0:], table)
            loop()
        tl.copy(total, Sum[0:, 0:])

    return tables_in_shared_memory


def arguments(random: np.random.Generator, **_: Any) -> dict[str, np.ndarray]:
    return {"Table": random.integers(0, TILES, (TILES, SIDE)).astype(np.int32)}


def reference(arguments: dict[str, np.ndarray], case: str = "address", trips: int = 4, **_: object) -> dict[str, np.ndarray]:
    a = arguments["A"].astype(np.float64).reshape(TILES, SIDE, SIDE)
    b = arguments["B"].astype(np.float64).reshape(TILES, SIDE, SIDE)
    table = arguments["Table"]
    chosen = {"rounds": table, "written_in_between": np.stack([table[0], 3 - table[0]])}.get(case, table[:1])
    total = np.zeros((SIDE, SIDE))
    for row, k in product(chosen, range(trips)):
        if case == "gather":
            total += b[k] + a[row, np.arange(SIDE)]
        elif case == "guard":
            total += a[k] * (row[k] == 1)
        else:
            total += a[row[k]]
        if case == "both":
            total += row[None, :]
    return {"Sum": total}
