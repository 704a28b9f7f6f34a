# `dialects.ext` takes class keywords that a type checker cannot see.
# pyright: reportGeneralTypeIssues=false, reportCallIssue=false
"""Operations of a scheduled loop: its statements, and which version of a buffer an iteration uses."""

from tilewright.ir.dialect import Tile
from tilewright.ir.verify import integer, require, verified
from tilewright.mlir import ext, ir


class StatementOp(Tile.Operation, name="statement", traits=[ir.NoTerminatorTrait]):
    """One scheduled statement of a pipelined loop, guards inside it.

    `stage`: how many iterations it runs after the loop's first stage. `order`: its position among the statements of one
    step, unique in the loop. `group`: the asynchronous group that its copies are committed in, or -1.
    """

    stage: ir.IntegerAttr
    order: ir.IntegerAttr
    group: ir.IntegerAttr
    body: ext.Region

    @verified
    def verify_invariants(self):
        integer(self, "stage", 0)
        integer(self, "order", 0)
        integer(self, "group", -1)
        # Not necessarily in a loop: canonicalization inlines a loop of one iteration, statements and all.
        parent = self.operation.parent
        require(parent is None or parent.name != "tile.statement", "must not stand in another tile.statement")
        blocks = list(self.regions[0].blocks)
        # Canonicalization may empty a statement whose guard is never true; an empty region prints without its block.
        require(len(blocks) <= 1, "has one block")
        require(all(len(block.arguments) == 0 for block in blocks), "has a block without arguments")


class StageIndexOp(Tile.Operation, name="stage_index", traits=[ext.Pure]):
    """The version of a buffer that `iteration` uses: iteration mod versions, in [0, versions) for -1 as well."""

    iteration: ext.Operand[ir.IndexType]
    versions: ir.IntegerAttr
    version: ext.Result[ir.IndexType]

    @verified
    def verify_invariants(self):
        integer(self, "versions", 1)


class PhaseOp(Tile.Operation, name="phase", traits=[ext.Pure]):
    """The parity that `iteration` waits for on a ring of `stages` mbarriers.

    (iteration div stages + initial) mod 2. A consumer waits with initial = 0; a producer, whose first wait on each
    barrier must pass at once, with initial = 1.
    """

    iteration: ext.Operand[ir.IndexType]
    stages: ir.IntegerAttr
    initial: ir.IntegerAttr
    parity: ext.Result[ir.IndexType]

    @verified
    def verify_invariants(self):
        integer(self, "stages", 1)
        initial = integer(self, "initial", 0)
        require(initial <= 1, f"has initial = {initial}; a parity is 0 or 1")
