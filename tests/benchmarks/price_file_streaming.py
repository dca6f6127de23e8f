"""The reader of AWS offer files against bare ijson on the same file: CPU, wall and memory.

Run ``python tests/benchmarks/price_file_streaming.py [MB [RUNS]]``; nothing is asserted, as
machines differ. Bare ijson is measured twice: building the same three members with ``kvitems``,
and walking through the file once, building nothing. The reader may take 1.3 times as long.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

from aws_price_files import Sold, enough, offer_file

REGION: Final = "us-east-1"
RUNS: Final = 5
"""Processes for each reader where no number is given; the median is shown."""

LEAST_MB: Final = 120.0
TARGET: Final = 1.3
MEGABYTE: Final = 1_000_000
KIB_PER_MIB: Final = 1024

CHOSEN: Final = tuple(
    Sold(name=f"p{number}.48xlarge", gpus=8, price_per_hour=30.0 + number) for number in range(60)
)
"""Types that are read; all others of the file are not wanted."""

MEASURED: Final = """
import resource, sys, time
from pathlib import Path
sys.path.insert(0, {folder!r})
import ijson
import price_file_streaming as readers
path = Path({path!r})
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
cpu, wall = time.process_time(), time.perf_counter()
count = readers.{reader}(path)
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
print(count, cpu, wall, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def read_ours(path: Path) -> int:
    """Read with the adapter's reader; return how many pages it gave."""
    from costopt_aws.offer_file import offer_file_pages

    return sum(1 for _ in offer_file_pages(path, "benchmark", chooses))


def read_members(path: Path) -> int:
    """Read the three members with bare ``ijson.kvitems``; return how many entries there are."""
    import ijson  # type: ignore[import-untyped]

    count = 0
    for member in ("products", "terms.OnDemand", "terms.Reserved"):
        with path.open("rb") as file:
            count += sum(1 for _ in ijson.kvitems(file, member, buf_size=1 << 20))
    return count


def read_once(path: Path) -> int:
    """Walk through the file with bare ``ijson.parse``; return how many events there are."""
    import ijson

    with path.open("rb") as file:
        return sum(1 for _ in ijson.parse(file, buf_size=1 << 20))


def chooses(product: Mapping[str, Any]) -> bool:
    """Return whether a product is plain Linux of a type with accelerators."""
    from costopt_aws.products import is_plain_linux

    return bool(product["attributes"]["gpu"]) and is_plain_linux(product, REGION)


def write_file(path: Path, least_bytes: int) -> None:
    """Write an offer file of at least this size [B]."""
    with path.open("wb") as file:
        file.writelines(offer_file(enough(CHOSEN, REGION, least_bytes), REGION))


def measure(reader: str, path: Path, times: int) -> tuple[float, float, float, int]:
    """Return CPU and wall time [s], memory over imports [MiB] and count; medians of all runs."""
    runs = []
    for _ in range(times):
        program = MEASURED.format(folder=str(Path(__file__).parent), path=str(path), reader=reader)
        printed = subprocess.run(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True
        ).stdout
        runs.append([float(figure) for figure in printed.split()])
    count, cpu, wall, kib = (median(run[place] for run in runs) for place in range(4))
    return cpu, wall, kib / KIB_PER_MIB, int(count)


def main() -> None:
    """Print each reader's figures and the ratios to bare ijson."""
    given = [float(word) for word in sys.argv[1:]]
    least_bytes = round((given[0] if given else LEAST_MB) * MEGABYTE)
    times = int(given[1]) if len(given) > 1 else RUNS
    with TemporaryDirectory() as folder:
        path = Path(folder) / "offers.json"
        write_file(path, least_bytes)
        print(
            f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores; "
            f"file of {path.stat().st_size / MEGABYTE:.0f} MB; median of {times} fresh processes"
        )
        figures = {
            words: measure(reader, path, times)
            for words, reader in (
                ("costopt_aws.offer_file", "read_ours"),
                ("bare ijson.kvitems, three members", "read_members"),
                ("bare ijson.parse, one walk", "read_once"),
            )
        }
    for words, (cpu, wall, mib, count) in figures.items():
        print(f"{words:<36} {cpu:6.2f} s CPU {wall:6.2f} s wall {mib:6.1f} MiB {count:>10,}")
    ours, *bare = figures.items()
    for words, (cpu, wall, _, _) in bare:
        print(
            f"ratio to {words:<36} {ours[1][0] / cpu:.2f} CPU {ours[1][1] / wall:.2f} wall "
            f"(target <= {TARGET:g})"
        )


if __name__ == "__main__":
    main()
