"""Commitments: facts about committed resources, with what runs on them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import Final

from costopt.fetch.fetched import FetchFinding, Row
from costopt_gcp.committed import Committed
from costopt_gcp.machines import Machine
from costopt_gcp.quotas import covers
from costopt_gcp.usage import RESOURCES, Draw

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where commitments are, and what they may cover there.

    Attributes:
        region: the provider's own name.
        machines: that the run asks for.
    """

    region: str
    machines: tuple[Machine, ...]


@dataclass(slots=True, kw_only=True)
class _Filling:
    """How much of a commitment is taken."""

    committed: Committed
    used: dict[str, Decimal]

    def take(self, resource: str, amount: Decimal) -> Decimal:
        """Take what there is room for, and return the rest."""
        room = self.committed.amounts[resource] - self.used[resource]
        taken = min(room, amount)
        self.used[resource] += taken
        return amount - taken


def commitment_facts(
    commitments: Iterable[Committed],
    draws: Iterable[Draw],
    unknown_series: frozenset[str],
    place: Place,
) -> tuple[tuple[Row, ...], tuple[FetchFinding, ...]]:
    """Return commitments that cover a machine of the run as facts, and what is odd.

    What runs is counted on the commitments that end last: what is left then ends first, as it
    does in truth. No answer tells what is paid for one.

    Args:
        commitments: in force.
        draws: what runs and takes from them.
        unknown_series: series with instances whose size is not known; an empty one may be any.
        place: where they are.
    """
    rows: list[Row] = []
    findings: list[FetchFinding] = []
    names = [machine.name for machine in place.machines]
    for filling in _filled(commitments, tuple(draws)):
        committed = filling.committed
        if not covers(committed.patterns, names):
            continue
        if unknown_series & {committed.covered.series, ""}:
            detail = "instances of a size that is not known run on it, so its use is not known"
            findings.append(_finding("use_unknown", "left_out", place, committed, detail))
            continue
        rows.append(_row(filling, place.region))
        findings += _notes(filling, place)
    return tuple(rows), tuple(findings)


def _filled(commitments: Iterable[Committed], draws: tuple[Draw, ...]) -> list[_Filling]:
    """Spread what runs over commitments, over those with the same accelerator first."""
    fillings = [
        _Filling(committed=one, used=dict.fromkeys(RESOURCES, ZERO))
        for one in sorted(commitments, key=_last_end_first, reverse=True)
    ]
    for draw in draws:
        own = [one for one in fillings if one.committed.covered.series == draw.series]
        same = [one for one in own if one.committed.accelerator == draw.accelerator]
        for resource in RESOURCES:
            left = draw.amounts[resource]
            for filling in same if resource == "accelerators" else (*same, *own):
                left = filling.take(resource, left)
    return fillings


def _last_end_first(committed: Committed) -> tuple[str, str]:
    """Return what commitments are sorted by, the same however the answer orders them."""
    return committed.expires, repr(committed)


def _row(filling: _Filling, region: str) -> Row:
    committed = filling.committed
    amounts: dict[str, float | int] = {}
    for resource in RESOURCES:
        amount = committed.amounts[resource]
        if amount:
            amounts[resource] = _figure(resource, amount)
            amounts[f"used_{resource}"] = _figure(resource, filling.used[resource])
    words = ("committed_use", committed.kind.lower(), committed.accelerator, region)
    return {
        "fact": "resource_commitment",
        "key": f"gcp/{region}/{committed.patterns}",
        "kind": "committed_use",
        **amounts,
        "expires": committed.expires,
        "name": " ".join(word for word in (*words, committed.expires) if word),
    }


def _figure(resource: str, amount: Decimal) -> float | int:
    """Return GiB as they are, and a part of a vCPU or an accelerator as a whole one."""
    return float(amount) if resource == "memory_gib" else ceil(amount)


def _notes(filling: _Filling, place: Place) -> Iterator[FetchFinding]:
    """Say what a reader of the fact should know."""
    committed = filling.committed
    if any(committed.amounts[resource] > filling.used[resource] for resource in RESOURCES):
        detail = (
            "part of it is taken by nothing in this project; other projects of its billing "
            "account may use it where discount sharing is on, which no answer tells"
        )
        yield _finding("commitment_use_unsure", "warning", place, committed, detail)
    accelerated = "" not in committed.covered.patterns or committed.accelerator
    needed = RESOURCES if accelerated else RESOURCES[:2]
    missing = [resource for resource in needed if not committed.amounts[resource]]
    bundled = any(
        machine.local_ssd_gib and covers(committed.patterns, [machine.name])
        for machine in place.machines
    )
    if bundled and not committed.local_ssd_gib:
        missing.append("local SSD")
    if missing:
        detail = f"it holds no {', '.join(missing)} of the instances that it covers"
        yield _finding("commitment_partial", "warning", place, committed, detail)


def _finding(
    check: str, severity: str, place: Place, committed: Committed, detail: str
) -> FetchFinding:
    return FetchFinding(
        check=check,
        severity="warning" if severity == "warning" else "left_out",
        table="account",
        row=f"gcp/{place.region}/{committed.kind.lower()}/{committed.expires}",
        detail=detail,
    )
