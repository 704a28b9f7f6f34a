"""`tile-opt`: run passes over tile IR."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from tilewright.diagnostics import UsageError
from tilewright.names import nearest
from tilewright.pipeline.registry import PassRegistry, builtin_registry
from tilewright.pipeline.upstream import UPSTREAM_PASSES
from tilewright_tools.cli.common import run_tool

PASS_FLAGS = "tilewright.pass_flags"


class PassFlagCommand(click.Command):
    """A command that takes every pass as a flag too, ``--canonicalize`` or ``--tile-plan-pipeline=strategy=async``.

    The flags are taken out before click parses the rest, because their order among each other matters.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = {*builtin_registry().arguments(), *UPSTREAM_PASSES}
        rest: list[str] = []
        flags: list[str] = []
        remaining = list(args)
        while remaining:
            argument = remaining.pop(0)
            name, equals, options = argument.lstrip("-").partition("=")
            if argument == "--":
                rest += [argument, *remaining]
                break
            if argument.startswith("-") and name in known:
                flags.append(f"{name}{{{options}}}" if equals else name)
            else:
                rest.append(argument)
        ctx.meta[PASS_FLAGS] = flags
        try:
            return super().parse_args(ctx, rest)
        except click.NoSuchOption as failure:
            found = nearest(failure.option_name.lstrip("-"), [*known, *_long_names(self.params)])
            hint = f"; did you mean '--{found}'?" if found else ""
            raise click.UsageError(f"unknown pass or option '{failure.option_name}'{hint}", ctx) from failure

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Passes, as flags or in --pass-pipeline"):
            formatter.write_dl(_pass_rows(builtin_registry()))
        with formatter.section("Passes of MLIR (any other can be named in --pass-pipeline)"):
            formatter.write_dl([(f"--{name}", ", ".join(options)) for name, options in UPSTREAM_PASSES.items()])
        super().format_epilog(ctx, formatter)


def _long_names(parameters: Iterable[click.Parameter]) -> list[str]:
    return [option.lstrip("-") for parameter in parameters for option in parameter.opts if option.startswith("--")]


def _pass_rows(registry: PassRegistry) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for entry in registry.entries:
        rows.append((f"--{entry.argument}", entry.summary()))
        rows += [(f"    {option.name}=", f"{option.type_name} (default: {option.default})") for option in entry.options()]
    return rows


def _names(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for value in values for name in value.split(","))


@click.command(
    cls=PassFlagCommand, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}, name="tile-opt"
)
@click.argument("file", required=False)
@click.option("--pass-pipeline", metavar="TEXT", help="The pipeline, or 'default' for that of the target.")
@click.option("--target", metavar="NAME", help="The target, for example cuda:sm_90a (default: TILEWRIGHT_COMPILE_BACKEND).")
@click.option("-o", "output", default="-", metavar="FILE", help="Where the IR goes; - is stdout.")
@click.option("--split-input-file", is_flag=True, help="Process the parts between '// -----' lines on their own.")
@click.option("--verify-diagnostics", is_flag=True, help="Check the diagnostics against '// expected-error {{…}}' comments.")
@click.option("--verify-each", default=True, type=bool, is_flag=False, flag_value="true", help="Verify after each pass.")
@click.option("--verify-roundtrip", is_flag=True, help="Check that the printed IR parses to the same.")
@click.option("--dump-pass-pipeline", is_flag=True, help="Print the pipeline; without one, the target's default.")
@click.option("--print-decisions", type=click.Choice(["text", "json"]), is_flag=False, flag_value="text",
              help="Print what the passes decided: comments before the IR, or JSON in its place.")  # fmt: skip
@click.option("--print-ir-before", multiple=True, callback=_names, metavar="PASS", help="Print the IR before this pass.")
@click.option("--print-ir-after", multiple=True, callback=_names, metavar="PASS", help="Print the IR after this pass.")
@click.option("--print-ir-before-all", is_flag=True, help="Print the IR before every pass.")
@click.option("--print-ir-after-all", is_flag=True, help="Print the IR after every pass.")
@click.option("--print-ir-after-change", is_flag=True, help="Print the IR after every pass that changed it.")
@click.option("--print-ir-after-failure", is_flag=True, help="Print the IR that a failed pass left.")
@click.option("--print-ir-tree-dir", metavar="DIR", help="Write the IR of every stage into this folder.")
@click.option("--timing", type=click.Choice(["text", "json"]), is_flag=False, flag_value="text", help="Report pass times.")
@click.option("--statistics", is_flag=True, help="Report the operations that each pass added and removed.")
@click.option("--mlir-print-debuginfo", is_flag=True, help="Print locations.")
@click.pass_context
def tile_opt(context: click.Context, file: str | None, pass_pipeline: str | None, target: str | None, **options: Any) -> int:
    """Run passes over the tile IR in FILE (- is stdin) and print the result.

    Exit code: 0 fine, 1 the input or a check failed, 2 wrong usage, 3 something is missing on this machine.
    """
    from tilewright.backends.registry import find_target, target_from_environment
    from tilewright.env import environment
    from tilewright_tools.opt import optimize

    default_target = target_from_environment(environment())
    chosen = find_target(target) if target is not None else default_target
    if file is None and not options["dump_pass_pipeline"]:
        raise UsageError("an input FILE is needed; - is stdin")
    flags = context.meta[PASS_FLAGS]
    if pass_pipeline is not None and flags:
        raise UsageError("give either --pass-pipeline or passes as flags, not both")
    if pass_pipeline == "default":
        pass_pipeline = chosen.default_pipeline
    pipeline = pass_pipeline if pass_pipeline is not None else f"builtin.module({','.join(flags)})" if flags else ""
    if pass_pipeline is not None and not pass_pipeline.strip():
        raise UsageError("--pass-pipeline is empty; write builtin.module(…)")
    return optimize(file, _opt_options(chosen, pipeline, options))


def _opt_options(target: Any, pipeline: str, options: dict[str, Any]) -> Any:
    from tilewright.pipeline.instrumentation.print_ir import PrintPolicy
    from tilewright_tools.opt import OptOptions

    printing = PrintPolicy(
        before=options["print_ir_before"],
        after=options["print_ir_after"],
        before_all=options["print_ir_before_all"],
        after_all=options["print_ir_after_all"],
        after_change=options["print_ir_after_change"],
        after_failure=options["print_ir_after_failure"],
        debug_info=options["mlir_print_debuginfo"],
    )
    same_name = ("output", "split_input_file", "verify_diagnostics", "verify_each", "verify_roundtrip")
    return OptOptions(
        target,
        pipeline,
        **{name: options[name] for name in same_name},
        debug_info=options["mlir_print_debuginfo"],
        dump_pass_pipeline=options["dump_pass_pipeline"],
        statistics=options["statistics"],
        timing=options["timing"],
        decisions=options["print_decisions"],
        tree_folder=options["print_ir_tree_dir"],
        printing=printing,
    )


def main() -> None:
    run_tool("tile-opt", tile_opt)


if __name__ == "__main__":
    main()
