"""Benchmarks: `python -m bench [PREFIX]`, one JSON object a line. See docs/benchmarks.md."""
