"""The figures of the four passes: their time on every kernel of the zoo, and how it grows with a kernel.

    python benchmarks/passes.py [--only NAME …] [--target NAME] [--profile NAME] [--no-growth]

Times are medians over warm runs in this process, of CPU time: on an idle machine that is the time that passes. Prints one line
a file of kernels, for the slowest of its kernels and variants, then the growth; exit code 1 where a limit is missed.
`--profile` prints where the time of one kernel goes.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tilewright.language as tl
from tilewright import mlir
from tilewright.backends.registry import find_target
from tilewright.language.loading import load_module
from tilewright.pipeline.runner import run_pipeline
from tilewright_tools.examples import example_files, kernels_of

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
WARM_RUNS = 7
LIMITS = {"gemm": 0.025, "attention": 0.050}
ZOO_LIMIT = 0.150
GROWTH, GROWTH_LIMIT = 10, 12.0
# Large enough that what a pipeline costs on any kernel does not flatter the ratio.
FEW_STATEMENTS, FEW_LOOPS = 10, 3


@dataclass(frozen=True)
class Figure:
    name: str
    value: float
    limit: float | None
    unit: str = "ms"

    @property
    def missed(self) -> bool:
        return self.limit is not None and self.value > self.limit

    def __str__(self) -> str:
        limit = "" if self.limit is None else f", at most {self.limit:.0f}"
        return f"{self.name:65} {self.value:9.1f} {self.unit}{limit}{'  MISSED' if self.missed else ''}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="only these kernels of examples/")
    parser.add_argument("--target", default="cuda:sm_90a")
    parser.add_argument("--profile", metavar="NAME", help="a kernel of examples/, 'statements' or 'loops'")
    parser.add_argument("--no-growth", action="store_true", help="leave the growth out")
    options = parser.parse_args()
    if options.profile:
        print_profile(options.profile, options.target)
        return 0
    missed = False
    for figure in figures(options.only, options.target, growth=not options.no_growth):
        print(figure, flush=True)
        missed = missed or figure.missed
    return 1 if missed else 0


def figures(only: list[str], target: str, *, growth: bool) -> Iterator[Figure]:
    for path in example_files(EXAMPLES, only):
        times = [(pass_seconds(kernel, target), name) for name, kernel in zoo_kernels(path)]
        seconds, name = max(times)
        yield Figure(f"four passes, {name}, slowest of {len(times)}", 1000 * seconds, 1000 * LIMITS.get(path.stem, ZOO_LIMIT))
    if growth:
        yield from growth_figures("statements in one pipelined loop", FEW_STATEMENTS, many_statements, target)
        yield from growth_figures("pipelined loops", FEW_LOOPS, many_loops, target)


def growth_figures(what: str, few: int, build: Callable[[int], Any], target: str) -> Iterator[Figure]:
    times = [pass_seconds(build(count), target) for count in (few, GROWTH * few)]
    for count, seconds in zip((few, GROWTH * few), times, strict=True):
        yield Figure(f"four passes, {count} {what}", 1000 * seconds, None)
    yield Figure(f"growth, {GROWTH} times the {what}", times[1] / times[0], GROWTH_LIMIT, "times")


def zoo_kernels(path: Path) -> Iterator[tuple[str, Any]]:
    """The kernels of an example at its FULL shape, and those of its variants, whose shapes are small: passes do not mind."""
    module = load_module(path)
    cases = [(path.stem, module.FULL)]
    cases += [(f"{path.stem}, {name}", {**module.SMOKE, **own}) for name, own in getattr(module, "VARIANTS", {}).items()]
    for name, parameters in cases:
        for kernel in kernels_of(module.build(**parameters)):
            yield name, kernel


def pass_seconds(kernel: Any, target: str) -> float:
    """The median, over warm runs on fresh copies, of the target's pipeline."""
    return statistics.median(run_times(kernel, target)[1:])


def run_times(kernel: Any, target: str) -> list[float]:
    chosen = find_target(target)
    times: list[float] = []
    with mlir.context() as sink:
        module = kernel.module()
        for _ in range(WARM_RUNS + 1):
            copy = module.operation.clone()
            start = time.process_time()
            run_pipeline(copy, chosen.default_pipeline, chosen.machine, sink)
            times.append(time.process_time() - start)
    return times


def many_statements(count: int) -> Any:
    """A pipelined loop of two copies, and of `count` statements that work on what they brought."""

    @tl.kernel(threads=128)
    def statements(A: tl.Tensor((4096, 512), "f16"), B: tl.Tensor((512, 64), "f16"), C: tl.Tensor((4096, 64), "f32")):
        block = tl.grid(64)
        a = tl.alloc_shared((64, 32), "f16")
        b = tl.alloc_shared((32, 64), "f16")
        total = tl.alloc_fragment((64, 64), "f32")
        tl.fill(total, 0.0)
        for k in tl.pipelined(16, num_stages=3):
            tl.copy(A[block * 64 :, k * 32 :], a)
            tl.copy(B[k * 32 :, :], b)
            for _ in range(count):
                tl.gemm(a, b, total)
        tl.copy(total, C[block * 64 :, :])

    return statements


def many_loops(count: int) -> Any:
    """`count` pipelined loops, one after another, each with tiles of its own."""

    @tl.kernel(threads=128)
    def loops(A: tl.Tensor((4096, 512), "f16"), B: tl.Tensor((512, 64), "f16"), C: tl.Tensor((4096, 64), "f32")):
        block = tl.grid(64)
        total = tl.alloc_fragment((64, 64), "f32")
        tl.fill(total, 0.0)
        for _ in range(count):
            a = tl.alloc_shared((64, 32), "f16")
            b = tl.alloc_shared((32, 64), "f16")
            for k in tl.pipelined(16, num_stages=2):
                tl.copy(A[block * 64 :, k * 32 :], a)
                tl.copy(B[k * 32 :, :], b)
                tl.gemm(a, b, total)
        tl.copy(total, C[block * 64 :, :])

    return loops


def print_profile(name: str, target: str) -> None:
    synthetic = {
        "statements": lambda: many_statements(GROWTH * FEW_STATEMENTS),
        "loops": lambda: many_loops(GROWTH * FEW_LOOPS),
    }
    if name in synthetic:
        kernels = [synthetic[name]()]
    else:
        kernels = [kernel for _, kernel in zoo_kernels(example_files(EXAMPLES, [name])[0])]
    profiler = cProfile.Profile()
    for kernel in kernels:
        pass_seconds(kernel, target)
        profiler.runcall(run_times, kernel, target)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(30)
    pstats.Stats(profiler).sort_stats("cumulative").print_stats(45)


if __name__ == "__main__":
    sys.exit(main())
