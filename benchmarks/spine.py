"""The figures of the spine: import time, the four passes on two kernels, and the simulation of a GEMM.

    python benchmarks/spine.py [--tests]

Prints one line a figure, with its limit; exit code 1 where one is missed. `--tests` times `tools/test` as well.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
TARGET = "cuda:sm_90a"
WARM_RUNS = 9
SIMULATED_GEMM = {"M": 512, "N": 512, "K": 512, "block_m": 128, "block_n": 128, "block_k": 64, "num_stages": 3, "dtype": "f16"}
IMPORT_LIMIT = 0.15
GEMM_PASSES_LIMIT = 0.030
ATTENTION_PASSES_LIMIT = 0.060
SIMULATION_LIMIT = 0.3
TESTS_LIMIT = 300.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", action="store_true", help="time tools/test too")
    options = parser.parse_args()
    figures = [
        ("import tilewright", import_seconds(), IMPORT_LIMIT),
        ("four passes, GEMM at full size, warm", pass_seconds("gemm"), GEMM_PASSES_LIMIT),
        ("four passes, attention at full size, warm", pass_seconds("attention"), ATTENTION_PASSES_LIMIT),
        ("four passes, causal attention, warm", pass_seconds("attention", causal=True), ATTENTION_PASSES_LIMIT),
        *simulation_figures(),
    ]
    if options.tests:
        figures.append(("tools/test", timed(lambda: subprocess.run([ROOT / "tools" / "test"], check=True)), TESTS_LIMIT))
    for name, seconds, limit in figures:
        verdict = "" if seconds <= limit else "  MISSED"
        print(f"{name:55} {1000 * seconds:9.1f} ms, at most {1000 * limit:.0f}{verdict}")
    return 1 if any(seconds > limit for _, seconds, limit in figures) else 0


def timed(action: Callable[[], Any]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def import_seconds() -> float:
    """The time that the import statement takes in a fresh interpreter; the median of several."""
    program = "import time; start = time.perf_counter(); import tilewright; print(time.perf_counter() - start)"
    times = [
        float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    ]
    return statistics.median(times)


def pass_seconds(example: str, **parameters: Any) -> float:
    """The median, over warm runs on fresh copies, of the default pipeline on an example at its FULL shape."""
    from tilewright import mlir
    from tilewright.backends.registry import find_target
    from tilewright.language.loading import load_module
    from tilewright.pipeline.runner import run_pipeline

    target = find_target(TARGET)
    module = load_module(EXAMPLES / f"{example}.py")
    with mlir.context() as sink:
        kernel = module.build(**{**module.FULL, **parameters}).module()
        times: list[float] = []
        for _ in range(WARM_RUNS + 1):
            copy = kernel.operation.clone()
            times.append(timed(lambda copy=copy: run_pipeline(copy, target.default_pipeline, target.machine, sink)))
    return statistics.median(times[1:])


def simulation_figures() -> list[tuple[str, float, float]]:
    """Seconds to simulate a 512×512×512 f16 GEMM, at every stage of the pipeline."""
    from tilewright import mlir
    from tilewright.backends.registry import find_target
    from tilewright.ir.kernel import kernels_in
    from tilewright.language.loading import load_module
    from tilewright.runtime.arguments import make_arguments
    from tilewright.runtime.stages import StageOptions, run_stages

    target = find_target(TARGET)
    example = load_module(EXAMPLES / "gemm.py")
    with mlir.context() as sink:
        module = example.build(**SIMULATED_GEMM).module()
        kernel = kernels_in(module.operation)[0]
        arguments = make_arguments(kernel, {}, {}, seed=0)
        report = run_stages(module.operation, kernel, arguments, target, target.default_pipeline, sink, StageOptions())
    if not report.ok:
        raise SystemExit("the simulated GEMM is wrong at a stage: the figures mean nothing")
    return [(f"simulating a 512×512×512 f16 GEMM, {stage.name}", stage.seconds, SIMULATION_LIMIT) for stage in report.stages]


if __name__ == "__main__":
    sys.exit(main())
