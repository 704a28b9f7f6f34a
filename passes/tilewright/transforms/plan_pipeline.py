"""tile-plan-pipeline: decide how each pipelined loop overlaps its copies with its work, and with which instructions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from tilewright.analysis.counting import is_nested_in
from tilewright.analysis.loop_space import PRODUCTS
from tilewright.analysis.statements import LoopBody, asks_for_pipeline, body_of
from tilewright.diagnostics import UsageError, source_location
from tilewright.ir.attributes import read_string
from tilewright.ir.kernel import Kernel, kernels_in
from tilewright.machine import Machine
from tilewright.mlir import ir
from tilewright.transforms.base import Decision, Pass, PassContext
from tilewright.transforms.check_input import check_input
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.decide_loops import decide_loops
from tilewright.transforms.index_math import IndexMath
from tilewright.transforms.instructions import (
    COPIES,
    Choice,
    annotate,
    choose_copy,
    choose_product,
    copy_facts,
    instruction_of,
    product_facts,
)
from tilewright.transforms.keep_scalars import keep_scalars
from tilewright.transforms.loop_plan import (
    STRATEGIES,
    LoopPlan,
)
from tilewright.transforms.normalize_windows import normalize_windows
from tilewright.transforms.preloads import Preloading, choose_preload
from tilewright.transforms.strategy import kernel_facts, specialized_by_hand
from tilewright.transforms.wrap_statements import REQUEST_ATTRIBUTES, strip_request, wrap_statements

_OTHER_LOOPS = {
    "affine.for": "is to be lowered to scf.for first",
    "scf.forall": "has no order of iterations; use scf.for",
    "scf.parallel": "has no order of iterations; use scf.for",
    "scf.while": "has no count of iterations; use scf.for",
}
"""Loops that are no `scf.for`, and why each has no pipeline."""


@dataclass(frozen=True)
class PlanPipeline(Pass):
    """Decide stage, order, group and strategy of every pipelined loop, and the instruction of every copy and product.

    Consumes the input form: `scf.for` with `tile.num_stages`, or with `tile.stage` and `tile.order` on its statements.
    Produces the same program: in each loop that gets a pipeline every statement stands in a `tile.statement` with stage,
    order and group; the loop has `tile.strategy` and `tile.reason`; copies and products have `tile.instruction` and
    `tile.reason`.

    Rules:
    1. A statement is an operation that writes memory; pure operations and reads take no slot. A read of what the loop writes
       stands in each statement that uses it. Where it would come too late there, and for the results of statements and the
       scalars that a loop carries, the value is kept in a buffer of one element. A plain `scf.if` is a guard: it is split over
       the statements in it, its arithmetic moved before it. Allocations move before the loop.
       Operations on the user's own mbarriers are statements that keep their order; a wait brings the tiles whose bulk copies
       signal its barrier.
    2. Dependences (RAW, WAR, WAW) are those of overlapping regions, in one iteration or carried to the next. Versions remove
       carried dependences over a buffer that each iteration writes before it reads.
    3. Copies from global to shared memory run ahead, at stage 0, right after their last use, if nothing of their iteration must
       precede them and nothing else in it writes their tile, or their source, after them. What writes the tables and masks
       that they read, or fills their tile before them, runs ahead with them. Other statements keep the source's order. If what
       runs ahead ends up last, it rotates to the front. Bulk copies that the user signals on an mbarrier run ahead too, with
       what is expected and arrives for them, where the barrier can be replicated: each iteration completes one phase of each
       of its stages that it uses, waits for it after that, and the loop alone uses the barrier. They have no group, and the
       loop is `async`: they run ahead in the agent that waits for them.
    4. Copies that run ahead, of one stage and one last use, form an asynchronous group, with a guard or without. Other copies,
       and those that another statement of stage 0 reads, are made by the threads, in their place.
    5. An explicit schedule is taken as it is, if it breaks no dependence.
    6. The strategy is `warp_specialize` where the machine has bulk copies, a copy of the loop can be one, and nothing
       forbids it: the loop may be nested in `scf.for`, `scf.while` and `scf.if`, over which its iterations are counted, what
       its copies' addresses and guards need, and the loops around them, can be computed apart from the rest, in tiles of the
       producer's own, for which there is room, loops that share tiles fill the same ones. Else it is `async`. `tile.strategy`
       on the loop, then the option `strategy`, override this choice. Copies that are waited for and given back at the same
       places are one channel; what is no bulk copy is a cp.async in it, where it can be one.
    7. A loop whose versions do not fit into shared memory gets fewer stages.
    8. An instruction is the first of the machine that may do the copy or product. A bulk copy needs a last dimension of a
       multiple of 16 bytes, unit stride inside, other strides of multiples of 16 bytes below 2^40, one element type, a
       kernel argument as its base, and no `tile.disable_bulk_copy` on the copy, its loop or its kernel. The decision of
       a loop says for each copy why it is none. An instruction that reads operands by descriptors (wgmma) takes no tile
       whose annotated layout is neither swizzled by 32, 64 or 128 bytes nor rows of 16 bytes; without annotation, none
       that layout inference cannot lay out so: rows of 48 bytes, a part of the columns of a buffer, a buffer that is seen
       as another shape.
    9. A fill followed by the copy of the part of its tile that exists becomes `tile.copy_in` before planning.
    10. Two statements of one iteration do not write one place of a copy's tile with nothing between them that reads it: what
        the first wrote would be lost. One of the two is the copy, from global memory to a tile on chip. Only what is certain
        counts: not branches of one `scf.if`, a second write under a condition of its own, nor places known at run time. A
        first statement that reads no memory is a fill, and may be written over. A statement that reads the tile that it writes
        updates it, and a tile that is written, read, written and read is used in turn: both are legal, and such copies stay
        where they are unless a schedule by hand places them.
    11. A copy before a specialized loop, in its block or in one around it, is a bulk copy as well, which the producer makes,
       if nothing else writes its tile, all uses of the tile come after it in its block, none of them a copy's address, and
       its source is not written by the kernel. Its reason says so, or what forbids it.
    12. Of nested loops that ask, both get a pipeline: to the outer one, the inner one is a statement at the stage of the work.
       The inner one is specialized only where the outer one is, since an asynchronous pipeline comes apart, and its statements
       come in several places. Where the inner loop alone could have more, specialization or its pipeline at all, the outer
       one gives way: the inner one runs more often. An outer one that was asked to be asynchronous keeps the inner one so.

    Remarks: a loop that is left unpipelined, with the reason; stages that were reduced; a strategy that was asked for and
    refused; a statement that is in the way of warp specialization; a barrier of the user's with bulk copies that cannot be
    replicated, so that all that is done with it stays in one stage.
    Errors: a tile buffer of dynamic shape; `gpu.thread_id`; more threads than a block has; an instruction that the machine
    lacks; an explicit schedule that breaks a dependence or is incomplete; a write that is lost to a copy, or a copy to a write
    (rule 10); a negative stage count; an unknown strategy.

    Before:  scf.for %k = … { memref.copy %a, %As; linalg.matmul ins(%As, …) … } {tile.num_stages = 3 : i32}
    After:   scf.for %k = … { "tile.statement"() ({ memref.copy %a, %As {tile.instruction = "bulk"} })
             {stage = 0, order = 0, group = 0} … } {tile.num_stages = 3 : i32, tile.strategy = "warp_specialize"}

    Source: the pipeline planning of TileLang's pull request 2002, on a dependence graph.
    """

    argument: ClassVar[str] = "tile-plan-pipeline"
    strategy: str = "auto"

    def __post_init__(self) -> None:
        if self.strategy not in ("auto", *STRATEGIES):
            known = ", ".join(("auto", *STRATEGIES))
            raise UsageError(f"option strategy={self.strategy} of {self.argument}: it is one of {known}")

    def run(self, operation: ir.Operation, context: PassContext) -> None:
        for kernel in kernels_in(operation):
            with context.failing(self.argument):
                check_input(kernel, context.machine)
                self._plan_kernel(kernel, context)

    def _plan_kernel(self, kernel: Kernel, context: PassContext) -> None:
        normalize_windows(kernel.operation)
        loops = list(pipelined_loops(kernel.operation))
        if specialized_by_hand(kernel.operation):
            for loop in loops:
                context.sink.remark(loop.location, "left alone: the kernel is specialized by hand")
            loops = []
        math = IndexMath(kernel.operation)
        # Inner loops first: to the one around it, a loop is a statement without results.
        loops = [keep_scalars(loop, context.machine, math) for loop in reversed(loops)][::-1]
        bodies = [body_of(loop) for loop in loops]
        _refuse_other_loops(kernel.operation, context)
        facts = kernel_facts(kernel.operation, kernel.threads or 0)
        plans = decide_loops(bodies, facts, self.strategy, context.machine)
        for body, plan in zip(bodies, plans, strict=True):
            _record(body, plan, context)
        pipelined = [body.loop for body, plan in zip(bodies, plans, strict=True) if plan.schedule is not None]
        for body, plan in reversed(list(zip(bodies, plans, strict=True))):
            if plan.schedule is None:
                strip_request(body.loop)
            else:
                _annotate_choices(body, plan.choices)
                around = (loop for loop in pipelined if is_nested_in(body.loop, loop))
                wrap_statements(body, plan, next(around, body.loop))
        _choose_remaining(kernel, context)


def pipelined_loops(function: ir.Operation) -> Iterator[ir.Operation]:
    """The loops of a kernel that ask for a pipeline, outer ones first."""
    found: list[ir.Operation] = []

    def visit(operation: ir.Operation) -> ir.WalkResult:
        if asks_for_pipeline(operation):
            found.append(operation.operation)
        return ir.WalkResult.ADVANCE

    function.walk(visit, ir.WalkOrder.PRE_ORDER)
    return iter(found)


def _refuse_other_loops(function: ir.Operation, context: PassContext) -> None:
    """A pipeline is of an `scf.for`, whose iterations are counted one by one: another loop that asks for one is left alone."""
    for operation in nested_operations(function):
        asks = [name for name in REQUEST_ATTRIBUTES if name in operation.attributes]
        # A reason alone asks for nothing: planning gives one to parallel loops that copy.
        if asks not in ([], ["tile.reason"]) and operation.name in _OTHER_LOOPS:
            context.sink.remark(operation.location, f"not pipelined: {operation.name} {_OTHER_LOOPS[operation.name]}")
            for name in asks:
                del operation.attributes[name]


def _record(body: LoopBody, plan: LoopPlan, context: PassContext) -> None:
    for remark in plan.remarks:
        context.sink.remark(body.loop.location, remark.message, remark.notes)
    location = context.sink.locate(source_location(body.loop.location))
    details: dict[str, object] = {"strategy": plan.strategy, "reason": plan.reason}
    if plan.schedule is not None:
        details |= {
            "num_stages": plan.num_stages,
            "stages": list(plan.schedule.stages),
            "orders": list(plan.schedule.orders),
            "groups": list(plan.schedule.groups),
            "keeps_source_order": plan.schedule.keeps_source_order,
            "statements": [statement.operation.name for statement in body.statements],
            "bulk": [None if choice is None else choice.reason for choice in plan.bulk],
        }
    context.decisions.append(Decision(PlanPipeline.argument, "loop", location, plan.phrase, details))


def _annotate_choices(body: LoopBody, choices: Sequence[Choice | None]) -> None:
    for statement, choice in zip(body.statements, choices, strict=True):
        if choice is not None:
            annotate(statement.operation, choice)


def _threads_of(operation: ir.Operation, kernel: Kernel, machine: Machine) -> int:
    """The threads that run an operation: those of its warp group, where the kernel is specialized by hand."""
    holder = operation.parent
    while holder is not None:
        if holder.operation.name == "tile.warp_group":
            return ir.IntegerAttr(holder.operation.attributes["warps"]).value * machine.limits.warp_size
        holder = holder.operation.parent
    return kernel.threads or 0


def _choose_remaining(kernel: Kernel, context: PassContext) -> None:
    """Instructions for products everywhere, and for the copies that no pipelined loop has."""
    machine = context.machine
    preloading = Preloading(kernel.operation, machine)
    for operation in nested_operations(kernel.operation):
        choice: Choice | None = None
        if operation.name in PRODUCTS:
            facts = product_facts(operation, machine, _threads_of(operation, kernel, machine))
            choice = (
                choose_product(facts, machine) if facts is not None else Choice("scalar", "it is not a product of two matrices")
            )
        elif operation.name in COPIES and "tile.instruction" not in operation.attributes:
            choice = choose_preload(operation, preloading) or choose_copy(copy_facts(operation, machine), machine, ("none",))
        if choice is not None:
            annotate(operation, choice)
        name = instruction_of(operation)
        if name is not None:
            location = context.sink.locate(source_location(operation.location))
            reason = read_string(operation, "tile.reason") if "tile.reason" in operation.attributes else "the input says so"
            details = {"instruction": name, "reason": reason}
            context.decisions.append(Decision(PlanPipeline.argument, operation.name, location, f"{name}: {reason}", details))
