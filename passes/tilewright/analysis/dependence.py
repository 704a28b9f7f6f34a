"""The dependence graph of a pipelined loop, over buffer regions.

An edge says that `source` must come before `target`: in one iteration, or, where it is carried, one iteration later (the
nearest that it can be: what is farther apart is implied). A buffer is *renewed* by the loop when each iteration writes
whatever it reads of it before: then iterations can have versions of their own, and carried edges over it fall away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tilewright.analysis.accesses import Access
from tilewright.analysis.regions import covered, may_overlap
from tilewright.analysis.statements import LoopBody
from tilewright.analysis.user_barriers import is_barrier, why_not_one_phase
from tilewright.mlir import ir

# "phase" is the order of two operations on one mbarrier of the user's.
EdgeKind = Literal["RAW", "WAR", "WAW", "phase"]


@dataclass(frozen=True)
class Edge:
    """Statement `source` before statement `target`, because of `buffer`. `scalar`: only of what a statement reads first."""

    kind: EdgeKind
    source: int
    target: int
    carried: bool
    buffer: ir.Value | None
    scalar: bool = False


@dataclass(frozen=True)
class DependenceGraph:
    """Edges among the statements of a loop; the buffers that it writes, and those that it renews in every iteration."""

    edges: tuple[Edge, ...]
    written: tuple[ir.Value, ...]
    renewed: tuple[ir.Value, ...]

    def removable(self, edge: Edge) -> bool:
        """Whether versions of the buffer take the edge away."""
        return edge.carried and edge.buffer is not None and edge.buffer in self.renewed


def dependence_graph(body: LoopBody) -> DependenceGraph:
    """The edges between neighbours: where a write covers what came before it, the edges over it are implied by those to it."""
    edges: dict[tuple[EdgeKind, int, int, bool, ir.Value | None], Edge] = {}
    for buffer, accesses in body.accesses_by_root.items():
        _add_chain(edges, accesses, buffer, body)
    for index, access in body.unknown_accesses:
        for other, statement in enumerate(body.statements):
            for other_access in statement.accesses:
                _add_unknown(edges, (index, access), (other, other_access))
    ordered = tuple(sorted(edges.values(), key=lambda edge: (edge.source, edge.target)))
    written = _buffers(body)
    return DependenceGraph(ordered, tuple(written), tuple(buffer for buffer in written if is_renewed(buffer, body)))


def _add_chain(edges, accesses: list[tuple[int, Access]], buffer: ir.Value, body: LoopBody) -> None:
    """The edges among the accesses of one buffer: through one iteration, then into the next as far as they reach."""
    if not any(access.writes for _, access in accesses):
        return
    reached: list[tuple[int, Access]] = []
    for carried in (False, True):
        for index, access in accesses:
            for source, before in reached:
                conflicts = (before.writes or access.writes) and (carried or source < index)
                if conflicts and may_overlap(before.region, access.region, body.carried if carried else None):
                    _add(edges, before, access, source, index, carried, buffer)
            if access.kind == "write":
                reached = [other for other in reached if not _hides(access, other, index, carried)]
            if not carried:
                reached.append((index, access))


def _hides(write: Access, other: tuple[int, Access], index: int, carried: bool) -> bool:
    """Whether no later access depends on `other` but by way of `write`, in statement `index`."""
    source, before = other
    if carried:
        # Conditions and indices may have other values in the next iteration.
        varies = any(interval.start.terms for region in (write.region, before.region) for interval in region.box)
        if varies or write.conditions:
            return False
    return (carried or source != index) and covers([write], before)


def _add_unknown(edges, first: tuple[int, Access], second: tuple[int, Access]) -> None:
    """The edges between an access of unknown memory and another one."""
    if not (first[1].writes or second[1].writes):
        return
    buffer = second[1].region.root
    for (source, before), (target, after) in ((first, second), (second, first)):
        if source < target:
            _add(edges, before, after, source, target, False, buffer)
        _add(edges, before, after, source, target, True, buffer)


def _add(edges, first: Access, second: Access, source: int, target: int, carried: bool, buffer: ir.Value | None) -> None:
    kinds: list[EdgeKind] = []
    if first.writes and second.kind != "write":
        kinds.append("RAW")
    if first.kind != "write" and second.writes:
        kinds.append("WAR")
    if first.writes and second.writes:
        kinds.append("WAW")
    if buffer is not None and is_barrier(buffer):
        kinds = ["phase"]
    scalar = first.scalar or second.scalar
    for kind in kinds:
        key = (kind, source, target, carried, buffer)
        edges[key] = Edge(*key, scalar and (key not in edges or edges[key].scalar))


def _buffers(body: LoopBody) -> list[ir.Value]:
    """The allocations that the loop writes, in the order of their first write."""
    found: dict[ir.Value, None] = {}
    for access in body.accesses():
        root = access.region.root
        if access.writes and root is not None and not isinstance(root.owner, ir.Block):
            found[root] = None
    return list(found)


def is_renewed(buffer: ir.Value, body: LoopBody) -> bool:
    """Whether every read of `buffer` in the loop is covered by writes of the same iteration, under the same guards.

    An mbarrier is renewed where each iteration completes one phase of it.
    """
    if is_barrier(buffer):
        return why_not_one_phase(buffer, body.accesses_by_root.get(buffer, []), body.loop) is None
    if body.unknown_accesses or not ir.MemRefType(buffer.type).has_static_shape:
        return False
    writes: list[tuple[int, Access]] = []
    for index, access in body.accesses_by_root.get(buffer, []):
        if access.kind != "write":
            if not covers([write for source, write in writes if source < index], access):
                return False
        else:
            writes.append((index, access))
    return True


def covers(writes: Sequence[Access], read: Access) -> bool:
    """Whether whatever `read` reads was written by `writes`, whenever it reads."""
    sure = [write.region for write in writes if write.certain and set(write.conditions) <= set(read.conditions)]
    return covered(read.region, sure)
