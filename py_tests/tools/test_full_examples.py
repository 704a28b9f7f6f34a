"""Every example at the shapes of practice goes through all passes, and its pipelined loops get their pipelines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tilewright import mlir
from tilewright.backends.registry import find_target
from tilewright.ir.kernel import kernels_in
from tilewright.language.loading import kernels_of, load_module
from tilewright.runtime.stages import StageOptions, run_stages
from tilewright_tools.examples import example_files

pytestmark = pytest.mark.l1a_compile_no_target_dialect

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PATHS = example_files(EXAMPLES)


@pytest.mark.parametrize("target", ["cuda:sm_90a", "cuda:sm_80"])
@pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])
def test_full_parameters_pass_through_the_pipeline(path: Path, target: str):
    module = load_module(path)
    chosen = find_target(target)
    for kernel in kernels_of(module.build(**module.FULL)):
        with mlir.context() as sink:
            traced = kernel.module()
            found = kernels_in(traced.operation)[0]
            nothing = [None] * len(found.arguments)
            options = StageOptions("none")
            report = run_stages(traced.operation, found, nothing, chosen, chosen.default_pipeline, sink, options)
            assert report.ok
            assert len(report.stages) == 5
            unpipelined = [d.message for d in sink.diagnostics if d.message.startswith("loop not pipelined")]
            assert unpipelined == []
