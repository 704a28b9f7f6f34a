# `dialects.ext` makes its classes in `__init_subclass__`: what it makes is Any.
from typing import Any

class Dialect:
    Type: Any
    Attribute: Any
    Operation: Any
    def __init_subclass__(cls, *, name: str = ...) -> None: ...
    @classmethod
    def load(cls) -> None: ...

def __getattr__(name: str) -> Any: ...
