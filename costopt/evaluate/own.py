"""What a plan says of its account: commitments that cannot be used, or that it leaves unused."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from costopt.account.account import Account
from costopt.account.commitments import SpendCommitment
from costopt.account.owned import ON_DEMAND, OWNED
from costopt.catalog.catalog import Catalog
from costopt.catalog.dates import days_between
from costopt.evaluate.facts import offers_of
from costopt.evaluate.limits import TOLERANCE, used_of_quotas
from costopt.plan.line import PlanLine
from costopt.plan.words import ONE_WAY_TO_PAY
from costopt.workload.counted import INSTANCES, CountedLimit
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload, Job, PlanRequest
from costopt.workload.requirement import Requirement

MOST_DAYS: Final = 7
"""Days for which the use of a quota or commitment is taken as it was read [days]."""


def account_notes(
    account: Account | None,
    lines: Sequence[PlanLine],
    request: PlanRequest,
    listed: Catalog,
    catalog: Catalog,
) -> tuple[str, ...]:
    """Return what a plan says of its account: what is old, and what it does not use.

    Args:
        account: whose plan it is; None at list prices.
        lines: of the plan.
        request: the question.
        listed: the catalogue at list prices.
        catalog: at the account's prices, with what it owns.
    """
    if account is None:
        return ()
    notes = (*_read_long_ago(account, account.today(listed)), *account.notes(listed))
    if not lines or not account.owned:
        return notes
    own = Limits().with_quotas(account.covered(listed))
    offers = offers_of(catalog, lines)
    left = [
        _Left(counted=counted, used=taken)
        for counted, taken in used_of_quotas(lines, offers, own)
        if taken < counted.allowed * (1 - TOLERANCE)
    ]
    return (
        *notes,
        *_unspent(account.spend_commitments, left, lines, catalog),
        *_beside_equal_nodes(left, lines, request),
    )


def _read_long_ago(account: Account, today: str) -> Iterator[str]:
    """Yield a sentence where quotas and commitments were read too long ago to rely on."""
    ages = [
        days_between(one.as_of, today) for one in (*account.quotas, *account.owned) if one.as_of
    ]
    old = [age for age in ages if age > MOST_DAYS]
    if old:
        yield (
            f"{len(old):,} of its quotas and commitments were read up to {max(old)} days ago, and "
            "what is used of them changes; read them again with costopt refresh --account"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Left:
    """What a plan leaves of a commitment.

    Attributes:
        counted: how much it still covers.
        used: what the plan takes of it [unit of the limit].
    """

    counted: CountedLimit
    used: float

    @property
    def name(self) -> str:
        """Name of the commitment."""
        return self.counted.key.split(f"/{OWNED}/")[1]

    @property
    def words(self) -> str:
        """What is left over, in words."""
        unit, allowed = self.counted.unit, self.counted.allowed
        words = "" if unit is INSTANCES else f" {unit.words}"
        return f"{allowed - self.used:,.10g} of {allowed:,.10g}{words} of {self.name}"


def _unspent(
    commitments: Sequence[SpendCommitment],
    left: Sequence[_Left],
    lines: Sequence[PlanLine],
    catalog: Catalog,
) -> Iterator[str]:
    """Yield what a plan leaves of committed spend that it draws on, or might draw on."""
    of_name = {one.name: one for one in left}
    offers = catalog.offers
    places = {
        (line.offer.provider, line.offer.region, line.offer.instance_type)
        for line in lines
        if line.offer.purchase_option == ON_DEMAND
    }
    for one in commitments:
        if one.name not in of_name:
            continue
        found = of_name[one.name]
        of_it = (offers["purchase_option"] == OWNED) & (offers["kind"] == one.name)
        covered = offers.loc[of_it, ["provider", "region", "instance_type"]]
        bought = not places.isdisjoint(covered.itertuples(index=False, name=None))
        if bought or found.used:
            unused = found.counted.allowed - found.used
            part = "; they may pay part of an on-demand instance of the plan" if bought else ""
            yield (
                f"{unused:,.2f} {one.currency}/h of the {found.counted.allowed:,.2f} "
                f"{one.currency}/h of {one.name} are left unused{part}"
            )


def _beside_equal_nodes(
    left: Sequence[_Left], lines: Sequence[PlanLine], request: PlanRequest
) -> Iterator[str]:
    """Yield a sentence where commitments have room beside nodes that must be of one offer."""
    whole = {name for name, workload in request.named_workloads if takes_one_offer(workload)}
    if left and any(line.workload in whole and not line.is_owned for line in lines):
        yield f"{ONE_WAY_TO_PAY}; left over are {', '.join(one.words for one in left)}"


def takes_one_offer(workload: AnyWorkload) -> bool:
    """Return whether a workload may need several firm instances, all of one offer."""
    if isinstance(workload, Requirement):
        return workload.demand_per_second is None and workload.nodes > 1
    return isinstance(workload, Job)
