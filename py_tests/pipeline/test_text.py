"""The syntax of textual pipelines: what parses to what, and where an error is."""

from __future__ import annotations

import pytest

from tilewright.diagnostics import SourceLocation, UsageError
from tilewright.pipeline.text import parse_options, parse_pipeline

pytestmark = pytest.mark.l0_backend_agnostic


def test_nesting_and_options_are_kept():
    root = parse_pipeline("builtin.module(gpu.module(tile-plan-pipeline{strategy=async},gpu.func(cse)), canonicalize )")
    assert root.name == "builtin.module"
    assert root.children is not None
    device, canonicalize = root.children
    assert device.children is not None
    assert [child.name for child in device.children] == ["tile-plan-pipeline", "gpu.func"]
    assert device.children[0].options == "strategy=async"
    assert canonicalize.children is None
    assert str(root) == "builtin.module(gpu.module(tile-plan-pipeline{strategy=async},gpu.func(cse)),canonicalize)"


def test_an_anchor_may_be_empty():
    assert parse_pipeline("builtin.module()").children == ()


def test_options_may_hold_quotes_and_braces():
    options = parse_options('a=1 b="x y" c={d=2 e=3} flag', SourceLocation("p", 1, 10))
    assert [(option.name, option.value) for option in options] == [("a", "1"), ("b", "x y"), ("c", "d=2 e=3"), ("flag", None)]
    assert options[1].location == SourceLocation("p", 1, 14)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "expected the name of a pass"),
        ("builtin.module(", 1, 16, "expected the name of a pass"),
        ("builtin.module(cse", 1, 19, "expected ',' or ')'"),
        ("builtin.module(cse,)", 1, 20, "expected the name of a pass"),
        ("builtin.module(cse cse)", 1, 20, "expected ',' or ')', found 'c'"),
        ("builtin.module(cse)x", 1, 20, "expected the end of the pipeline"),
        ("builtin.module(\n  cse,\n  ,)", 3, 3, "expected the name of a pass"),
        ("builtin.module(cse{a=1)", 1, 19, "this '{' is never closed"),
        ("builtin.module(cse{a='x)", 1, 22, "this ' is never closed"),
        ("builtin.module{a=1}(cse)", 1, 16, "the anchor 'builtin.module' takes no options"),
        ("cse", 1, 1, "starts with its anchor operation: write builtin.module(cse)"),
    ],
)
def test_errors_have_a_line_and_a_column(text: str, line: int, column: int, message: str):
    with pytest.raises(UsageError) as caught:
        parse_pipeline(text)
    assert message in str(caught.value)
    assert caught.value.diagnostic.location == SourceLocation("<pass-pipeline>", line, column)
