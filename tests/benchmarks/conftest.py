"""Benchmarks are scripts that import each other by their folder: only the tests are collected."""

from pathlib import Path

_SCRIPTS = [path.name for path in Path(__file__).parent.glob("[!t]*.py")]
collect_ignore = [*_SCRIPTS, "process_memory"]
