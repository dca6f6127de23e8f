"""Gangs on owned, bought and spot nodes against a search over every way to pay for them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import floor, inf, isfinite
from typing import Any

import numpy as np
import pytest

from costopt.account.account import Account
from costopt.account.commitments import InstanceCommitment
from costopt.account.records import Quota
from costopt.candidate.batch import rate_instances
from costopt.candidate.layout import instance_types_of
from costopt.candidate.rated_gangs import rate_gangs
from costopt.candidate.renting import risk_of, start_hours
from costopt.catalog.catalog import Catalog
from costopt.evaluate.check import evaluate_plan
from costopt.interruption.checkpoint import checkpoint_hours, interrupted_run
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.batch import BatchInference
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload
from costopt.workload.requirement import Requirement
from costopt.workload.traffic import RequestSize
from costopt.workload.training import FineTuneJob

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
KINDS = ("g6e.12xlarge", "g5.48xlarge")
EXPIRY = {24.0: "2026-08-22", 48.0: "2026-08-23", 240.0: "2026-08-31", 9e4: "2036-11-25"}
"""Hours left from the catalogue's day on -> last day, inclusive; the last outlives every job."""


@dataclass(frozen=True)
class Batch:
    """Instances of one type that are owned until some hour."""

    kind: str
    count: int
    hours: float


@dataclass(frozen=True)
class Owner:
    """What an account owns, and how many instances of a type it may have on demand."""

    batches: tuple[Batch, ...]
    quota: int

    @classmethod
    def drawn(cls, draw: np.random.Generator, hours: tuple[float, ...]) -> "Owner":
        """Draw one or two batches, often of one type."""
        batches = tuple(
            Batch(
                kind=KINDS[int(draw.random() < 0.25)],
                count=int(draw.integers(1, 4)),
                hours=float(draw.choice(hours)),
            )
            for _ in range(int(draw.integers(1, 3)))
        )
        return cls(batches=batches, quota=int(draw.choice([0, 1, 2, 30])))

    @property
    def account(self) -> Account:
        """The same as an account."""
        return Account(
            commitments=tuple(
                InstanceCommitment(
                    name=f"batch {number}", key=f"aws/us-east-1/{batch.kind}", kind="reserved",
                    count=batch.count, expires=EXPIRY[batch.hours],
                )
                for number, batch in enumerate(self.batches)
            ),
            quotas=tuple(
                Quota(key=f"aws/us-east-1/{kind}/on_demand", limit=self.quota, name=kind)
                for kind in KINDS
            ),
        )  # fmt: skip

    def least(self, kind: str, nodes: int, hours: float, price: float) -> float:
        """Return the least that firm nodes cost, over every split; inf where none is allowed."""
        mine = [batch for batch in self.batches if batch.kind == kind]
        best = inf
        for counts in product(*(range(batch.count + 1) for batch in mine)):
            bought = nodes - sum(counts)
            if 0 <= bought <= self.quota:
                charged = [max(hours - batch.hours, 0.0) for batch in mine]
                owned = sum(n * each for n, each in zip(counts, charged, strict=True))
                best = min(best, (bought * hours + owned) * price)
        return best


@pytest.fixture(scope="module")
def both(bundled: Catalog) -> Catalog:
    """Two types of AWS in us-east-1, on demand and on spot."""
    found = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=list(KINDS),
        purchase_options=["on_demand", "spot"],
    )
    assert (len(found), found.as_of) == (4, "2026-08-22")
    return found


def prices_of(catalog: Catalog) -> Mapping[tuple[str, str], float]:
    """Hourly price by type and purchase option."""
    keys = zip(catalog.offers["instance_type"], catalog.offers["purchase_option"], strict=True)
    return dict(zip(keys, catalog.offers["recurring_per_hour"], strict=True))


