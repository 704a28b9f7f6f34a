"""What a mutation may change: for one node of a syntax tree, the nodes that can stand in its place.

| Rule | A mutant has |
|---|---|
| compare | a comparison negated, or with equality gained or lost |
| force | a condition that always or never holds |
| rule | a branch that leaves (return, raise, continue, break) never taken |
| boolean | `and` and `or` swapped, one operand left out, `not` dropped |
| constant | a number one larger, a truth value flipped, a name that is compared or looked up misspelt |
| arithmetic | an operator swapped, a sign dropped |
| call | min and max or any and all swapped, an order not established |
| return | None returned instead of a value |
| drop | a statement without a value left out |
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import NamedTuple

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.GtE, ast.LtE),
    ast.LtE: (ast.Gt, ast.Lt),
    ast.Gt: (ast.LtE, ast.GtE),
    ast.GtE: (ast.Lt, ast.Gt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.BitXor: ast.BitOr,
}
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list", "reversed": "iter"}
LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)
MISSPELT = "_mutated"


class Change(NamedTuple):
    """By `rule`, `new` in place of `old`, which is the node itself or one of its children."""

    rule: str
    old: ast.AST
    new: ast.AST


def changes(node: ast.AST, parent: ast.AST) -> Iterator[Change]:
    """Every mutation at `node`; those inside its children are theirs."""
    match node:
        case ast.Compare():
            yield from _comparisons(node)
        case ast.If():
            leaves = len(node.body) == 1 and isinstance(node.body[0], LEAVING) and not node.orelse
            yield Change("rule" if leaves else "force", node.test, ast.Constant(False))
            yield Change("force", node.test, ast.Constant(True))
        case ast.IfExp():
            yield Change("force", node.test, ast.Constant(False))
            yield Change("force", node.test, ast.Constant(True))
        case ast.While():
            yield Change("force", node.test, ast.Constant(False))
        case ast.comprehension():
            yield from (Change("force", condition, ast.Constant(True)) for condition in node.ifs)
        case ast.BoolOp():
            swapped = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield Change("boolean", node, ast.BoolOp(swapped, node.values))
            for left_out in range(len(node.values)):
                rest = [value for index, value in enumerate(node.values) if index != left_out]
                yield Change("boolean", node, rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest))
        case ast.UnaryOp(op=ast.Not()):
            yield Change("boolean", node, node.operand)
        case ast.UnaryOp(op=ast.USub()):
            yield Change("arithmetic", node, node.operand)
        case ast.BinOp(op=operator) if type(operator) in ARITHMETIC and not _is_text(node):
            yield Change("arithmetic", node, ast.BinOp(node.left, ARITHMETIC[type(operator)](), node.right))
        case ast.Constant(value=bool() as value):
            yield Change("constant", node, ast.Constant(not value))
        case ast.Constant(value=int() as value):
            yield Change("constant", node, ast.Constant(value + 1))
        case ast.Constant(value=str() as value) if value and _is_looked_up(node, parent):
            yield Change("constant", node, ast.Constant(value + MISSPELT))
        case ast.Call(func=ast.Name(id=name)) if name in CALLS and not (node.keywords and name == "sorted"):
            yield Change("call", node.func, ast.Name(CALLS[name], ast.Load()))
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield Change("return", value, ast.Constant(None))
        case ast.Expr(value=ast.Call()) | ast.Continue() | ast.Break() | ast.Raise() | ast.AugAssign():
            yield Change("drop", node, ast.Pass())
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
            yield Change("drop", node, ast.Pass())


def _comparisons(node: ast.Compare) -> Iterator[Change]:
    for position, operator in enumerate(node.ops):
        for other in COMPARISONS[type(operator)]:
            changed = copy.copy(node)
            changed.ops = [*node.ops[:position], other(), *node.ops[position + 1 :]]
            yield Change("compare", node, changed)


def _is_text(node: ast.BinOp) -> bool:
    """Whether an operation puts a text together: what a person reads is not mutated."""
    return any(
        isinstance(part, ast.JoinedStr) or (isinstance(part, ast.Constant) and isinstance(part.value, str))
        for part in (node.left, node.right)
    )


def _is_looked_up(node: ast.Constant, parent: ast.AST) -> bool:
    """Whether a text is a name in the IR rather than something that a person reads."""
    match parent:
        case ast.Compare() | ast.Subscript() | ast.Set():
            return True
        case ast.Dict():
            return any(key is node for key in parent.keys)
        case ast.Tuple():
            return isinstance(node.value, str) and "." in node.value and " " not in node.value
    return False
