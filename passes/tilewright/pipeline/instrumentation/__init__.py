"""Instrumentation of the pass manager, one idea a file."""
