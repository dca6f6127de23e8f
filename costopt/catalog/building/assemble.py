"""From facts to a checked snapshot: its files, its manifest, and what was found on the way."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from costopt.catalog.building.draft import Draft, draft_tables
from costopt.catalog.building.facts import Facts
from costopt.catalog.building.facts_files import FACTS_FILES
from costopt.catalog.building.models import ALIASES_FILE
from costopt.catalog.building.provenance import FACTS_COMPILED
from costopt.catalog.building.publish import in_schema, table_bytes
from costopt.catalog.building.words import meanings
from costopt.catalog.checking.settings import CheckSettings, Tables
from costopt.catalog.checks import leave_out, leave_out_jumps, remark
from costopt.catalog.dates import newest_day
from costopt.catalog.finding import flags_by_row, join_findings, no_findings, row_keys
from costopt.catalog.manifest import InputEntry, Manifest, describe_table
from costopt.catalog.schema import FINDINGS, OFFERS, SCHEMA_VERSION, TABLES
from costopt.catalog.snapshot import parse_table
from costopt.provider import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltSnapshot:
    """A snapshot in memory.

    Attributes:
        files: name of a file -> its bytes.
        manifest: what the files hold and came from.
        findings: what the checks found.
    """

    files: Mapping[str, bytes]
    manifest: Manifest
    findings: pd.DataFrame


def assemble(
    facts: Facts,
    adapters: Mapping[str, Provider],
    settings: CheckSettings,
    previous: Tables | None = None,
) -> BuiltSnapshot:
    """Build, check and describe every table.

    Args:
        facts: the facts, reviewed model aliases included.
        adapters: reviewed tables by provider.
        settings: thresholds of the checks.
        previous: offers and instance types of the last good snapshot; without them nothing is
            compared with it.

    Raises:
        UnknownNameError: facts name a provider that has no adapter.
        CatalogFileError: facts do not fit the schema.
    """
    drafts = draft_tables(facts, adapters)
    typed = {
        name: parse_table(TABLES[name], table_bytes(draft.rows), "facts")
        for name, draft in drafts.items()
    }
    kept, left = leave_out(typed, settings)
    changes = no_findings()
    if previous is not None:
        kept, changes = leave_out_jumps(previous, kept, settings)
    remarks = join_findings((remark(kept, settings), changes))
    findings = join_findings((left, remarks))
    rows = {name: drafts[name].rows.loc[table.index] for name, table in kept.items()}
    rows["offers"] = _with_flags(rows["offers"], kept["offers"], remarks)
    rows["findings"] = in_schema(FINDINGS, findings)
    payloads = {name: table_bytes(table) for name, table in rows.items()}
    offers = kept["offers"]
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        as_of="" if offers.empty else newest_day(offers["as_of"]),
        facts_compiled=FACTS_COMPILED,
        tables={
            TABLES[name].file_name: describe_table(payload, len(rows[name]))
            for name, payload in payloads.items()
        },
        inputs=_account(facts, drafts, kept),
    )
    files = {TABLES[name].file_name: payload for name, payload in payloads.items()}
    return BuiltSnapshot(files=files, manifest=manifest, findings=findings)


def _with_flags(
    written: pd.DataFrame, offers: pd.DataFrame, remarks: pd.DataFrame
) -> pd.DataFrame:
    """Add the names of the checks that remarked on an offer to the flags of its note."""
    found = meanings(row_keys(OFFERS, offers), flags_by_row(OFFERS, remarks))
    flags = written["flags"] + ";" + found
    return written.assign(flags=flags.str.strip(";"))


def _account(
    facts: Facts, drafts: Mapping[str, Draft], kept: Mapping[str, pd.DataFrame]
) -> dict[str, InputEntry]:
    """Count, for every file of facts, the rows that came in, stayed, and were left out."""
    tables = {name: expected.table for name, expected in FACTS_FILES.items()}
    tables[ALIASES_FILE] = "model_aliases"
    entries = {}
    for name, digest in facts.digests.items():
        table = tables[name]
        rows = len(facts.tables[name])
        stayed = int((drafts[table].origin.loc[kept[table].index] == name).sum())
        entries[name] = InputEntry(
            sha256=digest, table=table, rows=rows, kept=stayed, left_out=rows - stayed
        )
    return entries
