"""What tests of profiles share: the result files, and copies of them that are changed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FIXTURES = Path(__file__).parent / "fixtures"

Changed = Callable[..., Path]


@pytest.fixture
def fixtures() -> Path:
    """Folder of result files, one for each tool, with that tool's field names."""
    return FIXTURES


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    """Write a copy of a JSON result with other values at some paths; None removes one."""

    def write(name: str, values: dict[str, Any]) -> Path:
        document = json.loads((FIXTURES / name).read_text(encoding="utf-8"))
        for path, value in values.items():
            *parents, last = path.split(".")
            inner = document
            for parent in parents:
                inner = inner[int(parent)] if isinstance(inner, list) else inner[parent]
            if value is None:
                del inner[last]
            else:
                inner[last] = value
        copy = tmp_path / name
        copy.write_text(json.dumps(document), encoding="utf-8")
        return copy

    return write
