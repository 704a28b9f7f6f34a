"""From the text of a pipeline to its steps: each a pass of the project or of MLIR, under a path of anchor operations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilewright.diagnostics import UsageError
from tilewright.mlir import passmanager
from tilewright.names import did_you_mean
from tilewright.pipeline.native_stderr import captured_native_stderr
from tilewright.pipeline.registry import PassRegistry, textual_form
from tilewright.pipeline.text import Element
from tilewright.pipeline.upstream import UPSTREAM_PASSES, option_names

if TYPE_CHECKING:
    from tilewright.transforms.base import Pass


@dataclass(frozen=True)
class Step:
    """One pass under its anchors, outermost first. `instance` is None for a pass of MLIR, which `text` names."""

    argument: str
    text: str
    anchors: tuple[str, ...]
    instance: Pass | None


@dataclass(frozen=True)
class Pipeline:
    """The steps in the order in which they run, and the normalised text."""

    root: str
    steps: tuple[Step, ...]
    text: str

    def __str__(self) -> str:
        return self.text


def resolve_pipeline(element: Element, registry: PassRegistry) -> Pipeline:
    """Look up every pass and check its options; raises UsageError, located in the text. Needs a current context."""
    steps: list[Step] = []
    text = _resolve(element, (), registry, steps)
    return Pipeline(element.name, tuple(steps), text)


def _resolve(element: Element, anchors: tuple[str, ...], registry: PassRegistry, steps: list[Step]) -> str:
    if element.children is not None:
        below = (*anchors, element.name)
        return f"{element.name}({','.join(_resolve(child, below, registry, steps) for child in element.children)})"
    entry = registry.find(element.name)
    if entry is None:
        steps.append(_upstream_step(element, anchors, registry))
    else:
        instance = entry.create(element.options or "", element.options_location)
        steps.append(Step(element.name, textual_form(instance), anchors, instance))
    return steps[-1].text


def _upstream_step(element: Element, anchors: tuple[str, ...], registry: PassRegistry) -> Step:
    text = str(element)
    with captured_native_stderr() as native:
        try:
            passmanager.PassManager.parse(f"{anchors[-1]}({text})")
            return Step(element.name, text, anchors, None)
        except ValueError as failure:
            message = str(failure)
    if "does not refer to a registered pass" in message:
        known = [*registry.arguments(), *UPSTREAM_PASSES]
        raise UsageError(f"unknown pass '{element.name}'{did_you_mean(element.name, known)}", element.location)
    raise _upstream_error(element, message, native.text)


def _upstream_error(element: Element, message: str, native_text: str) -> UsageError:
    marker = "no such option "
    if marker in message:
        option = message.partition(marker)[2].split()[0]
        suggestion = did_you_mean(option, option_names(element.name))
        return UsageError(f"pass '{element.name}' has no option '{option}'{suggestion}", element.options_location)
    lines = [line.strip(": ") for line in (native_text or message).splitlines() if line.strip()]
    return UsageError(f"pass '{element.name}' cannot be added: {'; '.join(lines)}", element.options_location)
