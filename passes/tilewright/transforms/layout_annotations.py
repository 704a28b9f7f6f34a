"""Layouts that the input gives: read from `tile.layout` on an allocation, and checked against the buffer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tilewright.analysis.loop_space import LoopSpace
from tilewright.analysis.ownership import first_owners, replica_offsets
from tilewright.diagnostics import InputError, source_location
from tilewright.ir.layout import FragmentLayout, LayoutError, SharedLayout
from tilewright.ir.layout_attributes import from_attribute
from tilewright.machine import Machine
from tilewright.mlir import ir
from tilewright.transforms.instructions import element_bytes, space_name
from tilewright.transforms.layout_seeds import Scope
from tilewright.transforms.loop_plan import buffer_name


def read_annotation(buffer: ir.Value, machine: Machine) -> SharedLayout | FragmentLayout:
    """The layout that the input gives `buffer`. Raises InputError, at the allocation, where it does not fit."""
    operation = buffer.owner.operation
    try:
        layout = from_attribute(operation.attributes["tile.layout"])
        _check(layout, buffer, machine)
    except LayoutError as error:
        raise InputError(f"tile.layout of '{operation.name}': {error}", source_location(operation.location)) from error
    return layout


def check_threads(annotated: Mapping[ir.Value, SharedLayout | FragmentLayout], scopes: Mapping[ir.Value, Scope]) -> None:
    """Raise InputError where a fragment is annotated for another number of threads than use it."""
    for buffer, layout in annotated.items():
        if isinstance(layout, FragmentLayout) and scopes[buffer].groups and layout.threads != scopes[buffer].threads:
            raise InputError(
                f"tile.layout of {buffer_name(buffer)} is over {layout.threads} threads; {scopes[buffer].threads} use it",
                source_location(buffer.owner.location),
            )


def read_loop_annotations(spaces: Iterable[LoopSpace]) -> dict[ir.Operation, FragmentLayout]:
    """The layouts that the input gives to parallel operations. Raises InputError where one does not fit its operation."""
    found: dict[ir.Operation, FragmentLayout] = {}
    for space in spaces:
        operation = space.operation
        if "tile.layout" not in operation.attributes:
            continue
        try:
            layout = from_attribute(operation.attributes["tile.layout"])
            if not isinstance(layout, FragmentLayout):
                raise LayoutError("must be a FragmentLayout: it says which thread runs which iteration")
            if layout.shape != space.extents:
                extents = "no constant extents" if space.extents is None else list(space.extents)
                raise LayoutError(f"has shape {list(layout.shape)}; the loop has {extents}")
            if layout.threads != space.threads:
                raise LayoutError(f"is over {layout.threads} threads; {space.threads} run the loop")
            _check_fragment(layout, "two iterations")
        except LayoutError as error:
            raise InputError(f"tile.layout of '{operation.name}': {error}", source_location(operation.location)) from error
        found[operation] = layout
    return found


def _check(layout: SharedLayout | FragmentLayout, buffer: ir.Value, machine: Machine) -> None:
    shape = tuple(ir.MemRefType(buffer.type).shape)
    wanted = SharedLayout if space_name(buffer.type, machine) == "shared" else FragmentLayout
    if not isinstance(layout, wanted):
        raise LayoutError(f"must be a {wanted.__name__} for {buffer.type}")
    if layout.shape != shape:
        raise LayoutError(f"has shape {list(layout.shape)}; the buffer has {list(shape)}")
    if isinstance(layout, SharedLayout):
        size = element_bytes(buffer.type)
        if layout.element_bytes != size:
            raise LayoutError(f"has elements of {layout.element_bytes} bytes; those of {buffer.type} have {size}")
        if not layout.is_injective():
            raise LayoutError(f"must be injective: two elements of {buffer_name(buffer)} share a place")
    else:
        _check_fragment(layout, f"two elements of {buffer_name(buffer)}")


def _check_fragment(layout: FragmentLayout, what: str) -> None:
    last = int(first_owners(layout).max() + replica_offsets(layout.replicas).max())
    if last >= layout.threads:
        raise LayoutError(f"reaches thread {last} of {layout.threads}")
    if not layout.is_injective():
        raise LayoutError(f"must be injective: {what} share a register")
