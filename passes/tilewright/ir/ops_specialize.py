# `dialects.ext` takes class keywords that a type checker cannot see.
# pyright: reportGeneralTypeIssues=false, reportCallIssue=false
"""Specialized warps, and the mbarriers between them."""

from tilewright.ir.dialect import MbarrierType, Tile
from tilewright.ir.verify import boolean, integer, require, string, verified
from tilewright.mlir import ext, ir

REGISTER_RANGE = (24, 240)


class SpecializeOp(Tile.Operation, name="specialize", traits=[ir.NoTerminatorTrait]):
    """Warp groups that start together and join at the end; nothing else stands in its body."""

    body: ext.Region

    @verified
    def verify_invariants(self):
        blocks = list(self.regions[0].blocks)
        operations = list(blocks[0].operations) if len(blocks) == 1 else []
        require(len(operations) > 0, "needs one block with at least one tile.warp_group")
        for operation in operations:
            name = operation.operation.name
            require(name == "tile.warp_group", f"holds {name}; only tile.warp_group may stand in it")


class WarpGroupOp(Tile.Operation, name="warp_group", traits=[ir.NoTerminatorTrait]):
    """The program of `warps` warps in one role, with an optional budget of `registers` for each thread.

    An arrive in it counts all its threads. Two consumer warp groups of one role are one operation with warps = 8.
    """

    role: ir.StringAttr
    warps: ir.IntegerAttr
    body: ext.Region

    @verified
    def verify_invariants(self):
        integer(self, "warps", 1)
        require(string(self, "role") != "", "needs a role that is not empty")
        parent = self.operation.parent
        require(parent is not None and parent.name == "tile.specialize", "must stand in a tile.specialize")
        blocks = list(self.regions[0].blocks)
        require(len(blocks) == 1 and len(blocks[0].arguments) == 0, "has one block without arguments")
        if "registers" in self.attributes:
            registers = integer(self, "registers", 0)
            low, high = REGISTER_RANGE
            legal = low <= registers <= high and registers % 8 == 0
            require(legal, f"has registers = {registers}; a budget is a multiple of 8 from {low} to {high}")


class MbarrierInitOp(Tile.Operation, name="mbarrier_init"):
    """A ring of `stages` mbarriers, each of which completes a phase after `arrivals` arrivals and all bytes expected."""

    arrivals: ir.IntegerAttr
    stages: ir.IntegerAttr
    mbarrier: ext.Result[MbarrierType]

    @verified
    def verify_invariants(self):
        integer(self, "arrivals", 1)
        integer(self, "stages", 1)


class MbarrierArriveOp(Tile.Operation, name="mbarrier_arrive"):
    """Arrive on one stage: once for each thread of the warp group, or once in all with ``elect = true``.

    With ``after_copies = true`` it does not wait, and the arrival of a thread takes place when all asynchronous copies that
    the thread has started so far, by `copy_async`, have landed. It is one of the arrivals that the mbarrier is
    initialised for (`cp.async.mbarrier.arrive.noinc` of PTX).
    """

    mbarrier: ext.Operand[MbarrierType]
    stage: ext.Operand[ir.IndexType]

    @verified
    def verify_invariants(self):
        flags = [boolean(self, name) for name in ("elect", "after_copies") if name in self.attributes]
        require(flags != [True, True], "has elect and after_copies; each thread arrives after its own copies")


class MbarrierExpectOp(Tile.Operation, name="mbarrier_expect"):
    """Add `bytes` to what the current phase of one stage waits for."""

    mbarrier: ext.Operand[MbarrierType]
    stage: ext.Operand[ir.IndexType]
    bytes: ir.IntegerAttr

    @verified
    def verify_invariants(self):
        integer(self, "bytes", 1)


class MbarrierWaitOp(Tile.Operation, name="mbarrier_wait"):
    """Wait until the phase of `parity` (0 or 1) of one stage has completed."""

    mbarrier: ext.Operand[MbarrierType]
    stage: ext.Operand[ir.IndexType]
    parity: ext.Operand[ir.IndexType]
