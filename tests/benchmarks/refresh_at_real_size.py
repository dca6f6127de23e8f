"""A refresh of four clouds at real row counts: memory of each process over its imports.

Run ``python tests/benchmarks/refresh_at_real_size.py [MB of the largest AWS offer file]``. One
local server answers the real SDKs. No process may take more than 250 MB over what its imports
take: the script ends with 1 where one does, or where the run is not fresh. It needs Linux, which
tells the largest memory of a process.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

TARGET_MB: Final = 250.0
LEAST_OFFER_MB: Final = 420.0
KIB_PER_MB: Final = 1_000_000 / 1024
HERE: Final = Path(__file__).parent

PROVIDERS: Final = ("alibaba", "aws", "azure", "gcp")

REFRESH: Final = """
import json, sys
sys.path.insert(0, {folder!r})
from refresh_at_real_size import refresh
print(json.dumps(refresh({address!r}, {store!r})))
"""

IMPORTS: Final = """
import importlib, sys
for name in {modules!r}:
    if name not in sys.modules and name != "__main__":
        try:
            importlib.import_module(name)
        except ImportError:
            pass
for line in open("/proc/self/status"):
    if line.startswith("VmRSS:"):
        print(line.split()[1])
"""
"""Loads what another process had loaded, and nothing else; a module that only its package can
make by itself is passed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process of a run.

    Attributes:
        name: provider, or ``refresh`` for the one that starts the others.
        largest_mb: resident memory at its largest [MB].
        imports_mb: resident memory of a process that only imports the same modules [MB].
    """

    name: str
    largest_mb: float
    imports_mb: float

    @property
    def own_mb(self) -> float:
        """Memory over the imports [MB]."""
        return self.largest_mb - self.imports_mb


def settings(address: str) -> dict[str, dict[str, object]]:
    """Return the settings of each adapter against the local server."""
    from no_sign_in import NoSignIn

    host = address.removeprefix("http://")
    return {
        "alibaba": {
            "access_key_id": "none",
            "access_key_secret": "none",
            "endpoint": host,
            "protocol": "HTTP",
            "subscriptions": ("1 year",),
            "calls_per_second": 8.0,
        },
        "aws": {
            "access_key_id": "none",
            "secret_access_key": "none",
            "endpoints": {"ec2": f"{address}/aws/ec2/{{region}}/"},
            "price_list_url": f"{address}/aws/files",
            "advisor_url": f"{address}/aws/files",
        },
        "azure": {
            "subscription_id": "00000000-0000-4000-8000-000000000000",
            "credential": NoSignIn(),
            "management_url": f"{address}/azure/arm",
            "prices_url": f"{address}/azure/retail",
            "request_options": {"enforce_https": False},
        },
        "gcp": {
            "project": "benchmark-project",
            "access_token": "none",
            "compute_endpoint": f"{address}/gcp",
            "billing_endpoint": f"{address}/gcp",
        },
    }


def refresh(address: str, store: str) -> dict[str, Any]:
    """Run a refresh of all four clouds and return its report."""
    from costopt.refresh.run import refresh_catalog
    from costopt.refresh.settings import RefreshSettings

    run = RefreshSettings(store=store, providers=PROVIDERS, adapters=settings(address))
    return dict(refresh_catalog(settings=run).report)


@contextmanager
def clouds(offer_mb: float) -> Iterator[str]:
    """Run the server in a process of its own and give its address."""
    command = [sys.executable, str(HERE / "local_clouds.py"), str(offer_mb)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout is None:
            raise SystemExit("the local server prints nothing")
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def run_measured(address: str, folder: Path) -> tuple[dict[str, Any], tuple[Process, ...], float]:
    """Refresh in a process of its own; return the report, the processes and the wall time [s]."""
    watched = folder / "memory"
    watched.mkdir()
    paths = os.pathsep.join((str(HERE / "process_memory"), str(HERE)))
    around = {**os.environ, "PYTHONPATH": paths, "PROCESS_MEMORY_FOLDER": str(watched)}
    program = REFRESH.format(folder=str(HERE), address=address, store=str(folder / "store"))
    started = perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program], env=around, stdout=subprocess.PIPE, text=True, check=True
    )
    wall = perf_counter() - started
    report = json.loads(done.stdout.splitlines()[-1])
    return report, tuple(processes(watched)), wall


def processes(watched: Path) -> Iterator[Process]:
    """Yield what each process took, and what its imports take in a fresh one."""
    for path in sorted(watched.glob("*.json")):
        told = json.loads(path.read_text())
        imported = subprocess.run(
            [sys.executable, "-c", IMPORTS.format(modules=told["modules"])],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
        yield Process(
            name=name_of(told["modules"]),
            largest_mb=told["kib"] / KIB_PER_MB,
            imports_mb=int(imported.split()[-1]) / KIB_PER_MB,
        )


def name_of(modules: list[str]) -> str:
    """Return whose process it is: only one adapter is opened in each of them."""
    opened = [name for name in PROVIDERS if f"costopt_{name}.source" in modules]
    return opened[0] if len(opened) == 1 else "refresh"


def main() -> int:
    """Print rows, time and memory of every process; return 0 where all is as it must be."""
    offer_mb = float(sys.argv[1]) if len(sys.argv) > 1 else LEAST_OFFER_MB
    print(
        f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores; "
        f"largest AWS offer file at least {offer_mb:g} MB"
    )
    with TemporaryDirectory() as folder, clouds(offer_mb) as address:
        report, measured, wall = run_measured(address, Path(folder))
    print(f"outcome {report['outcome']} in {wall:.1f} s of wall time")
    for name, told in sorted(report["providers"].items()):
        fresh = [held for held in told["regions"].values() if held["status"] == "fresh"]
        rows = sum(held["told"] for held in fresh)
        print(
            f"{name:<8} {told['status']}: {len(fresh)} regions told {rows:,} offers in "
            f"{told['calls']:,} calls and {told['seconds']:.1f} s"
        )
    for process in measured:
        print(
            f"{process.name:<8} {process.largest_mb:7.1f} MB at its largest, "
            f"{process.imports_mb:7.1f} MB after imports: {process.own_mb:6.1f} MB over them "
            f"(target < {TARGET_MB:g})"
        )

    is_within = all(process.own_mb < TARGET_MB for process in measured)
    return 0 if is_within and report["outcome"] == "fresh" else 1


if __name__ == "__main__":
    sys.exit(main())
