"""Which loops share a channel, how deep it is, whether its last stage is held, and why loops cannot share: one row a kernel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tilewright import mlir
from tilewright.analysis.regions import buffer_name
from tilewright.mlir import ir
from tilewright.transforms.channel_plan import ChannelPlan, ChannelUse, outside_users, plan_channels, why_not_share
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.view_types import strided_memref

pytestmark = pytest.mark.l1a_compile_no_target_dialect

USE = "memref.copy %S, %R : !tile to !tile\n"


class Scene:
    """The loops of a kernel that have an attribute `name`, and its tiles, in the order of the text."""

    def __init__(self, function: ir.Operation) -> None:
        operations = list(nested_operations(function))
        marked = [operation for operation in operations if "name" in operation.attributes]
        self.loops = {ir.StringAttr(loop.attributes["name"]).value: loop for loop in marked}
        self.tiles = [operation.results[0] for operation in operations if operation.name == "memref.alloc"]

    def use(self, loop: str, group: int, tiles: str, stages: int) -> ChannelUse:
        """`tiles`: their letters, of S, R, T and U."""
        return ChannelUse(self.loops[loop], group, tuple(self.tiles["SRTU".index(tile)] for tile in tiles), stages)


def loop(name: str, text: str = "", induction: str = "k") -> str:
    return f'scf.for %{induction} = %c0 to %c4 step %c1 {{ {text} }} {{name = "{name}"}}\n'


@contextmanager
def scene(text: str) -> Iterator[Scene]:
    with mlir.context():
        module = ir.Module.parse(f"""
