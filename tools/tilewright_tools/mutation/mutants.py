"""The mutants of a source file: found in its syntax tree, in the order of the text, the same ones every time."""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tilewright_tools.mutation.rules import Change, changes

# Calls whose arguments are what a person reads.
TEXT_CALLS = {"error", "remark", "fail", "Remark", "Note", "Diagnostic"}
DESCRIPTIONS = {"__repr__", "__str__", "describe"}


@dataclass(frozen=True)
class Mutant:
    """One fault: `original` becomes `mutated` in `function` of `file`, at `line`.

    `id` survives edits elsewhere in the file; `scope_hash`, over the outermost function or class around the fault, says
    whether a result still holds. `imported` says that importing the module executes the line, and no test in particular.
    """

    id: str
    file: str
    line: int
    function: str
    rule: str
    original: str
    mutated: str
    start: int
    end: int
    replacement: str
    scope_hash: str
    imported: bool

    def apply(self, source: str) -> str:
        data = source.encode()
        return (data[: self.start] + self.replacement.encode() + data[self.end :]).decode()

    @property
    def diff(self) -> str:
        return f"{self.file}:{self.line} in {self.function} [{self.rule}]\n  - {self.original}\n  + {self.mutated}"


def mutants_of(source: str, file: str) -> list[Mutant]:
    """All mutants of the module `source`, whose path in the project is `file`."""
    tree = ast.parse(source)
    text = _Text(source)
    found: list[Mutant] = []
    seen: Counter[tuple[str, ...]] = Counter()
    for scope, function, imported, change in _walk(tree):
        start, end = text.span(change.old)
        replacement = ast.unparse(change.new)
        if isinstance(change.old, ast.expr) and not isinstance(change.new, (ast.Constant, ast.Name)):
            replacement = f"({replacement})"
        original, mutated = text.line_around(start, end, text.slice(start, end)), text.line_around(start, end, replacement)
        key = (file, function, change.rule, original, mutated)
        seen[key] += 1
        identity = hashlib.sha256("\0".join((*key, str(seen[key]))).encode()).hexdigest()[:10]
        scope_hash = hashlib.sha256(text.slice(*text.span(scope)).encode()).hexdigest()[:10]
        line = getattr(change.old, "lineno", 0)
        found.append(
            Mutant(
                identity, file, line, function, change.rule, original, mutated, start, end, replacement, scope_hash, imported
            )
        )
    distinct = {(mutant.start, mutant.end, mutant.replacement): mutant for mutant in reversed(found)}
    return sorted(distinct.values(), key=lambda mutant: (mutant.start, mutant.end, mutant.replacement))


def _walk(tree: ast.Module) -> Iterator[tuple[ast.AST, str, bool, Change]]:
    """Every change, with the top-level statement around it, the function that it is in, and whether an import runs it."""
    for statement in tree.body:
        yield from _walk_node(statement, tree, statement, "<module>", True)


def _walk_node(node: ast.AST, parent: ast.AST, scope: ast.AST, function: str, imported: bool):
    if _is_left_alone(node):
        return
    for change in changes(node, parent):
        yield scope, function, imported, change
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        name = node.name if function == "<module>" else f"{function}.{node.name}"
        inner_imported = imported and isinstance(node, ast.ClassDef)
        if not isinstance(node, ast.ClassDef):
            for default in [*node.args.defaults, *(default for default in node.args.kw_defaults if default is not None)]:
                yield from _walk_node(default, node, scope, name, imported)
        for child in node.body:
            yield from _walk_node(child, node, scope, name, inner_imported)
        return
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _walk_node(child, node, scope, function, imported)


def _is_left_alone(node: ast.AST) -> bool:
    """Texts for people, types and checks of what cannot happen."""
    match node:
        case ast.JoinedStr() | ast.Import() | ast.ImportFrom() | ast.Assert():
            return True
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.FunctionDef(name=name) if name in DESCRIPTIONS:
            return True
        case ast.keyword(arg="strict"):
            return True
        case ast.AnnAssign(value=None):
            return True
        case ast.Assign(targets=[ast.Name()], value=ast.Subscript(value=ast.Name(id="Literal" | "Callable"))):
            return True
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
            return name in TEXT_CALLS or name.endswith(("Error", "Failure"))
    return False


class _Text:
    """Places in a source file as byte offsets."""

    def __init__(self, source: str) -> None:
        self.data = source.encode()
        self.starts = [0]
        for line in self.data.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def span(self, node: ast.AST) -> tuple[int, int]:
        place: ast.expr = node  # type: ignore[assignment]
        assert place.end_lineno is not None and place.end_col_offset is not None
        start = self.starts[place.lineno - 1] + place.col_offset
        return start, self.starts[place.end_lineno - 1] + place.end_col_offset

    def slice(self, start: int, end: int) -> str:
        return self.data[start:end].decode()

    def line_around(self, start: int, end: int, text: str) -> str:
        """The line, or the lines, around a place with `text` in it, on one line."""
        first = self.data.rfind(b"\n", 0, start) + 1
        last = self.data.find(b"\n", end)
        last = len(self.data) if last < 0 else last
        return " ".join((self.slice(first, start) + text + self.slice(end, last)).split())