@dataclass(frozen=True)
class Spot:
    """Spot nodes of one type: hours that they are charged and that they take."""

    catalog: Catalog
    kind: str

    def run(self, work: float, reclaims: int, write: float) -> tuple[float, float, float]:
        """Return hours to start, charged and until done, for some hours of work."""
        offers = self.catalog.joined_offers
        wanted = (offers["instance_type"] == self.kind) & (offers["purchase_option"] == "spot")
        risk = risk_of(self.catalog, offers[wanted].reset_index(drop=True))
        run = interrupted_run(
            work_hours=np.array([work]),
            write_hours=np.array([write]),
            restart_hours=risk.provisioning_hours,
            hazard_per_hour=risk.hazard_per_instance_hour * reclaims,
            availability_fraction=risk.availability_fraction,
            notice_hours=risk.notice_seconds / 3600,
        )
        start = float(risk.provisioning_hours[0])
        return start, float(run.billed_hours[0]), float(run.makespan_hours[0])


def checked(
    workload: AnyWorkload, catalog: Catalog, share: float, owner: Owner, costs: list[float]
) -> Plan:
    """Plan, and hold the plan against the least of the costs and against its own check."""
    limits = Limits(max_spot_fraction=share)
    plan = optimize(workload, catalog, limits=limits, account=owner.account, gap=0.0)
    if min(costs, default=inf) == inf:
        assert not plan.has_answer
        return plan
    assert plan.require().cost_total == pytest.approx(min(costs), rel=1e-6, abs=1e-6)
    read = Plan.from_json(plan.to_json())
    assert evaluate_plan(read, catalog).violations == ()
    return plan


@pytest.mark.parametrize("seed", range(12))
def test_equal_nodes_cost_what_a_search_over_all_splits_finds(seed: int, both: Catalog) -> None:
    draw = np.random.default_rng(seed)
    owner = Owner.drawn(draw, (240.0, 9e4))
    share = float(draw.choice([0.0, 0.5, 1.0]))
    nodes, prices = int(draw.integers(1, 7)), prices_of(both)
    costs = [
        owner.least(kind, nodes - spot, 730.0, prices[kind, "on_demand"])
        + spot * 730 * prices[kind, "spot"]
        for kind in KINDS
        for spot in range(floor(share * nodes) + 1)
    ]
    wanted = Requirement(nodes=nodes, limits=Limits(instance_types=KINDS))
    checked(wanted, both, share, owner, costs)


def step_costs(
    work: float, nodes: int, deadline: float, share: float, state_bytes: float,
    kind: str, catalog: Catalog, owner: Owner,
) -> Iterator[float]:  # fmt: skip
    """Yield what a gang in step costs with each number of spot nodes [USD]."""
    prices = prices_of(catalog)
    firm_hours = start_hours(catalog) + work
    if firm_hours <= deadline:
        yield owner.least(kind, nodes, firm_hours, prices[kind, "on_demand"])
    write = float(checkpoint_hours(state_bytes, np.array([nodes]))[0])
    for spot in range(1, nodes + 1):
        start, billed, makespan = Spot(catalog, kind).run(work, spot, write)
        done, paid = start + makespan, spot * (start + billed)
        if done > deadline or paid > share * (paid + (nodes - spot) * done) * (1 + 1e-9):
            continue
        firm = owner.least(kind, nodes - spot, done, prices[kind, "on_demand"])
        yield firm + paid * prices[kind, "spot"]


@pytest.mark.parametrize("seed", range(12))
def test_a_fine_tuning_costs_what_a_search_over_all_splits_finds(seed: int, both: Catalog) -> None:
    draw = np.random.default_rng(100 + seed)
    owner = Owner.drawn(draw, (24.0, 48.0, 9e4))
    share = float(draw.choice([0.0, 0.5, 1.0]))
    job = FineTuneJob(
        model=LLAMA,
        method="full",
        tokens=float(draw.uniform(2e8, 9e8)),
        sequence_length=2048,
        deadline_hours=float(draw.uniform(20, 80)),
    )
    kinds, sizes = list(instance_types_of(both.joined_offers)), np.arange(1, 17)
    rated = rate_gangs(job, both.model(LLAMA), both, kinds, sizes, "bf16")
    costs: list[float] = []
    for row, column in product(range(len(kinds)), range(len(sizes))):
        rate = float(rated.tokens_per_second[row, column])
        if rate > 0:
            costs += step_costs(
                (job.tokens or 0) / rate / 3600, int(sizes[column]), job.deadline_hours, share,
                14 * both.model(LLAMA).parameters, kinds[row].name, both, owner,
            )  # fmt: skip
    checked(job, both, share, owner, costs)


