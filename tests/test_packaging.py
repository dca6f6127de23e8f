"""What is built agrees with what lies in the tree."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_adapter_folder_is_in_the_wheel_and_has_an_entry_point() -> None:
    folders = {path.name for path in (ROOT / "providers").iterdir() if path.is_dir()}
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    points = PROJECT["project"]["entry-points"]["costopt.providers"]
    assert folders == {name.removeprefix("providers/") for name in wheel if "providers/" in name}
    assert folders == {target.split(":")[0] for target in points.values()}


def test_every_package_says_that_it_is_typed() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert all((ROOT / folder / "py.typed").exists() for folder in wheel)


def test_importing_costopt_loads_no_heavy_library() -> None:
    code = (
        "import sys, costopt; "
        "print(sorted({'pandas', 'numpy', 'pulp', 'highspy', 'matplotlib', 'duckdb', 'boto3', "
        "'pydantic', 'rich', 'typer'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
