"""Layouts as attributes: `#tile.shared<{…}>` and `#tile.fragment<{…}>`, to and from the values of `layout`."""

from __future__ import annotations

from collections.abc import Sequence

from tilewright.ir.attributes import integer_attribute
from tilewright.ir.dialect import FragmentLayoutAttr, SharedLayoutAttr
from tilewright.ir.layout import FragmentLayout, LayoutError, Mode, SharedLayout
from tilewright.ir.layout_algebra import Digit
from tilewright.mlir import ir
from tilewright.names import did_you_mean

_SHARED_FIELDS = ("shape", "element_bytes", "swizzle", "padding", "leading", "digits", "xors", "offset", "pitch")
_FRAGMENT_FIELDS = ("shape", "threads", "modes", "replicas", "cover")


def _modes(modes: tuple[Mode, ...]) -> ir.ArrayAttr:
    return _lists([(mode.extent, mode.thread, mode.register) for mode in modes])


def _lists(rows: Sequence[Sequence[int]]) -> ir.ArrayAttr:
    return ir.ArrayAttr.get([_integers(row) for row in rows])


def _integers(values: Sequence[int]) -> ir.ArrayAttr:
    # Arrays of i64 print as plain numbers.
    i64 = ir.IntegerType.get_signless(64)
    return ir.ArrayAttr.get([ir.IntegerAttr.get(i64, value) for value in values])


def _read_integer(attribute: ir.Attribute) -> int:
    if not isinstance(attribute, ir.IntegerAttr):
        raise LayoutError(f"{attribute} is not an integer")
    return attribute.value


def _read_integers(attribute: ir.Attribute) -> tuple[int, ...]:
    if not isinstance(attribute, ir.ArrayAttr) or not all(isinstance(entry, ir.IntegerAttr) for entry in attribute):
        raise LayoutError(f"{attribute} is not a list of integers")
    return tuple(ir.IntegerAttr(entry).value for entry in attribute)


def to_attribute(layout: SharedLayout | FragmentLayout) -> ir.Attribute:
    """The attribute of a layout, in the current context."""
    if isinstance(layout, SharedLayout):
        fields: dict[str, ir.Attribute] = {
            "shape": _integers(layout.shape),
            "element_bytes": integer_attribute(layout.element_bytes),
            "swizzle": integer_attribute(layout.swizzle),
        }
        if layout.padding:
            fields["padding"] = integer_attribute(layout.padding)
        if layout.leading:
            fields["leading"] = integer_attribute(layout.leading)
        if layout.digits:
            fields["digits"] = _lists([(digit.extent, digit.stride) for digit in layout.digits])
        if layout.xors:
            fields["xors"] = _lists(layout.xors)
        if layout.offset:
            fields["offset"] = integer_attribute(layout.offset)
        if layout.pitch:
            fields["pitch"] = integer_attribute(layout.pitch)
        return SharedLayoutAttr.get(ir.DictAttr.get(fields))
    fields = {
        "shape": _integers(layout.shape),
        "threads": integer_attribute(layout.threads),
        "modes": _modes(layout.modes),
    }
    if layout.replicas:
        fields["replicas"] = _modes(layout.replicas)
    if layout.cover != layout.shape:
        fields["cover"] = _integers(layout.cover)
    return FragmentLayoutAttr.get(ir.DictAttr.get(fields))


def from_attribute(attribute: ir.Attribute) -> SharedLayout | FragmentLayout:
    """The layout of an attribute. Raises LayoutError where it is none."""
    if isinstance(attribute, SharedLayoutAttr):
        fields = _fields_of(attribute, _SHARED_FIELDS)
        return SharedLayout(
            _read_integers(_field(fields, "shape")),
            _read_integer(_field(fields, "element_bytes")),
            swizzle=_read_optional(fields, "swizzle"),
            padding=_read_optional(fields, "padding"),
            leading=_read_optional(fields, "leading"),
            digits=tuple(Digit(extent, stride) for extent, stride in _read_pairs(fields, "digits", "[extent, stride]")),
            xors=_read_pairs(fields, "xors", "[target, source]"),
            offset=_read_optional(fields, "offset"),
            pitch=_read_optional(fields, "pitch"),
        )
    if isinstance(attribute, FragmentLayoutAttr):
        fields = _fields_of(attribute, _FRAGMENT_FIELDS)
        return FragmentLayout(
            _read_integers(_field(fields, "shape")),
            _read_integer(_field(fields, "threads")),
            _read_modes(_field(fields, "modes")),
            _read_modes(fields["replicas"]) if "replicas" in fields else (),
            _read_integers(fields["cover"]) if "cover" in fields else (),
        )
    raise LayoutError(f"{attribute} is not a layout; it would be #tile.shared or #tile.fragment")


def _fields_of(attribute: SharedLayoutAttr | FragmentLayoutAttr, known: tuple[str, ...]) -> ir.DictAttr:
    """The fields of a layout. Raises LayoutError for one that no layout of the kind has, as a misspelt one."""
    fields = ir.DictAttr(attribute.layout)  # type: ignore[attr-defined]
    for field in fields:
        if field.name not in known:
            raise LayoutError(f"has no '{field.name}'{did_you_mean(field.name, known)} (known: {', '.join(known)})")
    return fields


def _field(fields: ir.DictAttr, name: str) -> ir.Attribute:
    if name not in fields:
        raise LayoutError(f"a layout without '{name}'")
    return fields[name]


def _read_optional(fields: ir.DictAttr, name: str) -> int:
    return _read_integer(fields[name]) if name in fields else 0


def _read_pairs(fields: ir.DictAttr, name: str, what: str) -> tuple[tuple[int, int], ...]:
    if name not in fields:
        return ()
    attribute = fields[name]
    rows = [_read_integers(row) for row in attribute] if isinstance(attribute, ir.ArrayAttr) else None
    if rows is None or any(len(row) != 2 for row in rows):
        raise LayoutError(f"{name} = {attribute} is not a list of pairs {what}")
    return tuple((row[0], row[1]) for row in rows)


def _read_modes(attribute: ir.Attribute) -> tuple[Mode, ...]:
    modes = [_read_integers(mode) for mode in attribute] if isinstance(attribute, ir.ArrayAttr) else None
    if modes is None or any(len(mode) != 3 for mode in modes):
        raise LayoutError(f"{attribute} is not a list of modes [extent, thread stride, register stride]")
    return tuple(Mode(*mode) for mode in modes)


def expand_attribute(attribute: ir.Attribute, stages: int) -> ir.Attribute:
    """The attribute of `stages` buffers of this layout."""
    return to_attribute(from_attribute(attribute).expand(stages))
