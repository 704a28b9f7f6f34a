"""Tilewright: a tile compiler whose passes are executed, one by one, on a CPU.

Importing this package imports neither MLIR nor NumPy: each of its modules imports what it needs.
"""

__version__ = "0.1.0"
