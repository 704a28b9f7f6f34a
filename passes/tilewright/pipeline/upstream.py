"""Passes of MLIR that tile pipelines use, with their options: for --help and for suggestions only.

Any other pass of MLIR can be named in a pipeline as well.
"""

from __future__ import annotations

UPSTREAM_PASSES: dict[str, tuple[str, ...]] = {
    "affine-expand-index-ops": (),
    "affine-simplify-structures": (),
    "canonicalize": (
        "cse-between-iterations",
        "disable-patterns",
        "enable-patterns",
        "max-iterations",
        "max-num-rewrites",
        "region-simplify",
        "test-convergence",
        "top-down",
    ),
    "convert-linalg-to-loops": (),
    "convert-scf-to-cf": (),
    "cse": (),
    "expand-strided-metadata": (),
    "fold-memref-alias-ops": (),
    "inline": ("default-pipeline", "inlining-threshold", "max-iterations", "op-pipelines"),
    "loop-invariant-code-motion": (),
    "lower-affine": (),
    "memref-expand": (),
    "resolve-shaped-type-result-dims": ("error-on-pattern-iteration-limit",),
    "sccp": (),
    "scf-forall-to-for": (),
    "strip-debuginfo": (),
    "symbol-dce": (),
}


def option_names(argument: str) -> tuple[str, ...]:
    """The options of a pass of MLIR that are known here."""
    return UPSTREAM_PASSES.get(argument, ())
