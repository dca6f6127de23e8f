"""The benchmark of the price file reader runs, and all of its readers read the same file."""

import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parent / "price_file_streaming.py"


def test_reader_and_bare_ijson_read_a_small_file() -> None:
    command = [sys.executable, str(BENCHMARK), "6", "1"]
    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    head, ours, members, *_ = printed.splitlines()
    counts = [int(line.split()[-1].replace(",", "")) for line in (ours, members)]
    # of 60 types with accelerators: one plain Linux product, its hourly and its reserved terms,
    # after the date of the file
    assert counts[0] == 1 + 60 * 3
    # a type has 2 systems x 3 tenancies x 3 states x 4 programs and 4 x 3 x 3 of one, 108 in all;
    # so many hourly terms, and reserved ones for 2 tenancies of the used state: (2 x 4 + 4) x 2
    per_type = 108 + 108 + 24
    assert counts[1] % per_type == 0
    assert counts[1] >= 60 * per_type
    assert "file of" in head
