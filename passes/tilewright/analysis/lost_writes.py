"""A write that is lost: another statement of the same iteration writes over it before anything reads it.

Only what is certain counts: both writes touch a common element whenever the first happens. What only may overlap, a write under
a condition that need not hold, writes in branches of which one is taken, a statement that reads what it then writes, and a
buffer that is used in turn (written, read, written, read) are none.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tilewright.analysis.accesses import Access
from tilewright.analysis.regions import may_overlap, surely_overlap
from tilewright.analysis.statements import LoopBody
from tilewright.mlir import ir


@dataclass(frozen=True)
class LostWrite:
    """What statement `first` writes to `buffer` is lost, in part unless `wholly`, to statement `second`."""

    buffer: ir.Value
    first: int
    second: int
    wholly: bool


def lost_write(body: LoopBody, copies: Collection[int]) -> LostWrite | None:
    """The first lost write of which one statement is among `copies`, in program order of the second one.

    What a fill wrote, a statement that reads no memory, may be lost: it stands where the copy after it brings nothing.
    """
    found: list[LostWrite] = []
    for root, accesses in body.accesses_by_root.items():
        lost = _lost_in(accesses, root, body, copies)
        found += [] if lost is None else [lost]
    return min(found, key=lambda lost: (lost.second, lost.first), default=None)


def _lost_in(accesses: list[tuple[int, Access]], root: ir.Value, body: LoopBody, copies: Collection[int]) -> LostWrite | None:
    by_statement: dict[int, list[Access]] = {}
    for index, access in accesses:
        by_statement.setdefault(index, []).append(access)
    unknown = {index for index, access in body.unknown_accesses if access.kind != "write"}
    unread: list[tuple[int, Access]] = []
    for index in sorted({*by_statement, *unknown}):
        own = by_statement.get(index, [])
        reads = [access for access in own if access.kind != "write"]
        if index in unknown:
            unread = []
        unread = [(i, a) for i, a in unread if not any(may_overlap(a.region, read.region) for read in reads)]
        writes = [access for access in own if access.kind == "write"]
        for first, before in unread:
            if (first in copies or index in copies) and not _is_fill(body, first):
                write = next((write for write in writes if _loses(before, write)), None)
                if write is not None:
                    return LostWrite(root, first, index, write.region.covers(before.region))
        unread = [(i, a) for i, a in unread if not any(_loses(a, w) and w.region.covers(a.region) for w in writes)]
        unread += [(index, write) for write in writes]
    return None


def _is_fill(body: LoopBody, statement: int) -> bool:
    """Whether a statement writes what it does not read from memory."""
    return all(access.kind == "write" for access in body.statements[statement].own_accesses)


def _loses(first: Access, second: Access) -> bool:
    """Whether `second`, which comes later, certainly writes over a part of what `first` wrote."""
    runs = second.certain and set(second.conditions) <= set(first.conditions)
    return runs and (second.region.covers(first.region) or surely_overlap(first.region, second.region))
