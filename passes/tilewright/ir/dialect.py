# `dialects.ext` takes class keywords that a type checker cannot see.
# pyright: reportGeneralTypeIssues=false, reportCallIssue=false
"""The `tile` dialect: its namespace, types and attributes; the operations are in `ops_*.py`.

Only what upstream has no word for is here. Operations are defined with `dialects.ext`, print in generic form, and
carry names rather than positions in their attributes.
"""

from tilewright.mlir import ext, ir


class Tile(ext.Dialect, name="tile"):
    """The dialect; `Tile.load()` loads it, with every operation below, into the current context."""


class ChannelType(Tile.Type, name="channel"):
    """A ring of stages between a producer and a consumer, before it becomes mbarriers."""


class MbarrierType(Tile.Type, name="mbarrier"):
    """A ring of mbarriers, one for each stage."""


class SpaceAttr(Tile.Attribute, name="space"):
    """A memory space of the target by its name in the machine description, for example ``#tile.space<"l0a">``."""

    space: ir.StringAttr


class SharedLayoutAttr(Tile.Attribute, name="shared"):
    """The layout of a buffer in shared memory: the dictionary form of `layout.SharedLayout`."""

    layout: ir.DictAttr


class FragmentLayoutAttr(Tile.Attribute, name="fragment"):
    """The distribution of a buffer, or of a parallel loop, over threads: the form of `layout.FragmentLayout`."""

    layout: ir.DictAttr


# The operation classes register themselves with `Tile` when they are defined.
from tilewright.ir import ops_channel, ops_copy, ops_product, ops_scan, ops_schedule, ops_specialize  # noqa: E402

__all__ = [
    "ChannelType",
    "FragmentLayoutAttr",
    "MbarrierType",
    "SharedLayoutAttr",
    "SpaceAttr",
    "Tile",
    "ops_channel",
    "ops_copy",
    "ops_product",
    "ops_scan",
    "ops_schedule",
    "ops_specialize",
]
