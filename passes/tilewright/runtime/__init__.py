"""Compile and execute: arguments, the stages of a run, comparison of what they computed."""
