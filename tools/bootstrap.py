"""Make `.venv` with everything that the project needs, or do nothing where it is up to date.

Runs with nothing but Python's standard library. `tools/run` and `tools/test` call it before anything else; messages go
to stderr. Exit code 3: the environment cannot be made on this machine.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "tilewright.stamp"
CONSTRAINTS = ROOT / "constraints" / "ci.txt"
EXTRAS = "test,dev"
BUILD_REQUIREMENTS = ("hatchling", "editables")
OLDEST, NEWEST = (3, 10), (3, 14)


class SetupError(Exception):
    """The environment cannot be made."""


def fingerprint() -> str:
    """Changes with everything that decides what is installed: the requirements, the interpreter, the place."""
    digest = hashlib.sha256()
    for part in (ROOT / "pyproject.toml", CONSTRAINTS):
        digest.update(part.read_bytes())
    digest.update(f"{sys.version_info[:3]} {ROOT} {EXTRAS}".encode())
    return digest.hexdigest()


def run(command: list[str]) -> None:
    if subprocess.run(command, cwd=ROOT, stdout=sys.stderr).returncode != 0:
        raise SetupError(f"this command failed: {' '.join(command)}")


def make_virtual_environment() -> list[str]:
    """Create `.venv` with this interpreter; returns the command that installs into it."""
    if VENV.is_symlink():
        # What it links to is another's: clearing it would empty that.
        VENV.unlink()
    own_pip = [str(PYTHON), "-m", "pip"]
    if subprocess.run([sys.executable, "-c", "import ensurepip"], capture_output=True).returncode == 0:
        run([sys.executable, "-m", "venv", "--clear", str(VENV)])
        return own_pip
    run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)])
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode == 0:
        return [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    raise SetupError("this Python has neither ensurepip nor pip: install its venv package (python3-venv)")


def can_be_kept() -> bool:
    """Whether `.venv` works, was made here, not copied, and has this interpreter's version."""
    pip = VENV / "bin" / "pip"
    if not PYTHON.exists() or not pip.exists() or str(VENV) not in pip.read_text(errors="replace"):
        return False
    probe = [str(PYTHON), "-c", "import sys, pip; print(sys.version_info[:3])"]
    result = subprocess.run(probe, capture_output=True, text=True)
    return result.returncode == 0 and result.stdout.strip() == str(sys.version_info[:3])


def install() -> None:
    STAMP.unlink(missing_ok=True)
    pip = [str(PYTHON), "-m", "pip"] if can_be_kept() else make_virtual_environment()
    pinned = [*pip, "install", "--quiet", "--disable-pip-version-check", "--constraint", str(CONSTRAINTS)]
    # The build's own requirements are pinned as well: without isolation the constraints hold for them too.
    run([*pinned, *BUILD_REQUIREMENTS])
    run([*pinned, "--no-build-isolation", "--editable", f"{ROOT}[{EXTRAS}]"])
    STAMP.write_text(fingerprint())


def main() -> int:
    version = sys.version_info[:2]
    if not OLDEST <= version <= NEWEST:
        print(f"tilewright: error: Python {version[0]}.{version[1]} found; 3.10 to 3.14 is needed", file=sys.stderr)
        return 3
    try:
        if not (PYTHON.exists() and STAMP.exists() and STAMP.read_text() == fingerprint()):
            print("tilewright: making .venv; this is done once", file=sys.stderr)
            install()
    except (SetupError, OSError) as failure:
        print(f"tilewright: error: {failure}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
