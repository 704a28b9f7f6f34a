"""Mutation testing: small faults put into the passes, one at a time, and which of them the tests notice."""
