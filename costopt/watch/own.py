"""The account that a saved plan is judged with, and the request as it was asked without it."""

from collections.abc import Sequence
from math import ceil
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.account.account import Account
from costopt.account.commitments import AnyCommitment
from costopt.account.owned import OWNED
from costopt.catalog.catalog import Catalog
from costopt.catalog.offer_keys import OfferNames
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.plan.shared_node import rented
from costopt.watch.there import offers_there
from costopt.workload.counted import QUOTA_FIELDS, UNIT_OF, Unit
from costopt.workload.limits import Limits
from costopt.workload.request import PlanRequest

USED_FIELDS: Final = {
    "instances": "used",
    "spend_per_hour": "used_per_hour",
    "vcpus": "used_vcpus",
    "memory_gib": "used_memory_gib",
    "accelerators": "used_accelerators",
}
"""What a commitment counts -> its field that says how much of it is in use."""


def account_of(
    plan: Plan, account: Account | None, catalog: Catalog, today: str
) -> Account | None:
    """Return the account to judge a plan with: the one given, else the plan's own.

    What an account that was read while the plan runs calls in use holds the plan's own
    instances; they do not stand in their own way.

    Args:
        plan: saved; taken as what runs.
        account: read lately; None where only the plan's own is known.
        catalog: of today, at list prices.
        today: ISO day from which expiry counts.

    Raises:
        UnknownNameError: a key of the account names nothing in the catalogue.
    """
    if account is None:
        return None if plan.account is None else plan.account.as_seen(today)
    return _without_use_of(account.for_plan().as_seen(today), plan.lines, catalog)


def _without_use_of(account: Account, lines: Sequence[PlanLine], catalog: Catalog) -> Account:
    """Take the plan's own instances off what the account calls in use."""
    owned = ("commitments", "spend_commitments", "resource_commitments")
    idle = account.model_copy(
        update={name: tuple(map(_idle, getattr(account, name))) for name in owned}
    )
    joined = idle.priced(catalog).joined_offers
    there = offers_there(joined, lines)
    kept = ~there["is_gone"].to_numpy(dtype=np.bool_)
    offers = there[kept]
    counts = np.array(rented(lines), dtype=np.float64)[kept]
    names = OfferNames.of(offers)
    own = {
        quota: float(counts @ limit.weights(offers, names))
        for quota, limit in account.quotas_in_force(catalog)
    }
    quotas = tuple(
        quota.model_copy(update={"used": max(ceil(quota.used - own.get(quota, 0.0)), 0)})
        for quota in account.quotas
    )
    freed = {
        name: tuple(_freed(one, offers, counts) for one in getattr(account, name))
        for name in owned
    }
    return account.model_copy(update={"quotas": quotas, **freed})


def _idle(one: AnyCommitment) -> AnyCommitment:
    """Return a commitment of which nothing is in use."""
    return one.model_copy(update={USED_FIELDS[name]: 0 for name in one.amounts_left})


def _freed(one: AnyCommitment, offers: pd.DataFrame, counts: NDArray[np.float64]) -> AnyCommitment:
    """Return a commitment without what the plan's own instances take of it.

    Args:
        one: of the account.
        offers: of the plan's lines, beside the facts of their types.
        counts: instances of each line [1].
    """
    on_it = ((offers["purchase_option"] == OWNED) & (offers["kind"] == one.name)).to_numpy()
    left: dict[str, float] = {}
    for name in one.amounts_left:
        unit, field = UNIT_OF[name], USED_FIELDS[name]
        taken = float(counts[on_it] @ _each(unit, offers[on_it]))
        used = max(getattr(one, field) - taken, 0.0)
        left[field] = ceil(used) if unit.is_whole else used
    return one.model_copy(update=left)


def _each(unit: Unit, offers: pd.DataFrame) -> NDArray[np.float64]:
    """Return what one instance of each offer takes [unit]."""
    if not unit.column:
        return np.ones(len(offers))
    return offers[unit.column].to_numpy(dtype=np.float64)


def as_asked(plan: Plan, catalog: Catalog) -> PlanRequest:
    """Return the request of a plan without the limits that its account added.

    What ran before the plan does no longer: moving from the plan itself is judged apart.

    Args:
        plan: saved.
        catalog: of today, at list prices.

    Raises:
        UnknownNameError: a quota of the account names nothing in the catalogue.
    """
    request, limits = plan.request.from_nothing, plan.request.limits
    if plan.account is None:
        return request
    told = frozenset(plan.account.limiting(Limits(), catalog).counted)
    own = [one for one in limits.counted if not one.is_of_commitment and one not in told]
    bare = limits.model_copy(update=dict.fromkeys(QUOTA_FIELDS))
    return request.model_copy(update={"limits": bare.with_quotas(own)})
