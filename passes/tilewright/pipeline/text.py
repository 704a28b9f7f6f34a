"""The textual form of a pipeline, ``builtin.module(gpu.module(tile-plan-pipeline{strategy=async}),canonicalize)``.

A recursive-descent parser that keeps positions; it knows the syntax only, `resolve.py` knows the passes.
"""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.diagnostics import UNKNOWN_LOCATION, SourceLocation, UsageError

PIPELINE_NAME = "<pass-pipeline>"


@dataclass(frozen=True)
class Element:
    """A pass (`children` is None) with the raw text of its options, or an anchor operation with what runs under it."""

    name: str
    location: SourceLocation
    options: str | None = None
    options_location: SourceLocation = UNKNOWN_LOCATION
    children: tuple[Element, ...] | None = None

    def __str__(self) -> str:
        options = f"{{{self.options}}}" if self.options else ""
        if self.children is None:
            return f"{self.name}{options}"
        return f"{self.name}({','.join(map(str, self.children))})"


@dataclass(frozen=True)
class OptionText:
    """One option as written: ``name=value``, or only a name (`value` is None)."""

    name: str
    value: str | None
    location: SourceLocation


def parse_pipeline(text: str, source_name: str = PIPELINE_NAME) -> Element:
    """Parse a pipeline that is wrapped in its anchor; raises UsageError with the line and column of what is wrong."""
    scanner = _Scanner(text, source_name)
    root = _element(scanner)
    scanner.skip_spaces()
    if not scanner.at_end:
        raise scanner.error(f"expected the end of the pipeline, found '{scanner.peek()}'")
    if root.children is None:
        raise UsageError(f"a pipeline starts with its anchor operation: write builtin.module({text.strip()})", root.location)
    return root


def parse_options(text: str, location: SourceLocation) -> list[OptionText]:
    """Split ``a=1 b="x y" c={…}`` at its spaces; `location` is where `text` begins."""
    scanner = _Scanner(text, location.file, location)
    options: list[OptionText] = []
    scanner.skip_spaces()
    while not scanner.at_end:
        place = scanner.location
        name = scanner.take_name("an option's name")
        value = None
        if scanner.accept("="):
            value = scanner.take_value()
        options.append(OptionText(name, value, place))
        scanner.skip_spaces()
    return options


def _element(scanner: _Scanner) -> Element:
    scanner.skip_spaces()
    location = scanner.location
    name = scanner.take_name("the name of a pass or an anchor operation")
    scanner.skip_spaces()
    options, options_location = None, scanner.location
    if scanner.peek() == "{":
        options = scanner.take_braces()
        options_location = SourceLocation(options_location.file, options_location.line, options_location.column + 1)
        scanner.skip_spaces()
    if not scanner.accept("("):
        return Element(name, location, options, options_location)
    if options is not None:
        raise UsageError(f"the anchor '{name}' takes no options", options_location)
    children = _children(scanner)
    return Element(name, location, children=children)


def _children(scanner: _Scanner) -> tuple[Element, ...]:
    """What stands between the parentheses, the closing one included."""
    scanner.skip_spaces()
    if scanner.accept(")"):
        return ()
    children = [_element(scanner)]
    while True:
        scanner.skip_spaces()
        if scanner.accept(")"):
            return tuple(children)
        if not scanner.accept(","):
            found = f"'{scanner.peek()}'" if not scanner.at_end else "the end of the pipeline"
            raise scanner.error(f"expected ',' or ')', found {found}")
        children.append(_element(scanner))


class _Scanner:
    """Text with a position; `origin` is the location of its first character."""

    def __init__(self, text: str, source_name: str, origin: SourceLocation | None = None) -> None:
        self.text = text
        self.position = 0
        self.origin = origin or SourceLocation(source_name, 1, 1)

    @property
    def at_end(self) -> bool:
        return self.position >= len(self.text)

    @property
    def location(self) -> SourceLocation:
        before = self.text[: self.position]
        lines = before.count("\n")
        column = len(before) - before.rfind("\n") if lines else self.origin.column + len(before)
        return SourceLocation(self.origin.file, self.origin.line + lines, column)

    def error(self, message: str) -> UsageError:
        return UsageError(message, self.location)

    def peek(self) -> str:
        return "" if self.at_end else self.text[self.position]

    def accept(self, character: str) -> bool:
        if self.peek() != character:
            return False
        self.position += 1
        return True

    def skip_spaces(self) -> None:
        while self.peek().isspace():
            self.position += 1

    def take_name(self, what: str) -> str:
        start = self.position
        while self.peek().isalnum() or (self.peek() and self.peek() in "_-."):
            self.position += 1
        if start == self.position:
            found = f"'{self.peek()}'" if not self.at_end else "the end of the pipeline"
            raise self.error(f"expected {what}, found {found}")
        return self.text[start : self.position]

    def take_braces(self) -> str:
        """The text between a brace and the one that closes it."""
        opened = self.location
        start = self.position + 1
        depth = 0
        while not self.at_end:
            character = self.peek()
            if character in "\"'":
                self._skip_quoted(character)
                continue
            depth += (character == "{") - (character == "}")
            self.position += 1
            if depth == 0:
                return self.text[start : self.position - 1].strip()
        raise UsageError("this '{' is never closed", opened)

    def take_value(self) -> str:
        """An option's value: quoted, in braces, or up to the next space."""
        character = self.peek()
        if character and character in "\"'":
            start = self.position + 1
            self._skip_quoted(character)
            return self.text[start : self.position - 1]
        if character == "{":
            return self.take_braces()
        start = self.position
        while not self.at_end and not self.peek().isspace():
            self.position += 1
        return self.text[start : self.position]

    def _skip_quoted(self, quote: str) -> None:
        opened = self.location
        end = self.text.find(quote, self.position + 1)
        if end < 0:
            raise UsageError(f"this {quote} is never closed", opened)
        self.position = end + 1
