"""Thin command lines over library code."""
