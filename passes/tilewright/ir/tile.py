"""Where MLIR's bindings look for the Python classes of the `tile` dialect: a module of the dialect's name.

Without it they search for one, in vain, at every operation of the dialect that they meet.
"""

from tilewright.ir.dialect import Tile

__all__ = ["Tile"]
