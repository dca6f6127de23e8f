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
from costopt.workload.counted import CountedLimit
from costopt.workload.limits import Limits

MOST_DAYS: Final = 7
"""Days for which the use of a quota or commitment is taken as it was read [days]."""


def account_notes(
    account: Account | None,
    lines: Sequence[PlanLine],
    listed: Catalog,
    catalog: Catalog,
) -> tuple[str, ...]:
    """Return what a plan says of its account: what is old, and what it does not use.

    Args:
        account: whose plan it is; None at list prices.
        lines: of the plan.
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
    return (*notes, *_unspent(account.spend_commitments, left, lines, catalog))


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
