"""`tile-run`: execute a kernel, after every pass if wished."""

from __future__ import annotations

from typing import Any

import click

from tilewright_tools.cli.common import run_tool


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}, name="tile-run")
@click.argument("file")
@click.option("--entry", metavar="NAME", help="The kernel to run, where the file holds several.")
@click.option("--target", metavar="NAME", help="The target, for example cuda:sm_90a (default: TILEWRIGHT_COMPILE_BACKEND).")
@click.option("--runtime", metavar="NAME", help="What executes the kernel (default: TILEWRIGHT_RUNTIME_KIND).")
@click.option("--pass-pipeline", metavar="TEXT", help="The pipeline (default: that of the target).")
@click.option("--arg", "arguments", multiple=True, metavar="NAME=…",
              help="random[:LO:HI], zeros, ones, VALUE or FILE.npy; HI is not included. Default: random.")  # fmt: skip
@click.option("--shape", "shapes", multiple=True, metavar="NAME=AxB", help="The shape of a dynamic argument.")
@click.option("--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="Of build(), for a kernel in Python.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="For random arguments.")
@click.option("--simulate-each", is_flag=True, help="Execute after every pass; without it, the input form and the last.")
@click.option("--blocks", default="all", show_default=True, metavar="all|N|x,y,z", help="The thread blocks to execute.")
@click.option("--tolerance", type=click.FloatRange(min=0), help="The absolute error allowed (default: by dtype).")
@click.option("--save-args", metavar="DIR", help="Write the arguments after the last stage, one .npy each.")
@click.option("--json", "json_file", metavar="FILE", help="Write what happened at each stage; - is stdout, without the table.")
@click.option("--print-ir-tree-dir", metavar="DIR", help="Write the IR of every stage into this folder.")
def tile_run(file: str, target: str | None, runtime: str | None, **options: Any) -> int:
    """Execute the kernel in FILE (.mlir or .py; - is tile IR from stdin) before and after its passes.

    Every memref argument must end up as it does in the input form. Exit code: 0 every stage is right, 1 the input or a
    stage is wrong, 2 wrong usage, 3 something is missing on this machine.
    """
    from tilewright.backends.registry import check_runtime, find_target, target_from_environment
    from tilewright.env import environment

    settings = environment()
    default_target = target_from_environment(settings)
    chosen = find_target(target) if target is not None else default_target
    origin = "--runtime" if runtime is not None else "TILEWRIGHT_RUNTIME_KIND"
    check_runtime(chosen, runtime if runtime is not None else settings.runtime_kind, origin=origin)
    return _run(file, chosen, options, compile_only=settings.compile_only)


def _run(file: str, target: Any, options: dict[str, Any], *, compile_only: bool) -> int:
    from tilewright.runtime.arguments import parse_argument, parse_shape
    from tilewright.runtime.stages import StageOptions
    from tilewright.simulator import parse_blocks
    from tilewright_tools.run import RunOptions, parse_parameters, run_file

    which = "none" if compile_only else "each" if options["simulate_each"] else "ends"
    stages = StageOptions(which, parse_blocks(options["blocks"]), options["tolerance"], options["seed"])
    run_options = RunOptions(
        target,
        stages,
        entry=options["entry"],
        pipeline=options["pass_pipeline"] or "",
        arguments=dict(parse_argument(text) for text in options["arguments"]),
        shapes=dict(parse_shape(text) for text in options["shapes"]),
        parameters=parse_parameters(options["parameters"]),
        save_folder=options["save_args"],
        json_file=options["json_file"],
        tree_folder=options["print_ir_tree_dir"],
    )
    return run_file(file, run_options)


def main() -> None:
    run_tool("tile-run", tile_run)


if __name__ == "__main__":
    main()
