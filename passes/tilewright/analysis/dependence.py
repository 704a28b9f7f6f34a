"""The dependence graph of a pipelined loop, over buffer regions.

An edge says that `source` must come before `target`: in one iteration, or, where it is carried, one iteration later (the
nearest that it can be: what is farther apart is implied). A buffer is *renewed* by the loop when each iteration writes
whatever it reads of it before: then iterations can have versions of their own, and carried edges over it fall away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tilewright.analysis.accesses import Access
from tilewright.analysis.regions import ALLOCATIONS, may_overlap
from tilewright.analysis.statements import LoopBody, Statement
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
    for first, second, first_access, second_access in _pairs(body.statements):
        if not (first_access.writes or second_access.writes):
            continue
        buffer = first_access.region.root if first_access.region.root is not None else second_access.region.root
        if first < second and may_overlap(first_access.region, second_access.region):
            _add(edges, first_access, second_access, first, second, False, buffer)
        if may_overlap(first_access.region, second_access.region, body.carried):
            _add(edges, first_access, second_access, first, second, True, buffer)
    written = _buffers(body)
    renewed = tuple(buffer for buffer in written if is_renewed(buffer, body))
    return DependenceGraph(tuple(edges.values()), tuple(written), renewed)


def _pairs(statements: list[Statement]):
    for first, earlier in enumerate(statements):
        for second, later in enumerate(statements):
            for first_access in earlier.accesses:
                for second_access in later.accesses:
                    yield first, second, first_access, second_access


def _add(edges, first: Access, second: Access, source: int, target: int, carried: bool, buffer: ir.Value | None) -> None:
    kinds: list[EdgeKind] = []
    if first.writes and second.kind != "write":
        kinds.append("RAW")
    if first.kind != "write" and second.writes:
        kinds.append("WAR")
    if first.writes and second.writes:
        kinds.append("WAW")
    for kind in kinds:
        edges.setdefault((kind, source, target, carried, buffer), Edge(kind, source, target, carried, buffer))


def _buffers(body: LoopBody) -> list[ir.Value]:
    """The allocations that the loop writes, in the order of their first write."""
    found: list[ir.Value] = []
    for access in body.accesses():
        root = access.region.root
        if access.writes and root is not None and root not in found and not isinstance(root.owner, ir.Block):
            found.append(root)
    return found


def is_renewed(buffer: ir.Value, body: LoopBody) -> bool:
    """Whether every read of `buffer` in the loop is covered by a write of the same iteration, under the same guards."""
    if buffer.owner.operation.name not in ALLOCATIONS or not ir.MemRefType(buffer.type).has_static_shape:
        return False
    if any(access.region.root is None for access in body.accesses()):
        return False
    writes: list[Access] = []
    for statement in body.statements:
        mine = [access for access in statement.accesses if access.region.is_of(buffer)]
        for access in mine:
            if access.kind != "write" and not any(covers(write, access) for write in writes):
                return False
        writes += [access for access in mine if access.kind == "write"]
    return True


def covers(write: Access, read: Access) -> bool:
    """Whether whatever `read` reads was written by `write`, whenever it reads."""
    return write.certain and set(write.conditions) <= set(read.conditions) and write.region.covers(read.region)
