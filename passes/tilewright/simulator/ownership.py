"""Ownership: after infer-layout a thread reads and writes only fragment elements that it keeps.

Layouts are static, so this is checked once a kernel, before it runs: for every parallel operation the threads of its
own layout against the layout of each fragment that it accesses, and for scalar accesses against all threads.
"""

from __future__ import annotations

from tilewright.analysis.loop_space import PRODUCTS, LoopSpace, SpaceAccess, loop_spaces
from tilewright.analysis.ownership import first_owners, why_not_served
from tilewright.diagnostics import Note, source_location
from tilewright.ir.dialect import FragmentLayoutAttr
from tilewright.ir.kernel import Kernel
from tilewright.ir.layout import FragmentLayout, LayoutError
from tilewright.ir.layout_attributes import from_attribute
from tilewright.machine import Machine
from tilewright.mlir import ir
from tilewright.simulator.findings import Recorder, Site


def check_ownership(kernel: Kernel, machine: Machine, recorder: Recorder) -> None:
    """Report every access of a laid-out fragment by a thread that does not keep the element."""
    spaces = loop_spaces(kernel.operation, kernel.threads or 1, machine.limits.warp_size)
    loops = [space.operation for space in spaces]
    fragments = [access.buffer.owner for space in spaces for access in space.accesses if _is_fragment(access.buffer, machine)]
    if not any("tile.layout" in loop.attributes for loop in loops) or any("tile.layout" not in f.attributes for f in fragments):
        # Annotations, and no layout inferred yet: most operations have no threads.
        return
    _check_groups(spaces, recorder)
    for space in spaces:
        if space.operation.name in PRODUCTS:
            continue
        for access in space.accesses:
            layout = _fragment_layout(access.buffer.owner)
            if layout is not None:
                _check(space, access, layout, recorder)


def _check_groups(spaces: list[LoopSpace], recorder: Recorder) -> None:
    """Report fragments that two groups of threads use, unless every thread keeps them and no group writes its own copy."""
    first: dict[ir.Value, tuple[ir.Operation | None, ir.Operation]] = {}
    for space in spaces:
        for access in space.accesses:
            layout = _fragment_layout(access.buffer.owner)
            if layout is None:
                continue
            group, other = first.setdefault(access.buffer, (space.group, access.operation))
            written = access.writes and space.group is not None
            # An operation cannot be compared with None.
            elsewhere = group is not space.group if group is None or space.group is None else group != space.group
            if elsewhere and (written or not layout.is_fully_replicated):
                message = "uses a fragment of another group of threads: each has registers of its own"
                notes = (Note(f"'{other.name}' of the other group uses it", source_location(other.location)),)
                recorder.report("ownership", Site(access.operation), message, notes)


def _is_fragment(buffer: ir.Value, machine: Machine) -> bool:
    if isinstance(buffer.owner, ir.Block):
        return False
    attribute = ir.MemRefType(buffer.type).memory_space
    space = machine.space_of("" if attribute is None else str(attribute))
    return space is not None and space.name == "fragment"


def _fragment_layout(owner: object) -> FragmentLayout | None:
    if isinstance(owner, ir.Block):
        return None
    attributes = owner.attributes  # type: ignore[attr-defined]
    if "tile.layout" not in attributes or not isinstance(attributes["tile.layout"], FragmentLayoutAttr):
        return None
    layout = from_attribute(attributes["tile.layout"])
    assert isinstance(layout, FragmentLayout)
    return layout


def _check(space: LoopSpace, access: SpaceAccess, layout: FragmentLayout, recorder: Recorder) -> None:
    loop = _fragment_layout(space.operation)
    reason = why_not_served(layout, loop, access)
    if reason is None:
        return
    verb = "writes" if access.writes else "reads"
    message = f"{verb} elements of a fragment in threads that do not keep them: {reason}"
    notes = (Note(f"the fragment is laid out as {layout.describe()}", source_location(access.buffer.owner.location)),)
    stray = _first_stray(layout, loop, access)
    if stray is not None:
        notes = (Note(stray, source_location(access.operation.location)), *notes)
    recorder.report("ownership", Site(access.operation), message, notes)


def _first_stray(layout: FragmentLayout, loop: FragmentLayout | None, access: SpaceAccess) -> str | None:
    """The first element that another thread accesses than the one that keeps it; None where that is not known."""
    try:
        accessing = loop.indexed(access.axes) if loop is not None and not access.serial else None
    except LayoutError:
        return None
    if accessing is None or accessing.shape != layout.shape:
        return None
    mine, theirs = first_owners(layout), first_owners(accessing)
    strays = list(zip(*(mine != theirs).nonzero(), strict=True))
    if not strays:
        return "more threads access each element than keep it"
    index = strays[0]
    place = ", ".join(str(int(coordinate)) for coordinate in index)
    return f"element [{place}] is kept by thread {int(mine[index])} and accessed by thread {int(theirs[index])}"
