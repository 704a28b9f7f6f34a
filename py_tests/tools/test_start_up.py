"""What importing costs: the package alone imports neither MLIR nor NumPy."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.l0_backend_agnostic


@pytest.mark.parametrize(
    ("imported", "absent"),
    [
        ("tilewright", ("numpy", "torch_mlir", "mlir", "click")),
        ("tilewright.env, tilewright.backends.registry", ("numpy", "torch_mlir", "mlir")),
        ("tilewright_tools.cli.tilewright", ("numpy", "torch_mlir", "mlir", "rich")),
        ("tilewright_tools.cli.tile_opt, tilewright_tools.opt", ("rich", "ml_dtypes", "llvmlite")),
    ],
)
def test_imports_are_lean(imported: str, absent: tuple[str, ...]):
    found = f"print(*[name for name in {absent!r} if name in sys.modules])"
    program = f"import sys; sys.path[:0] = {sys.path!r}; import {imported}; {found}"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (result.stdout.strip(), result.returncode) == ("", 0), result.stderr
