"""tile-inject-software-pipeline: write the planned loops out, with versions, asynchronous groups and channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from tilewright.diagnostics import source_location
from tilewright.ir.kernel import Kernel, kernels_in
from tilewright.machine import Machine
from tilewright.mlir import ir
from tilewright.transforms.async_loop import AsyncLoop
from tilewright.transforms.base import Decision, Pass, PassContext
from tilewright.transforms.channel_counts import ChannelCounts, channels_of, write_channels
from tilewright.transforms.channel_loop import ChannelLoop
from tilewright.transforms.channel_plan import ChannelPlan
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.index_math import Index, IndexMath
from tilewright.transforms.instructions import annotate, choose_copy, copy_facts
from tilewright.transforms.planned_loop import LostVersions, PlannedLoop, copies_in, planned_loops
from tilewright.transforms.preloads import PreloadWriter, preloads_of
from tilewright.transforms.replicated_barriers import ReplicatedBarrier, erase_replicated, replicate_barriers
from tilewright.transforms.statement_cloner import ASYNCHRONOUS, trip_count
from tilewright.transforms.versions import VersionedBuffer, erase_old, expand_buffers, rewrite_outside_uses
from tilewright.transforms.wrap_statements import strip_request


@dataclass(frozen=True)
class InjectSoftwarePipeline(Pass):
    """Overlap the iterations of planned loops.

    Consumes loops whose statements stand in `tile.statement`s. Produces loops without them: buffers have a leading dimension
    of versions; `async` loops have a prologue, a steady loop and an epilogue, with `tile.copy_async`, `tile.commit_group` and
    `tile.wait_group`; `warp_specialize` loops have `tile.channel_*` operations and are not peeled.

    Rules:
    1. A buffer gets as many versions as iterations use it at once: by the stages of its writers and users, one less where
       the write has the later order. Iteration i uses version i mod versions; what stands before the loops of a block sees
       iteration -1, what stands after one of them the iteration before it. Every user is rewritten, views included.
    2. In step t a statement of stage s runs iteration t - s. A statement that provably has no iteration in a step is dropped;
       one that may have none stands under `iteration < trips`.
    3. Binds are replayed in front of the statements that need them, with the induction variable of their iteration.
    4. Each group is committed once a step, also under a guard and where it is empty; the wait before a reader leaves pending
       exactly the groups committed after the one that it needs, and descends in the epilogue.
       A group that nothing uses is no group: its copies stay synchronous.
    5. Channel form: copies of a group stand between acquire and commit, in the order of the source, readers between wait and
       release. Loops that fill the same tiles share a channel. Its iterations are numbered over all loops and guards around
       it, by counters that those carry. Where a tile is also used outside of its loops while copies may still come, the
       consumer holds the last stage, from an empty iteration 0 on, and gives it back when the next one has come.
    6. An annotated layout of a versioned buffer is expanded by the versions.
    7. A statement outside of any loop, where canonicalization has folded a loop away, is unwrapped. So are those of a loop
       whose buffers may have no versions any more, since what has become of another loop now uses them.
    8. The loops keep their depth in `tile.pipeline_depth`.
    9. An mbarrier of the user's whose operations are in several stages is replicated as often as a buffer would have versions:
       R times its N stages. Iteration n, counted over the loops and guards around, uses stage (n mod R)·N + i where it used
       stage i, and waits with parity (n div R) mod 2. What the user wrote as parity is n mod 2, or no wait would pass.
    10. A copy before a specialized loop that is left to the producer is a channel of depth 1: acquired and committed in its
       place, waited for before the first use of its tile. Where a loop repeats it, its rounds are counted like iterations, and
       its stage is released after the last use. One that cannot be a channel any more is copied by the threads.
    11. Of nested planned loops the outer one is written first, and then the inner one, in each place that it has got. The waits
       hold: what the inner loop commits comes on top of what the outer one has counted, so that a wait of either leaves no more
       of its own groups pending than it may. Channels nest, and an inner one is counted over the outer loop.

    Remarks: a loop that is left unpipelined since its buffers may have no versions any more.
    Errors: a statement outside the schedule; two statements of one order; a schedule that breaks a dependence.

    Before:  scf.for %k = %c0 to %n { "tile.statement"() ({ memref.copy %a, %As }) {stage = 0, …}
             "tile.statement"() ({ linalg.matmul ins(%As, …) }) {stage = 2, …} } {tile.strategy = "async"}
    After:   "tile.copy_async"(%a0, %As0) {group = 0}; "tile.commit_group"() …   (twice: the prologue)
             scf.for %t = %c2 to %n { …copy_async…; commit_group; wait_group {pending = 2}; linalg.matmul … }
             wait_group {pending = 1}; linalg.matmul …; wait_group {pending = 0}; linalg.matmul …

    Source: the software-pipeline injection of TileLang's pull request 2002.
    """

    argument: ClassVar[str] = "tile-inject-software-pipeline"

    def run(self, operation: ir.Operation, context: PassContext) -> None:
        for kernel in kernels_in(operation):
            with context.failing(self.argument):
                loops = _loops_to_write(kernel, context)
                preloads = preloads_of(kernel.operation, context.machine)
                # A loop in another one is written once that is: there is then one of it for each place that it has got.
                while loops:
                    _rewrite(kernel, loops, preloads, context)
                    loops, preloads = _loops_to_write(kernel, context), []
            _unwrap_statements(kernel.operation, context.machine)


def _loops_to_write(kernel: Kernel, context: PassContext) -> list[PlannedLoop]:
    """The planned loops that are in no other one; those that have lost the versions that they need are left as they were."""
    while True:
        try:
            return planned_loops(kernel.operation, context.machine)
        except LostVersions as lost:
            context.sink.remark(lost.loop.location, f"loop not pipelined: {lost.reason}")
            strip_request(lost.loop)
            _unwrap_statements(lost.loop, context.machine)


def _rewrite(kernel: Kernel, loops: list[PlannedLoop], preloads: Sequence[ir.Operation], context: PassContext) -> None:
    math = IndexMath(kernel.operation)
    channels = channels_of(loops)
    counts = ChannelCounts(channels, loops, preloads, math)
    if counts.nested:
        # The values of the loops around have been replaced by others.
        loops = planned_loops(kernel.operation, context.machine)
        channels = channels_of(loops)
    loops = [_with_channel_versions(planned, channels) for planned in loops]
    trips = {planned.loop: trip_count(planned, math) for planned in loops}
    buffers = expand_buffers(loops, trips, counts.count(channels, loops, trips), math)
    rewrite_outside_uses(buffers, trips, math)
    sides = write_channels(channels, counts, math)
    for copy, number in list(counts.preloads()):
        PreloadWriter(math).write(copy, number)
    replaced: list[ReplicatedBarrier] = []
    for planned in loops:
        if planned.strategy == "warp_specialize":
            ChannelLoop(planned, buffers, sides.get(planned.loop, {}), math).write()
        else:
            barriers = replicate_barriers(planned, counts.before_loop(planned.loop)) if planned.replicas else []
            replaced += barriers
            AsyncLoop(planned, buffers, barriers, trips[planned.loop], math).write()
        _record(planned, buffers, trips[planned.loop], context)
    for planned in loops:
        planned.loop.erase()
    erase_replicated(replaced)
    erase_old(buffers, kernel.operation)


def _with_channel_versions(planned: PlannedLoop, channels: Sequence[ChannelPlan]) -> PlannedLoop:
    """A loop with channels has as many versions of its tiles as the channels have stages."""
    if planned.strategy != "warp_specialize":
        return planned
    mine = [channel for channel in channels if planned.loop in channel.loops]
    return replace(planned, versions={tile: channel.depth for channel in mine for tile in channel.tiles if channel.depth > 1})


def _unwrap_statements(root: ir.Operation, machine: Machine) -> None:
    """What stands in a statement outside of a planned loop runs where it stands, and its copies do not run ahead."""
    for statement in [operation for operation in nested_operations(root) if operation.name == "tile.statement"]:
        for copy in copies_in(statement, ASYNCHRONOUS):
            annotate(copy, choose_copy(copy_facts(copy, machine), machine, ("none",)))
        for block in statement.regions[0].blocks:
            for child in list(block.operations):
                child.operation.move_before(statement)
        statement.erase()


def _record(planned: PlannedLoop, buffers: list[VersionedBuffer], trips: Index, context: PassContext) -> None:
    versions = [buffer.versions for buffer in buffers if planned.loop in buffer.loops]
    depth = planned.schedule.depth
    form = "channels" if planned.strategy == "warp_specialize" else f"prologue and epilogue of {depth} steps"
    replicas = list(planned.replicas.values())
    phrase = f"{form}, versions {versions}" if versions else f"{form}, no versions"
    if replicas:
        phrase += f", mbarriers replicated {replicas}"
    location = context.sink.locate(source_location(planned.loop.location))
    details = {
        "strategy": planned.strategy,
        "depth": depth,
        "versions": versions,
        "replicas": replicas,
        "trips": trips if isinstance(trips, int) else None,
    }
    context.decisions.append(Decision(InjectSoftwarePipeline.argument, "loop", location, phrase, details))
