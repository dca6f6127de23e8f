"""The architecture, held against every import statement, those inside functions too."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "costopt"

LAYERS = (
    ("errors", "units"),
    ("accelerator", "model"),
    ("precision", "written"),
    ("fetch",),
    ("provider",),
    ("catalog",),
    ("profile",),
    ("workload",),
    ("performance",),
    ("interruption", "commitment", "owned"),
    ("account",),
    ("candidate",),
    ("plan",),
    ("solve",),
    ("backtest", "evaluate"),
    ("planning",),
    ("explain", "launch"),
    ("scenario", "focus", "export", "refresh", "watch"),
    ("advisor", "plot"),
    ("report",),
    ("cli",),
    ("__main__",),
)
LAYER_OF = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}

HANDING_OVER = {("plan", "explain"), ("plan", "launch")}
"""Rooms whose one-line methods hand over to an upper room: docs/decisions/0001."""

ADAPTER_MAY_IMPORT = {"accelerator", "catalog.schema", "provider", "fetch", "units", "errors"}


def imported_modules(path: Path) -> list[str]:
    """Every module of costopt that a file imports, wherever the statement stands."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            module = node.module or ""
            found.append(module)
            if module == "costopt":
                found += [f"costopt.{alias.name}" for alias in node.names]
    return [name for name in found if name.startswith("costopt.")]


def room_of(path: Path) -> str:
    """The room (module or folder directly below costopt) that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_only_lead_to_lower_rooms_or_stay_inside(path: Path) -> None:
    room = room_of(path)
    for module in imported_modules(path):
        target = module.split(".")[1]
        if target == room or (room, target) in HANDING_OVER:
            continue
        assert LAYER_OF[target] < LAYER_OF[room], f"{room} imports {module}"


def test_every_room_has_a_layer() -> None:
    assert {room_of(path) for path in SOURCES} <= set(LAYER_OF)


def test_core_never_imports_an_adapter() -> None:
    adapters = {path.name for path in (ROOT / "providers").iterdir()}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {name.split(".")[0] for name in names} & adapters, path


def test_adapters_import_only_what_they_may() -> None:
    for path in sorted((ROOT / "providers").rglob("*.py")):
        for module in imported_modules(path):
            name = module.removeprefix("costopt.")
            fetches = name.startswith("fetch.")
            assert fetches or name in ADAPTER_MAY_IMPORT, f"{path}: {module}"
