"""What a pipeline refuses of the tiles that copies bring: a write that is lost before anything reads it."""

from __future__ import annotations

from tilewright.analysis.lost_writes import lost_write
from tilewright.analysis.regions import buffer_name
from tilewright.analysis.statements import LoopBody, Statement
from tilewright.diagnostics import InputError, Note, source_location
from tilewright.machine import Machine
from tilewright.transforms.instructions import COPIES, space_name
from tilewright.transforms.loop_plan import loads_shared


def refuse_lost_copy(body: LoopBody, machine: Machine) -> None:
    """Raise InputError, at the first of the two, where two statements of an iteration write one place of a copy's tile.

    One of them is the copy, from global memory to a tile on chip. A fill before the copy is no error, nor is anything read
    between them; see `analysis.lost_writes` for what else is none.
    """
    copies = {index for index, statement in enumerate(body.statements) if _brings(statement, machine)}
    lost = lost_write(body, copies)
    if lost is None:
        return
    first, second = (body.statements[index].operation for index in (lost.first, lost.second))
    raise InputError(
        f"what '{first.name}' writes to {buffer_name(lost.buffer)} is lost{'' if lost.wholly else ' in part'}: '{second.name}' "
        "writes over it in the same iteration, before anything reads it; write to different buffers, read the buffer between "
        "the two, or fill it before the copy",
        source_location(first.location),
        (Note(f"the '{second.name}' that writes over it", source_location(second.location)),),
    )


def _brings(statement: Statement, machine: Machine) -> bool:
    """Whether a statement copies global memory to a tile on chip: as one operation, or element by element to shared memory."""
    if statement.operation.name not in (*COPIES, "tile.bulk_copy"):
        return loads_shared(statement, machine)
    source, *_ = (access.region.root for access in statement.own_accesses if access.kind == "read")
    destination, *_ = (access.region.root for access in statement.own_accesses if access.kind == "write")
    if source is None or destination is None:
        return False
    return space_name(source.type, machine) == "global" and space_name(destination.type, machine) in ("shared", "fragment")
