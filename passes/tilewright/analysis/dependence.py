"""The dependence graph of a pipelined loop, over buffer regions.

An edge says that `source` must come before `target`: in one iteration, or, where it is carried, one iteration later (the
nearest that it can be: what is farther apart is implied, and so is what goes through a statement that writes all of the
buffer). A buffer is *renewed* by the loop when each iteration writes
whatever it reads of it before: then iterations can have versions of their own, and carried edges over it fall away.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from tilewright.analysis.accesses import Access
from tilewright.analysis.regions import ALLOCATIONS, covered, may_overlap
from tilewright.analysis.statements import LoopBody
from tilewright.mlir import ir

EdgeKind = Literal["RAW", "WAR", "WAW"]


@dataclass(frozen=True)
class Edge:
    """Statement `source` before statement `target`, because of `buffer`."""

    kind: EdgeKind
    source: int
    target: int
    carried: bool
    buffer: ir.Value | None


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
    edges: dict[tuple[EdgeKind, int, int, bool, ir.Value | None], Edge] = {}
    for uses in _uses_by_buffer(body):
        for first, second in _pairs(uses):
            if may_overlap(first.access.region, second.access.region):
                _add(edges, first, second, False)
        for first, second in _carried_pairs(uses):
            if may_overlap(first.access.region, second.access.region, body.carried):
                _add(edges, first, second, True)
    written = _buffers(body)
    renewed = tuple(buffer for buffer in written if is_renewed(buffer, body))
    ordered = sorted(edges.values(), key=lambda edge: (edge.source, edge.target))
    return DependenceGraph(tuple(ordered), tuple(written), renewed)


class _Use(NamedTuple):
    """An access with the place of its statement."""

    statement: int
    access: Access


def _uses_by_buffer(body: LoopBody) -> list[list[_Use]]:
    """For each buffer that the loop writes its uses, in order; an access of unknown memory is a use of every buffer."""
    uses = [_Use(index, access) for index, statement in enumerate(body.statements) for access in statement.accesses]
    by_root: dict[ir.Value, list[_Use]] = {}
    unknown = [use for use in uses if use.access.region.root is None]
    for use in uses:
        if use.access.region.root is not None:
            by_root.setdefault(use.access.region.root, list(unknown)).append(use)
    groups = list(by_root.values()) or [unknown]
    if unknown:
        groups = [sorted(group, key=lambda use: use.statement) for group in groups]
    return [group for group in groups if any(use.access.writes for use in group)]


def _pairs(uses: list[_Use]) -> Iterator[tuple[_Use, _Use]]:
    """The uses of one iteration that must keep their order, earlier ones first.

    What comes before a statement that writes all of the buffer need not be compared with what comes after it: both depend on
    that statement. So the number of edges grows with the statements, not with their square.
    """
    whole = _whole_writes(uses)
    writes = [use for use in uses if use.access.writes]
    for second in uses:
        place = bisect_left(whole, second.statement)
        since = whole[place - 1] if place else 0
        earlier = uses if second.access.writes else writes
        for index in range(bisect_left(earlier, since, key=_statement_of), len(earlier)):
            if earlier[index].statement >= second.statement:
                break
            yield earlier[index], second


def _carried_pairs(uses: list[_Use]) -> Iterator[tuple[_Use, _Use]]:
    """The same from one iteration to the next: from its last write of all of the buffer on, up to the first of the next."""
    whole = _whole_writes(uses)
    sources = [use for use in uses if not whole or use.statement >= whole[-1]]
    targets = [use for use in uses if not whole or use.statement <= whole[0]]
    for first in sources:
        for second in targets:
            if first.access.writes or second.access.writes:
                yield first, second


def _whole_writes(uses: list[_Use]) -> list[int]:
    """The statements that may write every element of the buffer: they overlap with all its uses."""
    return sorted({use.statement for use in uses if use.access.writes and use.access.region.is_whole})


def _statement_of(use: _Use) -> int:
    return use.statement


def _add(edges: dict[Any, Edge], first: _Use, second: _Use, carried: bool) -> None:
    source, target = first.access, second.access
    buffer = source.region.root if source.region.root is not None else target.region.root
    kinds: list[EdgeKind] = []
    if source.writes and target.kind != "write":
        kinds.append("RAW")
    if source.kind != "write" and target.writes:
        kinds.append("WAR")
    if source.writes and target.writes:
        kinds.append("WAW")
    for kind in kinds:
        key = (kind, first.statement, second.statement, carried, buffer)
        edges.setdefault(key, Edge(kind, first.statement, second.statement, carried, buffer))


def _buffers(body: LoopBody) -> list[ir.Value]:
    """The allocations that the loop writes, in the order of their first write."""
    found: list[ir.Value] = []
    for access in body.accesses():
        root = access.region.root
        if access.writes and root is not None and root not in found and not isinstance(root.owner, ir.Block):
            found.append(root)
    return found


def is_renewed(buffer: ir.Value, body: LoopBody) -> bool:
    """Whether every read of `buffer` in the loop is covered by writes of the same iteration, under the same guards."""
    if buffer.owner.operation.name not in ALLOCATIONS or not ir.MemRefType(buffer.type).has_static_shape:
        return False
    if any(access.region.root is None for access in body.accesses()):
        return False
    writes: list[Access] = []
    for statement in body.statements:
        mine = [access for access in statement.accesses if access.region.is_of(buffer)]
        for access in mine:
            if access.kind != "write" and not covers(writes, access):
                return False
        writes += [access for access in mine if access.kind == "write"]
    return True


def covers(writes: Sequence[Access], read: Access) -> bool:
    """Whether whatever `read` reads was written by `writes`, whenever it reads."""
    sure = [write.region for write in writes if write.certain and set(write.conditions) <= set(read.conditions)]
    return covered(read.region, sure)
