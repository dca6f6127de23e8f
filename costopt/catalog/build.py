"""``python -m costopt.catalog.build FACTS OUT``: from compiled facts to a snapshot.

Rows that have no date, and whose source names none, carry the date of the compilation
(``FACTS_COMPILED``), which the manifest repeats. A second run gives the same bytes. With
``--previous FOLDER`` prices and rows are compared with the last good snapshot, too.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from costopt.catalog.building.assemble import BuiltSnapshot, assemble
from costopt.catalog.building.facts import Facts, read_facts
from costopt.catalog.building.models import ALIASES_FILE, reviewed_aliases
from costopt.catalog.building.publish import publish
from costopt.catalog.building.report import build_report
from costopt.catalog.checking.settings import CheckSettings
from costopt.catalog.manifest import write_manifest
from costopt.catalog.snapshot import snapshot_at
from costopt.errors import CostoptError
from costopt.provider import installed_providers


def build_snapshot(facts_folder: Path, previous_folder: Path | None = None) -> BuiltSnapshot:
    """Build the snapshot of a folder of compiled facts, in memory.

    Args:
        facts_folder: the compiled tables of facts.
        previous_folder: the last good snapshot, to compare with; None compares with nothing.

    Raises:
        CatalogFileError: a file of facts, or of the last good snapshot, is missing, cut short,
            or does not fit.
        UnknownNameError: facts name a provider that has no adapter.
        InvalidInputError: an installed adapter lacks a reviewed table.
    """
    facts = with_reviewed_aliases(read_facts(facts_folder))
    previous = None
    if previous_folder is not None:
        last_good = snapshot_at(previous_folder)
        previous = {name: last_good.table(name) for name in ("offers", "instance_types")}
    return assemble(facts, installed_providers(), CheckSettings(), previous)


def with_reviewed_aliases(facts: Facts) -> Facts:
    """Add the reviewed model aliases of the builder to the facts."""
    aliases, payload = reviewed_aliases()
    return replace(
        facts,
        tables={**facts.tables, ALIASES_FILE: aliases},
        digests={**facts.digests, ALIASES_FILE: sha256(payload).hexdigest()},
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Build a snapshot and report on it; 0 when done, 2 on bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m costopt.catalog.build",
        description="Build a catalogue snapshot from a folder of compiled facts.",
    )
    parser.add_argument("facts", type=Path, help="folder with the compiled tables of facts")
    parser.add_argument("out", type=Path, help="folder that receives the snapshot")
    parser.add_argument(
        "--previous", type=Path, help="folder of the last good snapshot, to compare with"
    )
    given = parser.parse_args(arguments)
    try:
        snapshot = build_snapshot(given.facts, given.previous)
        publish(snapshot.files, write_manifest(snapshot.manifest), given.out)
    except CostoptError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    compared_with = None if given.previous is None else str(given.previous)
    sys.stdout.write(build_report(snapshot, str(given.out), compared_with))
    return 0


if __name__ == "__main__":
    sys.exit(main())
