"""Account: what a project owns and may use, as facts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from costopt.fetch.call import Page
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchedAccount, FetchFinding, Row
from costopt.fetch.told_once import numbered
from costopt_gcp.commitments import Place, commitment_facts
from costopt_gcp.committed import Committed, read_commitments
from costopt_gcp.machines import Machine
from costopt_gcp.questions import Questions
from costopt_gcp.quotas import project_quotas, region_quotas
from costopt_gcp.reservations import reservation_findings
from costopt_gcp.usage import running_draws

FLEXIBLE: Final = FetchFinding(
    check="commitment_untold",
    severity="left_out",
    table="account",
    row="gcp",
    detail=(
        "no API tells the spend-based (flexible) committed use of a billing account; write it as "
        "a row of fact spend_commitment"
    ),
)
"""What Google Cloud cannot say of an account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A region that is asked for what is the account's own there.

    Attributes:
        zones: its zones.
        machines: every one of the region.
        place: those of the run.
    """

    zones: tuple[str, ...]
    machines: tuple[Machine, ...]
    place: Place


def project_account(questions: Questions, context: FetchContext) -> FetchedAccount:
    """Read what belongs to no region: quotas over all of them.

    Raises:
        FetchError: Google Cloud gave no usable answer.
    """
    pages = questions.project_quotas(context.wire)
    rows, findings = project_quotas(pages, context.known_types)
    return FetchedAccount(region="", facts=rows, findings=(FLEXIBLE, *findings))


def region_account(questions: Questions, context: FetchContext, region: Region) -> FetchedAccount:
    """Read quotas, commitments and reservations of a region.

    Raises:
        FetchError: Google Cloud gave no usable answer.
    """
    place, name = region.place, region.place.region
    by_name = {machine.name: machine for machine in region.machines}
    quotas, quota_findings = region_quotas(
        questions.region_quotas(context.wire, name), name, place.machines
    )
    reservations = reservation_findings(
        {zone: questions.reservations(context.wire, name, zone) for zone in region.zones},
        by_name,
        frozenset(machine.name for machine in place.machines),
    )
    commitments, odd_commitments = read_commitments(
        questions.commitments(context.wire, name), name, context.now
    )
    committed, notes = _used_commitments(questions, context, region, commitments)
    return FetchedAccount(
        region=name,
        facts=(*quotas, *numbered(committed)),
        findings=tuple(dict.fromkeys((*quota_findings, *reservations, *odd_commitments, *notes))),
    )


def _used_commitments(
    questions: Questions,
    context: FetchContext,
    region: Region,
    commitments: tuple[Committed, ...],
) -> tuple[tuple[Row, ...], tuple[FetchFinding, ...]]:
    """Return commitments with their use; what runs is asked only where there are any."""
    if not commitments:
        return (), ()
    by_name: Mapping[str, Machine] = {machine.name: machine for machine in region.machines}
    running, unknown = running_draws(
        _instances(questions, context, region.place.region, region.zones), by_name
    )
    return commitment_facts(commitments, running, unknown, region.place)


def _instances(
    questions: Questions, context: FetchContext, region: str, zones: Iterable[str]
) -> Iterable[Page]:
    for zone in zones:
        yield from questions.instances(context.wire, region, zone)
