"""Registers for each thread of the two roles: what warp groups can give to one another, and what was asked for."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.diagnostics import InputError, source_location
from tilewright.ir.kernel import Kernel
from tilewright.ir.ops_specialize import REGISTER_RANGE
from tilewright.machine import Machine
from tilewright.mlir import ir

HINTS = "tile.registers"
OPT_OUT = "tile.disable_register_budget"

# (producer warp groups, consumer warp groups) -> registers of each thread.
_BUDGETS = {(1, 1): (24, 240), (1, 2): (24, 240), (2, 1): (24, 240), (2, 2): (24, 224), (1, 3): (24, 160)}


@dataclass(frozen=True)
class Budget:
    """Registers for each thread of the two roles; None where no budget is set, with the reason."""

    producer: int | None
    consumer: int | None
    reason: str


def read_hints(kernel: Kernel) -> tuple[int, int] | None:
    """The registers that a kernel asks for: producer, consumer. Raises InputError where they are none."""
    if HINTS not in kernel.operation.attributes:
        return None
    location = source_location(kernel.operation.location)
    attribute = kernel.operation.attributes[HINTS]
    low, high = REGISTER_RANGE
    what = f"two multiples of 8 from {low} to {high}, for the producer and for the consumer"
    if not isinstance(attribute, ir.DenseI32ArrayAttr) or len(attribute) != 2:
        raise InputError(f"{HINTS} = {attribute} on 'gpu.func'; it is array<i32: producer, consumer>, {what}", location)
    producer, consumer = attribute
    for hint in (producer, consumer):
        if not low <= hint <= high or hint % 8:
            raise InputError(f"{HINTS} asks for {hint} registers on 'gpu.func'; it is {what}", location)
    return producer, consumer


def decide_budget(kernel: Kernel, producer_threads: int, consumer_threads: int, by_threads: bool, machine: Machine) -> Budget:
    """The budget of the roles. `by_threads`: the producer also copies with its threads, and needs registers for it.

    Raises InputError for hints that do not fit.
    """
    if OPT_OUT in kernel.operation.attributes:
        return Budget(None, None, f"no register budget: {OPT_OUT} is set")
    hints = read_hints(kernel)
    if hints is not None:
        total = hints[0] * producer_threads + hints[1] * consumer_threads
        available = machine.limits.registers_per_block
        if total > available:
            raise InputError(
                f"{HINTS} asks for {total} registers on 'gpu.func': {producer_threads} threads with {hints[0]} and "
                f"{consumer_threads} with {hints[1]}; a block has {available}",
                source_location(kernel.operation.location),
            )
        return Budget(*hints, f"registers {hints[0]}/{hints[1]}, as asked for")
    if by_threads:
        return Budget(None, None, "no register budget: the producer also copies with its threads")
    groups = (producer_threads // machine.warp_group_size, consumer_threads // machine.warp_group_size)
    if consumer_threads % machine.warp_group_size or groups not in _BUDGETS:
        return Budget(None, None, f"no register budget for {consumer_threads} threads")
    producer, consumer = _BUDGETS[groups]
    return Budget(producer, consumer, f"registers {producer}/{consumer}")
