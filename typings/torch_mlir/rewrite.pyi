"""Untyped: the wheel of the bindings ships no usable stubs."""

from typing import Any

def __getattr__(name: str) -> Any: ...
