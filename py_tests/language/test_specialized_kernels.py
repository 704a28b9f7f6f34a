"""Kernels that are specialized by hand run in the simulator, and their mistakes are found there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tilewright.language as tl
from tilewright import mlir
from tilewright.diagnostics import InputError
from tilewright.ir.kernel import kernels_in
from tilewright.machine import machine_for
from tilewright.simulator import SimulationResult, simulate

pytestmark = pytest.mark.l2_simulator

M, N, K, BLOCK, STAGES = 32, 32, 96, 16, 2


def producer_and_consumer(arrive: bool = True) -> Callable[..., None]:
    """A GEMM whose producer warp fills two stages; without `arrive` the consumer never gives one back."""

    def gemm(A: Any, B: Any, C: Any) -> None:
        bx, by = tl.grid(N // BLOCK, M // BLOCK)
        a, b = tl.alloc_shared((STAGES, BLOCK, BLOCK), tl.f16), tl.alloc_shared((STAGES, BLOCK, BLOCK), tl.f16)
        accumulator = tl.alloc_fragment((BLOCK, BLOCK), tl.f32)
        full, empty = tl.mbarrier(arrivals=1, stages=STAGES), tl.mbarrier(arrivals=128, stages=STAGES)
        with tl.specialize():
            with tl.warp_group("producer", warps=1, registers=40):
                for k in tl.serial(K // BLOCK):
                    stage = tl.stage_index(k, versions=STAGES)
                    empty.wait(stage, tl.phase(k, stages=STAGES, initial=1))
                    full.expect(a[stage], b[stage], stage=stage)
                    tl.async_copy(A[by * BLOCK :, k * BLOCK :], a[stage], barrier=full, stage=stage)
                    tl.async_copy(B[k * BLOCK :, bx * BLOCK :], b[stage], barrier=full, stage=stage)
                    full.arrive(stage, elect=True)
            with tl.warp_group("consumer", warps=4):
                tl.fill(accumulator, 0.0)
                for k in tl.serial(K // BLOCK):
                    stage = tl.stage_index(k, versions=STAGES)
                    full.wait(stage, tl.phase(k, stages=STAGES))
                    tl.gemm(a[stage], b[stage], accumulator)
                    if arrive:
                        empty.arrive(stage)
                tl.copy(accumulator, C[by * BLOCK :, bx * BLOCK :])

    return gemm


def copies_of_threads(arrive: dict[str, bool]) -> Callable[..., None]:
    """A GEMM whose producer threads copy asynchronously, and arrive like this."""

    def gemm(A: Any, B: Any, C: Any) -> None:
        bx, by = tl.grid(N // BLOCK, M // BLOCK)
        a, b = tl.alloc_shared((STAGES, BLOCK, BLOCK), tl.f16), tl.alloc_shared((STAGES, BLOCK, BLOCK), tl.f16)
        accumulator = tl.alloc_fragment((BLOCK, BLOCK), tl.f32)
        full, empty = tl.mbarrier(arrivals=32, stages=STAGES), tl.mbarrier(arrivals=128, stages=STAGES)
        with tl.specialize():
            with tl.warp_group("producer", warps=1):
                for k in tl.serial(K // BLOCK):
                    stage = tl.stage_index(k, versions=STAGES)
                    empty.wait(stage, tl.phase(k, stages=STAGES, initial=1))
                    tl.async_copy(A[by * BLOCK :, k * BLOCK :], a[stage])
                    tl.async_copy(B[k * BLOCK :, bx * BLOCK :], b[stage])
                    full.arrive(stage, **arrive)
            with tl.warp_group("consumer", warps=4):
                tl.fill(accumulator, 0.0)
                for k in tl.serial(K // BLOCK):
                    stage = tl.stage_index(k, versions=STAGES)
                    full.wait(stage, tl.phase(k, stages=STAGES))
                    tl.gemm(a[stage], b[stage], accumulator)
                    empty.arrive(stage)
                tl.copy(accumulator, C[by * BLOCK :, bx * BLOCK :])

    return gemm


def groups(pending: int) -> Callable[..., None]:
    """A GEMM with copies one iteration ahead; it needs at most one group pending."""

    def gemm(A: Any, B: Any, C: Any) -> None:
        bx, by = tl.grid(N // BLOCK, M // BLOCK)
        a, b = tl.alloc_shared((STAGES, BLOCK, BLOCK), tl.f16), tl.alloc_shared((STAGES, BLOCK, BLOCK), tl.f16)
        accumulator = tl.alloc_fragment((BLOCK, BLOCK), tl.f32)
        tl.fill(accumulator, 0.0)

        def start(k: Any) -> None:
            stage = tl.stage_index(k, versions=STAGES)
            tl.async_copy(A[by * BLOCK :, k * BLOCK :], a[stage])
            tl.async_copy(B[k * BLOCK :, bx * BLOCK :], b[stage])

        start(0)
        tl.commit_group()
        for k in tl.serial(K // BLOCK):
            with tl.if_(k + 1 < K // BLOCK):
                start(k + 1)
            tl.commit_group()
            tl.wait_group(pending)
            stage = tl.stage_index(k, versions=STAGES)
            tl.gemm(a[stage], b[stage], accumulator)
        tl.copy(accumulator, C[by * BLOCK :, bx * BLOCK :])

    return gemm


def run(body: Callable[..., None]) -> tuple[SimulationResult, float]:
    """The simulation, and the largest error against NumPy."""
    shapes = {"A": (M, K), "B": (K, N), "C": (M, N)}
    body.__annotations__ = {name: tl.Tensor(shape, tl.f32 if name == "C" else tl.f16) for name, shape in shapes.items()}
    random = np.random.default_rng(0)
    a, b = (random.uniform(-1, 1, shapes[name]).astype(np.float16) for name in "AB")
    c = np.zeros(shapes["C"], np.float32)
    with mlir.context():
        module = tl.kernel(threads=128)(body).module()
        result = simulate(kernels_in(module.operation)[0], [a, b, c], machine=machine_for("sim"))
    return result, float(np.abs(c - a.astype(np.float64) @ b.astype(np.float64)).max())


@pytest.mark.parametrize(
    "body", [producer_and_consumer(), copies_of_threads({"after_copies": True}), groups(pending=1), groups(pending=0)]
)
def test_specialized_gemm(body: Callable[..., None]) -> None:
    result, error = run(body)
    assert [str(finding.diagnostic()) for finding in result.findings] == []
    assert result.completed
    assert error < 1e-4


def test_a_missing_arrive_is_a_deadlock_at_the_users_line() -> None:
    result, _ = run(producer_and_consumer(arrive=False))
    assert not result.completed
    assert any(finding.location.file == __file__ for finding in result.findings)


def test_a_group_that_is_not_waited_for_is_found() -> None:
    result, _ = run(groups(pending=2))
    assert result.findings
    assert result.findings[0].location.file == __file__


def test_a_plain_arrival_after_asynchronous_copies_is_found() -> None:
    result, _ = run(copies_of_threads({}))
    assert result.findings[0].kind == "in-flight-read"


def test_an_elected_arrival_cannot_wait_for_the_copies_of_all_threads() -> None:
    with pytest.raises(InputError, match="elect and after_copies; each thread arrives after its own copies"):
        run(copies_of_threads({"elect": True, "after_copies": True}))