def split_costs(
    alone: float, deadline: float, share: float, kind: str, catalog: Catalog, owner: Owner
) -> Iterator[float]:
    """Yield what a batch costs on each number of firm and spot nodes, for each spot work.

    For given nodes the cost is convex in the work on spot, with bends where a batch ends.
    """
    prices, start = prices_of(catalog), start_hours(catalog)
    spot_start, billed, makespan = Spot(catalog, kind).run(1.0, 1, 0.0)
    for firm, spot in product(range(21), range(21)):
        least = max(alone - firm * (deadline - start), 0.0)
        most = min(alone, spot * (deadline - spot_start) / makespan)
        if share < 1:
            room = share * (start * firm + alone) - (1 - share) * spot_start * spot
            most = min(most, room / ((1 - share) * billed + share))
        most = min(most, 0.999 * alone) if firm else most
        if firm + spot == 0 or least > most * (1 + 1e-9) or (spot > 0 and most <= 0):
            continue
        bends = [alone - firm * (batch.hours - start) for batch in owner.batches]
        for work in {least, most, *(bend for bend in bends if least <= bend <= most)}:
            if firm and (spot == 0 or work > 0):
                hours = start + (alone - work) / firm
                paid = owner.least(kind, firm, hours, prices[kind, "on_demand"])
            else:
                paid = 0.0 if not firm else inf
            yield paid + (spot * spot_start + billed * work) * prices[kind, "spot"]


@pytest.mark.parametrize("seed", range(12))
def test_a_batch_costs_what_a_search_over_all_splits_finds(seed: int, both: Catalog) -> None:
    draw = np.random.default_rng(200 + seed)
    owner = Owner.drawn(draw, (24.0, 48.0, 9e4))
    share = float(draw.choice([0.0, 0.5, 1.0]))
    job = BatchInference(
        model=LLAMA,
        precision=("bf16",),
        sizes=(RequestSize(input_tokens=500, output_tokens=200, share_fraction=1),),
        requests=int(draw.integers(4_000_000, 40_000_000)),
        deadline_hours=float(draw.uniform(30, 80)),
    )
    kinds = instance_types_of(both.joined_offers)
    rates = rate_instances(job, both, kinds, [""] * len(kinds), "bf16")
    costs: list[float] = []
    for of, rate in zip(rates.owners, rates.units_per_second, strict=True):
        alone = (job.requests or 0) / rate / 3600 if rate > 0 else inf
        if isfinite(alone):
            costs += split_costs(alone, job.deadline_hours, share, kinds[of].name, both, owner)
    checked(job, both, share, owner, costs)


def test_two_workloads_share_what_is_owned_where_it_saves_most(both: Catalog) -> None:
    """Two owned: 2 equal nodes and 3 of them need 5, so that 3 are bought, in any split."""
    owner = Owner(batches=(Batch(kind=KINDS[0], count=2, hours=9e4),), quota=30)
    only: dict[str, Any] = {"limits": Limits(instance_types=KINDS[0])}
    wanted = [Requirement(name="two", nodes=2, **only), Requirement(name="three", nodes=3, **only)]
    limits = Limits(max_spot_fraction=0.0)
    plan = optimize(wanted, both, limits=limits, account=owner.account, gap=0.0)
    price = prices_of(both)[KINDS[0], "on_demand"]
    assert plan.require().cost_per_hour == pytest.approx(3 * price)
    assert sum(line.count for line in plan.lines if line.is_owned) == 2
    assert evaluate_plan(plan, both).violations == ()
