"""Layouts that the input gives: read from `tile.layout` on an allocation, and checked against the buffer."""

from __future__ import annotations

from tilewright.analysis.ownership import first_owners, replica_offsets
from tilewright.diagnostics import InputError, source_location
from tilewright.ir.layout import FragmentLayout, LayoutError, SharedLayout
from tilewright.ir.layout_attributes import from_attribute
from tilewright.machine import Machine
from tilewright.mlir import ir
from tilewright.transforms.instructions import element_bytes, space_name
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
        _check_fragment(layout, buffer)


def _check_fragment(layout: FragmentLayout, buffer: ir.Value) -> None:
    layout.split()
    last = int(first_owners(layout).max() + replica_offsets(layout.replicas).max())
    if last >= layout.threads:
        raise LayoutError(f"reaches thread {last} of {layout.threads}")
    if not layout.is_injective():
        raise LayoutError(f"must be injective: two elements of {buffer_name(buffer)} share a register")
