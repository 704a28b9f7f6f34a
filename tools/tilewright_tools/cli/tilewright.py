"""`tilewright <command>`: what is not about one file."""

from __future__ import annotations

import json

import click

from tilewright.env import Setting, environment
from tilewright_tools.cli.common import run_tool
from tilewright_tools.cli.fuzz import fuzz
from tilewright_tools.cli.mutate import mutate


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def tilewright() -> None:
    """Tilewright: a tile compiler whose passes are executed, one by one, on a CPU."""


@tilewright.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, by variable.")
def env(as_json: bool) -> None:
    """Print the environment variables: value, source and default."""
    settings = environment().settings
    if as_json:
        print(json.dumps({setting.variable.name: _record(setting) for setting in settings}, indent=2))
        return
    width = max(len(setting.variable.name) for setting in settings)
    for setting in settings:
        default = _shown(setting.variable.default)
        print(f"{setting.variable.name:{width}} = {_shown(setting.value)}  ({setting.source}; default: {default})")
        print(f"{'':{width}}   {setting.variable.summary}")


@tilewright.command()
def targets() -> None:
    """List the targets of the backends that are installed."""
    from tilewright.backends.registry import all_targets, find_target

    for name in all_targets():
        target = find_target(name)
        print(f"{name}: runtimes {', '.join(target.runtimes)}")


@tilewright.command()
@click.argument("folder", default="examples")
@click.option("--only", multiple=True, metavar="NAME", help="Only these examples, by file name without .py.")
@click.option("--target", default="sim", show_default=True, metavar="NAME", help="The target.")
@click.option("--pass-pipeline", default="", metavar="TEXT", help="The pipeline (default: that of the target).")
def examples(folder: str, only: tuple[str, ...], target: str, pass_pipeline: str) -> int:
    """Run the kernels of a folder of examples at small shapes, executing them after every pass."""
    from tilewright.backends.registry import find_target
    from tilewright_tools.examples import run_examples

    return run_examples(folder, only, find_target(target), pass_pipeline)


tilewright.add_command(fuzz)
tilewright.add_command(mutate)


def _record(setting: Setting) -> dict[str, object]:
    variable = setting.variable
    return {
        "value": setting.value,
        "source": setting.source,
        "default": variable.default,
        "type": variable.kind,
        "summary": variable.summary,
    }


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, tuple):
        return ",".join(value) or "(empty)"
    return str(value) if value != "" else "(empty)"


def main() -> None:
    run_tool("tilewright", tilewright)


if __name__ == "__main__":
    main()
