"""Random kernels around pipelined loops: copies of all kinds, guards, tables, products, reductions, workspaces, inner loops.

    python py_tests/kernels/random_kernels.py FIRST COUNT

runs seeds FIRST to FIRST + COUNT - 1 through the passes, executing every stage, and prints those that went wrong.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import tilewright.language as tl
from tilewright import mlir
from tilewright.diagnostics import DiagnosticSink
from tilewright.language.loading import load_module
from tilewright.machine import machine_for
from tilewright.pipeline.runner import run_pipeline

SIDE, DEPTH, WIDTH = 32, 8, 256
same = load_module(Path(__file__).with_name("same_at_every_stage.py"))
MACHINE = machine_for("cuda:sm_90a")
PASSES = "tile-plan-pipeline{{strategy={}}},tile-inject-software-pipeline,tile-specialize-warps,tile-infer-layout"


class KernelWriter:
    """Writes one random kernel while it is traced; the same seed writes the same kernel."""

    A: Any
    W: Any
    C: Any
    I: Any  # noqa: E741
    n: Any
    fragments: list[Any]
    row: Any
    tiles: list[Any]

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.filled = self.random.random() < 0.6
        self.threads = self.random.choice([32, 128, 256])

    def kernel(self) -> tl.Kernel:
        def body(A, W, C, I, n) -> None:  # noqa: E741
            tl.grid(1)
            self.A, self.W, self.C, self.I, self.n = A, W, C, I, n
            self.fragments = [tl.alloc_fragment((SIDE, SIDE), "f32") for _ in range(2)]
            self.row = tl.alloc_fragment((SIDE,), "f32")
            for fragment in (*self.fragments, self.row):
                tl.fill(fragment, 0.5)
            self.tiles = []
            for _ in range(self.random.randint(1, 3)):
                if not self.tiles or self.random.random() < 0.5:
                    self.tiles = [tl.alloc_shared((SIDE, SIDE), "f16") for _ in range(2)]
                    for tile in self.tiles if self.filled else []:
                        tl.fill(tile, 1.0)
                self.loop(0)
            for _ in range(self.random.randint(0, 2)):
                self.statement(None, 2)
            for i, j in tl.parallel(SIDE, SIDE):
                C[i, j] = C[i, j] + self.fragments[0][i, j] + self.fragments[1][i, j]

        tensors = [tl.Tensor((SIDE * 2, WIDTH), "f16"), tl.Tensor((SIDE * 2, SIDE * 2), "f16"), tl.Tensor((SIDE, SIDE), "f32")]
        body.__annotations__ = dict(zip("AWCIn", [*tensors, tl.Tensor((2 * DEPTH,), "i32"), tl.index], strict=True))
        return tl.kernel(threads=self.threads)(body)

    def loop(self, depth: int) -> None:
        start = self.random.choice([0, 0, 0, 1, 2])
        stop = self.random.choice([self.n, self.n, 3, 7, 1])
        stages = self.random.choice([1, 2, 3, 4, 6])
        for k in tl.pipelined(start, stop, num_stages=stages):
            for tile in self.random.sample(self.tiles, self.random.randint(1, 2)):
                tl.copy(self.A[0:, self.position(k) * SIDE :], tile)
            for _ in range(self.random.randint(1, 4)):
                if depth == 0 and self.random.random() < 0.1:
                    self.loop(1)
                else:
                    self.statement(k, depth)

    def position(self, k: Any) -> Any:
        kind = self.random.random()
        if k is None or kind < 0.1:
            return self.random.randint(0, 2)
        return tl.cast(self.I[k], "index") if kind < 0.35 else k

    def statement(self, k: Any, depth: int) -> None:
        plain: list[Callable[[Any], None]] = [self.add, self.add, self.product, self.product, self.reduce, self.subtract]
        plain += [
            self.fetch,
            self.fetch_half,
            self.fetch_window,
            self.fill,
            self.move,
            self.write_back,
            self.workspace,
            self.atomic,
        ]
        nested: list[Callable[[Any, int], None]] = [self.guard, self.guard, self.inner_loop]
        if depth < 2 and k is not None and self.random.random() < 0.25:
            self.random.choice(nested)(k, depth)
        else:
            self.random.choice(plain)(k)

    def add(self, k: Any) -> None:
        fragment, tile = self.random.choice(self.fragments), self.random.choice(self.tiles)
        transposed = self.random.random() < 0.3
        for i, j in tl.parallel(SIDE, SIDE):
            element = tile[j, i] if transposed else tile[i, j]
            fragment[i, j] = fragment[i, j] + tl.cast(element, "f32")

    def product(self, k: Any) -> None:
        a, b = self.random.choice([False, True]), self.random.choice([False, True])
        tl.gemm(self.tiles[0], self.random.choice(self.tiles), self.fragments[0], transpose_a=a, transpose_b=b)

    def reduce(self, k: Any) -> None:
        tl.reduce(self.random.choice(self.fragments), self.row, op="max", axis=self.random.choice([0, 1]), clear=False)

    def subtract(self, k: Any) -> None:
        fragment, along_rows = self.random.choice(self.fragments), self.random.random() < 0.5
        for i, j in tl.parallel(SIDE, SIDE):
            fragment[i, j] = fragment[i, j] - (self.row[i] if along_rows else self.row[j])

    def fetch(self, k: Any) -> None:
        tl.copy(self.A[0:, self.position(k) * SIDE :], self.random.choice(self.tiles))

    def fetch_half(self, k: Any) -> None:
        start, tile = self.random.choice([0, SIDE // 2]), self.random.choice(self.tiles)
        column = self.position(k) * SIDE
        tl.copy(self.A.window((0, column), (SIDE // 2, SIDE)), tile.window((start, 0), (SIDE // 2, SIDE)))

    def fetch_window(self, k: Any) -> None:
        position = self.position(k)
        tl.copy_in(self.A[position * 24 :, position * 40 :], self.random.choice(self.tiles), pad=self.random.choice([0.0, 1.0]))

    def fill(self, k: Any) -> None:
        tl.fill(self.random.choice([*self.tiles, *self.fragments]), 0.25)

    def move(self, k: Any) -> None:
        tl.copy(self.tiles[0], self.tiles[1])

    def write_back(self, k: Any) -> None:
        tl.copy(self.random.choice(self.fragments), self.random.choice(self.tiles))

    def workspace(self, k: Any) -> None:
        rows, tile = self.random.choice([0, SIDE]), self.random.choice(self.tiles)
        window = self.W.window((rows, 0), (SIDE, SIDE))
        if self.random.random() < 0.5:
            tl.copy(tile, window)
        else:
            tl.copy(window, tile)

    def atomic(self, k: Any) -> None:
        fragment = self.random.choice(self.fragments)
        for i, j in tl.parallel(SIDE, SIDE):
            tl.atomic_add(self.C, (i, j), fragment[i, j])

    def guard(self, k: Any, depth: int) -> None:
        kind = self.random.randint(0, 2)
        condition = k < 3 if kind == 0 else k % 2 == 1 if kind == 1 else self.I[k] > 2
        with tl.if_(condition):
            for _ in range(self.random.randint(1, 3)):
                self.statement(k, depth + 1)
        if self.random.random() < 0.2:
            with tl.else_():
                self.statement(k, depth + 1)

    def inner_loop(self, k: Any, depth: int) -> None:
        for t in tl.serial(self.random.choice([0, 2])):
            self.statement(t, depth + 1)


def run(seed: int, strategy: str) -> Any:
    """One kernel through the four passes: the watcher of its stages. Raises what a pass raises."""
    values = np.random.default_rng(seed)
    arguments: list[Any] = [values.uniform(-1, 1, (2 * SIDE, WIDTH)).astype(np.float16)]
    arguments += [values.uniform(-1, 1, (2 * SIDE, 2 * SIDE)).astype(np.float16), np.zeros((SIDE, SIDE), np.float32)]
    arguments += [values.integers(0, DEPTH - 1, 2 * DEPTH).astype(np.int32), int(values.integers(0, DEPTH))]
    watcher = same.SameAtEveryStage(arguments, MACHINE)
    with mlir.context(DiagnosticSink()) as sink:
        module = KernelWriter(seed).kernel().module()
        run_pipeline(module.operation, f"builtin.module({PASSES.format(strategy)})", MACHINE, sink, [watcher])
    return watcher


def main() -> int:
    first, count = int(sys.argv[1]), int(sys.argv[2])
    wrong = used = 0
    for seed in range(first, first + count):
        for strategy in ("auto", "async"):
            outcome = run(seed, strategy)
            used += outcome.clean_input
            if outcome.wrong:
                wrong += 1
                print(f"seed {seed}, {strategy}: {outcome.wrong[0]}")
    print(f"{used} runs of {2 * count} had a clean input form; {wrong} went wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
