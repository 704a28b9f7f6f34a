"""Which strategy a loop gets and why, and what planning and injection record of it: one row a kernel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tilewright import mlir
from tilewright.diagnostics import DiagnosticSink
from tilewright.machine import machine_for
from tilewright.mlir import ir
from tilewright.transforms.base import PassContext
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.inject_software_pipeline import InjectSoftwarePipeline
from tilewright.transforms.plan_pipeline import PlanPipeline
from tilewright.transforms.strategy import may_copy, specialized_by_hand

pytestmark = pytest.mark.l1a_compile_no_target_dialect

KERNEL = """
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!tile = memref<16xf16, #gpu.address_space<workgroup>>
!frag = memref<16xf16, #gpu.address_space<private>>
gpu.module @kernels {
  gpu.func @f(%X: !x, %O: memref<16xf16>, %n: index) kernel attributes {ATTRIBUTES} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c128 = arith.constant 128 : index
    %S = memref.alloc() : !tile
    %F = memref.alloc() : !frag
    BEFORE
    scf.for %k = %c0 to END step %c16 {
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      memref.copy %a, %S COPY : !win to !tile
      memref.copy %S, %F : !tile to !frag
    } {tile.num_stages = 3 : i32 LOOP}
    memref.copy %F, %O : !frag to memref<16xf16>
    gpu.return
  }
}
"""
DEFAULTS = {"BEFORE": "", "END": "%c128", "COPY": "", "LOOP": ""}


class Run:
    """What planning, and injection after it, make of a kernel."""

    def __init__(self, target: str, threads: int | None, kernel: str, parts: dict[str, str]) -> None:
        block = "" if threads is None else f"known_block_size = array<i32: {threads}, 1, 1>"
        text = KERNEL.replace("ATTRIBUTES", ", ".join(part for part in (block, kernel) if part))
        for name, part in (DEFAULTS | parts).items():
            text = text.replace(name, part)
        self.module = ir.Module.parse(text)
        self.context = PassContext(machine_for(target), DiagnosticSink())
        PlanPipeline().run(self.module.operation, self.context)

    def inject(self) -> None:
        InjectSoftwarePipeline().run(self.module.operation, self.context)

    def decision(self, argument: str):
        return next(d for d in self.context.decisions if d.pass_argument == argument and d.subject == "loop")

    @property
    def remarks(self) -> list[str]:
        return [diagnostic.message for diagnostic in self.context.sink.diagnostics]

    @property
    def operations(self) -> list[ir.Operation]:
        return list(nested_operations(self.module.operation))


@contextmanager
def planned(target: str = "cuda:sm_90a", threads: int | None = 128, kernel: str = "", **parts: str) -> Iterator[Run]:
    with mlir.context():
        yield Run(target, threads, kernel, parts)


BARRIER = "gpu.barrier in the kernel waits for all its threads"
OWN_BARRIER = "the kernel has synchronization of its own, tile.mbarrier_init"
UNKNOWN = "the effects of affine.for in the kernel are not known"
DISABLED = "tile.disable_warp_specialization is set"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"target": "cuda:sm_80"}, "cuda:sm_80 has no bulk copies that signal an mbarrier"),
        ({"kernel": "tile.disable_warp_specialization"}, DISABLED),
        ({"LOOP": ", tile.disable_warp_specialization"}, DISABLED),
        ({"BEFORE": "gpu.barrier"}, BARRIER),
        (
            {"BEFORE": '%m = "tile.mbarrier_init"() {arrivals = 1 : i32, stages = 1 : i32} : () -> !tile.mbarrier'},
            OWN_BARRIER,
        ),
        ({"BEFORE": "affine.for %i = 0 to 4 { }"}, UNKNOWN),
        # The first of what waits is named, whatever comes after it.
        ({"BEFORE": "gpu.barrier memref.copy %O, %F : memref<16xf16> to !frag"}, BARRIER),
        ({"threads": 100}, "100 threads leave no room for a producer warp group"),
        ({"threads": 928}, "928 threads leave no room for a producer warp group"),
        ({"threads": 1024}, "1024 threads leave no room for a producer warp group"),
        (
            {"COPY": "{tile.disable_bulk_copy}"},
            "no copy of the loop can be a bulk copy (no bulk: tile.disable_bulk_copy is set)",
        ),
    ],
)
def test_why_a_loop_is_not_specialized(options: dict, reason: str) -> None:
    with planned(**options) as run:
        decision = run.decision("tile-plan-pipeline")
        assert decision.details["strategy"] == "async"
        assert decision.details["reason"] == f"not specialized: {reason}"
        # Only what a statement of the kernel forbids is news to its author.
        news = [f"not specialized, but pipelined: {reason}"] if reason in (BARRIER, OWN_BARRIER, UNKNOWN) else []
        assert run.remarks == news


@pytest.mark.parametrize("threads", [32, 128, 896])
def test_a_loop_is_specialized_where_nothing_forbids_it(threads: int) -> None:
    with planned(threads=threads) as run:
        details = run.decision("tile-plan-pipeline").details
        assert details == {
            "strategy": "warp_specialize",
            "reason": "cuda:sm_90a has bulk copies, and nothing forbids it",
            "num_stages": 3,
            "stages": [0, 2],
            "orders": [0, 1],
            "groups": [0, -1],
            "keeps_source_order": True,
            "statements": ["memref.copy", "memref.copy"],
            "bulk": ["the first choice of the machine", "no bulk: it copies global to shared, not shared to fragment"],
        }
        assert run.remarks == []


def test_a_strategy_that_is_asked_for_and_refused_is_news() -> None:
    with planned("cuda:sm_80", LOOP=', tile.strategy = "warp_specialize"') as run:
        assert run.remarks == ["not specialized, but pipelined: cuda:sm_80 has no bulk copies that signal an mbarrier"]


@pytest.mark.parametrize(
    ("end", "strategy", "phrase", "details"),
    [
        (
            "%c128",
            "async",
            "prologue and epilogue of 2 steps, versions [3]",
            {"strategy": "async", "depth": 2, "versions": [3], "replicas": [], "trips": 8},
        ),
        (
            "%n",
            "async",
            "prologue and epilogue of 2 steps, versions [3]",
            {"strategy": "async", "depth": 2, "versions": [3], "replicas": [], "trips": None},
        ),
        (
            "%c128",
            "warp_specialize",
            "channels, versions [3]",
            {"strategy": "warp_specialize", "depth": 2, "versions": [3], "replicas": [], "trips": 8},
        ),
    ],
)
def test_what_injection_records(end: str, strategy: str, phrase: str, details: dict) -> None:
    with planned(END=end, LOOP=f', tile.strategy = "{strategy}"') as run:
        run.inject()
        decision = run.decision("tile-inject-software-pipeline")
        assert decision.phrase == phrase
        assert decision.details == details


@pytest.mark.parametrize(
    ("loop", "reason"),
    [
        ("affine.for %j = 0 to 4 { affine.yield }", "affine.for is to be lowered to scf.for first"),
        ("scf.forall (%j) in (4) { }", "scf.forall has no order of iterations; use scf.for"),
        (
            "scf.parallel (%j) = (%c0) to (%n) step (%c16) { scf.reduce }",
            "scf.parallel has no order of iterations; use scf.for",
        ),
        ("scf.while", "scf.while has no count of iterations; use scf.for"),
    ],
)
@pytest.mark.parametrize("asked", ["tile.num_stages = 2 : i32", 'tile.strategy = "async"'])
def test_another_loop_that_asks_for_a_pipeline_is_left_alone(loop: str, reason: str, asked: str) -> None:
    text = while_with(asked) if loop.startswith("scf.while") else f"{loop} {{{asked}}}"
    with planned(BEFORE=text) as run:
        assert run.remarks[0] == f"not pipelined: {reason}"
        name = reason.partition(" ")[0]
        (other,) = (operation for operation in run.operations if operation.name == name)
        assert not any(attribute.startswith("tile.") for attribute in other.attributes)


def while_with(asked: str) -> str:
    condition = "%t = arith.cmpi eq, %n, %c0 : index scf.condition(%t)"
    return f"scf.while : () -> () {{ {condition} }} do {{ scf.yield }} attributes {{{asked}}}"


def test_a_kernel_is_specialized_by_hand_where_it_has_warp_groups() -> None:
    group = (
        '"tile.warp_group"() ({ memref.copy %O, %F : memref<16xf16> to !frag }) {role = "consumer", warps = 4 : i32} : () -> ()'
    )
    with planned(BEFORE=f'"tile.specialize"() ({{ {group} }}) : () -> ()') as run:
        assert run.remarks == ["left alone: the kernel is specialized by hand"]
        assert specialized_by_hand(next(op for op in run.operations if op.name == "gpu.func"))
    with planned() as run:
        assert not specialized_by_hand(next(op for op in run.operations if op.name == "gpu.func"))


@pytest.mark.parametrize(
    ("memref", "copied"),
    [
        ("memref<4xf16, #gpu.address_space<private>>", True),
        ("memref<?xf16, #gpu.address_space<private>>", False),
        ("memref<4xf16>", False),
        ("memref<4xf16, 9>", False),
    ],
)
def test_which_tiles_a_role_may_have_a_copy_of(memref: str, copied: bool) -> None:
    with mlir.context():
        module = ir.Module.parse(f"func.func @f(%t: {memref}) {{ return }}")
        tile = module.body.operations[0].regions[0].blocks[0].arguments[0]
        assert may_copy(tile, machine_for("cuda:sm_90a")) is copied
