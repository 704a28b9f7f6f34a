# pyright: reportInvalidTypeForm=false
"""The positions of the k largest in a part of each row, in no order: a radix selection, eight bits of the value at a time.

An f32 becomes a key whose order as a number without sign is that of the values. Each round counts how many keys, of those
that begin as the k-th largest does, go on with each byte, and finds the byte of the k-th. After four rounds that key is
known; a last pass takes what is above it, and of what is equal as much as is missing. Where a row has fewer than k, the rest
is -1.
"""

from typing import Any

import numpy as np

import tilewright.language as tl

SMOKE = {"rows": 2, "columns": 200, "k": 20, "block": 64}
FULL = {"rows": 64, "columns": 32768, "k": 2048, "block": 1024}
VARIANTS = {
    "equal elements": {"distinct": 4},
    "fewer than k": {"k": 190, "columns": 192, "block": 48},
    "one": {"k": 1, "num_stages": 3},
}
BINS = 256
ROUNDS = 4
TOP = -(1 << 31)


def build(
    rows: int = 2,
    columns: int = 512,
    k: int = 32,
    block: int = 128,
    num_stages: int = 2,
    distinct: int = 0,
    threads: int = 128,
) -> tl.Kernel:
    """The kernel; row r is looked at from Starts[r] to Ends[r].

    `arguments` draws from `distinct` values, where that is not 0.
    """
    del distinct

    @tl.kernel(threads=threads)
    def topk_selector(
        X: tl.Tensor((rows, columns), tl.f32),
        Starts: tl.Tensor((rows,), tl.i32),
        Ends: tl.Tensor((rows,), tl.i32),
        Positions: tl.Tensor((rows, k), tl.i32),
    ):
        row = tl.grid(rows)
        counts = tl.alloc_shared((BINS,), tl.i32)
        # How many keys go on with a byte of at least b: two buffers, as a step of the sum reads what another thread writes.
        at_least = [tl.alloc_shared((BINS + 1,), tl.i32) for _ in range(2)]
        prefix = tl.alloc_shared((1,), tl.i32)
        missing = tl.alloc_shared((1,), tl.i32)
        byte = tl.alloc_shared((1,), tl.i32)
        taken = tl.alloc_shared((2,), tl.i32)

        def over_row(visit: Any) -> None:
            tile = tl.alloc_shared((block,), tl.f32)
            for step in tl.pipelined(tl.cdiv(columns, block), num_stages=num_stages):
                tl.copy_in(X[row, step * block :], tile)
                for i in tl.parallel(block):
                    position = tl.cast(step * block + i, tl.i32)
                    with tl.if_((position >= Starts[row]) & (position < Ends[row])):
                        bits = tl.bitcast(tile[i], tl.i32)
                        visit(position, bits ^ (bits >> 31 & 0x7FFFFFFF))

        def count(round: Any) -> None:
            known = tl.cast(round * 8, tl.i32)

            def visit(_: Any, key: Any) -> None:
                above = tl.where(known == 0, tl.cast(0, tl.i32), (key ^ TOP) >> (32 - known) % 32 & (1 << known) - 1)
                with tl.if_(above == prefix[0]):
                    tl.atomic_add(counts, (tl.cast((key ^ TOP) >> (24 - known) & 255, tl.index),), 1)

            over_row(visit)

        def take(position: Any, key: Any) -> None:
            with tl.if_(key > (prefix[0] ^ TOP)):
                Positions[row, tl.cast(tl.atomic_add(taken, (0,), 1), tl.index)] = position
            with tl.if_(key == (prefix[0] ^ TOP)):
                place = tl.atomic_add(taken, (1,), 1)
                with tl.if_(place < missing[0]):
                    Positions[row, tl.cast(k - missing[0] + place, tl.index)] = position

        for i in tl.parallel(k):
            Positions[row, i] = -1
        tl.fill(prefix, 0)
        tl.fill(missing, k)
        tl.fill(taken, 0)
        for round in tl.serial(ROUNDS):
            tl.fill(counts, 0)
            count(round)
            tl.fill(at_least[0], 0)
            tl.copy(counts, at_least[0][0:BINS])
            for step in range(8):
                source, target = at_least[step % 2], at_least[1 - step % 2]
                for b in tl.parallel(BINS + 1):
                    with tl.if_(b + (1 << step) <= BINS):
                        target[b] = source[b] + source[b + (1 << step)]
                    with tl.else_():
                        target[b] = source[b]
            tl.fill(byte, 0)
            for b in tl.parallel(BINS):
                with tl.if_((at_least[0][b] >= missing[0]) & (at_least[0][b + 1] < missing[0])):
                    byte[0] = tl.cast(b, tl.i32)
            prefix[0] = (prefix[0] << 8) | byte[0]
            missing[0] = missing[0] - at_least[0][tl.cast(byte[0], tl.index) + 1]
        over_row(take)

    return topk_selector


def arguments(random: np.random.Generator, rows: int, columns: int, distinct: int, **_: object) -> dict[str, np.ndarray]:
    drawn = random.integers(-2, distinct - 2, (rows, columns)) if distinct else random.normal(0, 1, (rows, columns))
    starts = random.integers(0, columns // 8, rows)
    ends = columns - random.integers(0, columns // 8, rows)
    return {"X": drawn.astype(np.float32), "Starts": starts.astype(np.int32), "Ends": ends.astype(np.int32)}


def reference(arguments: dict[str, np.ndarray], **_: object) -> dict[str, np.ndarray]:
    """Those above the k-th largest in the order of the row, then the first of those equal to it: as blocks run in order."""
    positions: np.ndarray = np.full(arguments["Positions"].shape, -1)
    for row, (x, start, end) in enumerate(zip(arguments["X"], arguments["Starts"], arguments["Ends"], strict=True)):
        part = x[start:end]
        wanted = min(positions.shape[1], len(part))
        kth = np.sort(part)[len(part) - wanted]
        above, equal = np.nonzero(part > kth)[0], np.nonzero(part == kth)[0]
        taken = np.concatenate([above, equal[: wanted - len(above)]])
        chosen = taken if len(part) >= positions.shape[1] else np.arange(wanted)
        positions[row, :wanted] = start + chosen
    return {"Positions": positions}
