"""`--verify-diagnostics`: comments against diagnostics."""

from __future__ import annotations

import pytest

from tilewright.diagnostics import Diagnostic, Note, SourceLocation
from tilewright_tools.testing.expected_diagnostics import parse_expectations, verify_diagnostics

pytestmark = pytest.mark.l0_backend_agnostic


def at(line: int, message: str, severity: str = "error", notes: tuple[Note, ...] = ()) -> Diagnostic:
    location = SourceLocation("f.mlir", line, 1) if line else SourceLocation()
    return Diagnostic(severity, message, location, notes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("comment", "line"),
    [
        ("expected-error {{x}}", 2),
        ("expected-error@+2 {{x}}", 4),
        ("expected-error@-1 {{x}}", 1),
        ("expected-error @+1 {{x}}", 3),
        ("expected-error@above {{x}}", 1),
        ("expected-error@below {{x}}", 3),
        ("expected-error@unknown {{x}}", None),
    ],
)
def test_places(comment: str, line: int | None):
    expectations, problems = parse_expectations(f"one\n// {comment}\nthree\n", "f.mlir")
    assert problems == []
    assert [expectation.line for expectation in expectations] == [line]


def test_above_and_below_pass_over_other_comments():
    text = "op\n// expected-error@above {{a}}\n// expected-error@above {{b}}\n"
    assert [e.line for e in parse_expectations(text, "f.mlir")[0]] == [1, 1]


def test_everything_expected_is_no_problem():
    text = "// expected-error@+1 {{bad op}}\nop // expected-remark {{so so}}\n// expected-note@unknown {{see}}\n"
    found = [at(2, "a bad op", notes=(Note("see here"),)), at(2, "it is so so", "remark")]
    assert verify_diagnostics(text, "f.mlir", found) == []


@pytest.mark.parametrize("found", [at(3, "bad"), at(2, "other"), at(2, "bad", "warning"), at(0, "bad")])
def test_another_line_text_or_kind_is_unexpected_and_missing(found: Diagnostic):
    problems = [problem.message for problem in verify_diagnostics("// expected-error@+1 {{bad}}\nop\n", "f.mlir", [found])]
    assert problems == [f"unexpected {found.severity}: {found.message}", 'expected error "bad" was not produced']


def test_two_expectations_need_two_diagnostics():
    text = "op // expected-error {{bad}}\n// expected-error@-1 {{bad}}\n"
    assert len(verify_diagnostics(text, "f.mlir", [at(1, "bad")])) == 1
    assert verify_diagnostics(text, "f.mlir", [at(1, "bad"), at(1, "bad")]) == []


def test_a_regular_expression_stands_in_inner_braces():
    text = "op // expected-error-re {{size {{[0-9]+}} of (all)}}\n"
    assert verify_diagnostics(text, "f.mlir", [at(1, "size 12 of (all)")]) == []
    assert verify_diagnostics(text, "f.mlir", [at(1, "size x of (all)")]) != []


MALFORMED = ["expected-error: x", "expected-error@ {{x}}", "expected-error {{x", "expected-error-re {{a {{(}} b}}"]


@pytest.mark.parametrize("comment", MALFORMED)
def test_a_malformed_comment_is_a_problem(comment: str):
    assert len(verify_diagnostics(f"// {comment}\n", "f.mlir", [])) == 1
