"""What a backend is: the targets it compiles for, their machines, and the passes that they need."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from tilewright.machine import Machine


class Backend(ABC):
    """Third parties derive from it and register the class under the entry point group ``tilewright.backends``."""

    name: ClassVar[str]

    @abstractmethod
    def targets(self) -> tuple[str, ...]:
        """The names of its targets, the default first: ``backend:arch``, or the backend's own name."""

    @abstractmethod
    def machine(self, target: str) -> Machine:
        """The description of one of its targets."""

    @abstractmethod
    def default_pipeline(self, target: str) -> str:
        """The pipeline that compiles for one of its targets, as text."""

    def runtimes(self, target: str) -> tuple[str, ...]:
        """What can execute a kernel that was compiled for `target`; every target's machine can be simulated."""
        return ("sim",)


@dataclass(frozen=True)
class Target:
    """A target by its name, with the backend that it belongs to."""

    name: str
    backend: Backend

    @property
    def machine(self) -> Machine:
        return self.backend.machine(self.name)

    @property
    def default_pipeline(self) -> str:
        return self.backend.default_pipeline(self.name)

    @property
    def runtimes(self) -> tuple[str, ...]:
        return self.backend.runtimes(self.name)