!tile = memref<16xf16, #gpu.address_space<workgroup>>
gpu.module @m {{ gpu.func @f(%guard: i1) kernel {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %S = memref.alloc() : !tile
  %R = memref.alloc() : !tile
  %T = memref.alloc() : !tile
  %U = memref.alloc() : !tile
  {text}
  gpu.return
}} }}""")
        yield Scene(module.body.operations[0].regions[0].blocks[0].operations[0].operation)


A, B, C = loop("a"), loop("b"), loop("c")


def summary(channels: list[ChannelPlan], found: Scene) -> list[tuple[str, str, int]]:
    """Of each channel its loops, its tiles, and its depth."""
    rows = []
    for channel in channels:
        loops = "".join(next(name for name, known in found.loops.items() if known == loop) for loop in channel.loops)
        rows.append((loops, "".join("SRTU"[found.tiles.index(tile)] for tile in channel.tiles), channel.depth))
    return rows


@pytest.mark.parametrize(
    ("uses", "channels"),
    [
        ([("a", 0, "S", 3)], [("a", "S", 3)]),
        ([("a", 0, "S", 3), ("a", 1, "R", 2)], [("a", "S", 3), ("a", "R", 2)]),
        # What fills one tile is one channel, as deep as the deepest asks for, whatever comes between.
        ([("a", 0, "S", 2), ("b", 0, "S", 4)], [("ab", "S", 4)]),
        ([("a", 0, "S", 4), ("b", 0, "S", 2)], [("ab", "S", 4)]),
        ([("a", 0, "S", 2), ("b", 0, "R", 2), ("c", 0, "S", 2)], [("b", "R", 2), ("ac", "S", 2)]),
        ([("a", 0, "SR", 2), ("b", 0, "RT", 2)], [("ab", "SRT", 2)]),
        # A third one joins two channels, and a member that shares nothing does not keep one out.
        ([("a", 0, "S", 2), ("b", 0, "R", 2), ("c", 0, "SR", 2)], [("abc", "SR", 2)]),
        ([("a", 0, "SR", 2), ("b", 0, "RT", 2), ("c", 0, "T", 2)], [("abc", "SRT", 2)]),
        ([], []),
    ],
)
def test_what_fills_a_tile_together_is_one_channel(uses, channels) -> None:
    with scene(A + B + C) as found:
        planned = plan_channels(found.use(*use) for use in uses)
        assert summary(planned, found) == channels
        assert not any(channel.held for channel in planned)


IN_A = loop("a", USE)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        (IN_A, False),
        # After the last loop no copy comes any more.
        (IN_A + USE, False),
        (USE + IN_A, True),
        (f"scf.if %guard {{ {USE} }} {IN_A}", True),
        (f"{IN_A} scf.if %guard {{ {USE} }}", False),
        # A loop around it brings the next copy.
        (f"scf.for %o = %c0 to %c4 step %c1 {{ {IN_A} {USE} }}", True),
        (f"scf.if %guard {{ {IN_A} {USE} }}", True),
        (f"scf.for %o = %c0 to %c4 step %c1 {{ {IN_A} }}", False),
        (f"scf.for %o = %c0 to %c4 step %c1 {{ {IN_A} }} {USE}", True),
        # What does not touch what is in it.
        ("%d = memref.dim %S, %c0 : !tile " + IN_A, False),
        (f"scf.for %o = %c0 to %c4 step %c1 {{ {IN_A} memref.dealloc %S : !tile }}", False),
    ],
)
def test_the_last_stage_is_held_where_a_use_may_come_before_a_copy(text: str, held: bool) -> None:
    with scene(text) as found:
        (channel,) = plan_channels([found.use("a", 0, "S", 1)])
        assert channel.held is held
        assert channel.depth == (2 if held else 1)
        (deeper,) = plan_channels([found.use("a", 0, "S", 3)])
        assert deeper.depth == 3


@pytest.mark.parametrize(
    ("between", "after", "held"), [(False, False, False), (True, False, True), (False, True, False), (True, True, True)]
)
def test_a_use_between_two_loops_of_a_channel_holds_its_stage(between: bool, after: bool, held: bool) -> None:
    text = IN_A + (USE if between else "") + loop("b", USE) + (USE if after else "")
    with scene(text) as found:
        (channel,) = plan_channels([found.use("a", 0, "S", 2), found.use("b", 0, "S", 2)])
        assert channel.held is held
        assert len(outside_users(found.tiles[0], channel.loops)) == between + after
        assert len(outside_users(found.tiles[0], channel.loops[:1])) == between + after + 1


@pytest.mark.parametrize(
    ("uses", "other", "tile"),
    [
        ([("a", 0, "S", 2)], None, ""),
        ([("a", 0, "S", 2), ("b", 0, "S", 2)], None, ""),
        ([("a", 0, "SR", 2), ("b", 0, "SR", 2)], None, ""),
        # One of them fills one tile of two.
        ([("a", 0, "SR", 2), ("b", 0, "S", 2)], "a", "R"),
        ([("a", 0, "S", 2), ("b", 0, "SR", 2)], "b", "R"),
        ([("a", 0, "SR", 2), ("b", 0, "RT", 2)], "b", "T"),
        # One loop fills both, at two places of its iteration.
        ([("a", 0, "S", 2), ("a", 1, "S", 2)], "a", "S"),
        ([("a", 0, "S", 2), ("a", 1, "R", 2), ("b", 0, "SR", 2)], "a", "R"),
    ],
)
def test_loops_share_a_channel_where_each_fills_all_its_tiles_at_once(uses, other, tile) -> None:
    with scene(A + B + C) as found:
        (channel,) = plan_channels(found.use(*use) for use in uses)
        obstacle = why_not_share(channel)
        if other is None:
            assert obstacle is None
            return
        assert obstacle is not None and obstacle.operation == found.loops[other]
        name = buffer_name(found.tiles["SRTU".index(tile)])
        assert obstacle.reason == f"another pipelined loop fills {name} together with other tiles"


@pytest.mark.parametrize(
    ("shape", "strides", "offset", "plain"),
    [
        ([4, 8, 16], [128, 16, 1], 0, True),
        ([4, 8, 16], [128, 16, 1], 5, False),
        ([4, 8, 16], [256, 16, 1], 0, False),
        ([4, 8, 16], [128, 32, 1], 0, False),
        ([4, 8, 16], [128, 16, 2], 0, False),
        ([4, 8], [8, 1], 0, True),
        ([4, 8], [1, 4], 0, False),
        ([8], [1], 0, True),
        ([8], [2], 0, False),
        ([], [], 0, True),
    ],
)
def test_the_layout_of_a_view_is_left_out_where_it_is_the_identity(shape, strides, offset, plain) -> None:
    with mlir.context():
        result = strided_memref(shape, ir.Type.parse("f16"), strides, offset, ir.Attribute.parse("3"))
        assert ("strided" in str(result)) is not plain
        assert result.get_strides_and_offset() == (strides, offset)
        assert list(result.shape) == shape and str(result.memory_space).startswith("3")
