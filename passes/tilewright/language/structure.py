"""A check of a kernel's source: what tracing cannot see.

A `return`, `break` or `continue` that leaves a ``with tl.if_(...)`` would silently drop the rest of the kernel from the
trace, so the source is looked at, where there is one. Nothing is rewritten.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import textwrap
from collections.abc import Callable, Iterator

from tilewright.diagnostics import SourceLocation
from tilewright.language.source import fail

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_LOOPS = (ast.For, ast.While)


def check_structure(function: Callable[..., None]) -> None:
    """Raise InputError, at its line, for a jump out of a with statement."""
    code = function.__code__
    lines = linecache.getlines(code.co_filename)[code.co_firstlineno - 1 :]
    if not lines:
        return
    source = textwrap.dedent("".join(inspect.getblock(lines)))
    indentation = len(lines[0]) - len(lines[0].lstrip())
    try:
        definition = ast.parse(source).body[0]
    except SyntaxError:
        return
    for jump in _jumps(ast.iter_child_nodes(definition), inside_with=False, inside_loop=False):
        word = type(jump).__name__.lower()
        place = SourceLocation(code.co_filename, code.co_firstlineno + jump.lineno - 1, jump.col_offset + indentation + 1)
        fail(f"'{word}' leaves a with block; a trace would lose what comes after it: use tl.if_ and tl.else_", (), place)


def _jumps(nodes: Iterator[ast.AST], inside_with: bool, inside_loop: bool) -> Iterator[ast.stmt]:
    """The jumps that leave a with statement; `inside_loop`: a loop within the innermost with takes break and continue."""
    for node in nodes:
        if isinstance(node, _FUNCTIONS):
            continue
        if (isinstance(node, ast.Return) and inside_with) or (
            isinstance(node, (ast.Break, ast.Continue)) and inside_with and not inside_loop
        ):
            yield node
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            yield from _jumps(ast.iter_child_nodes(node), inside_with=True, inside_loop=False)
        else:
            looping = inside_loop or isinstance(node, _LOOPS)
            yield from _jumps(ast.iter_child_nodes(node), inside_with, looping)
