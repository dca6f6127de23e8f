"""Quotas in vCPUs, committed spend and committed resources against exhaustive search."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from costopt.account.account import Account
from costopt.account.commitments import ResourceCommitment, SpendCommitment
from costopt.account.records import Quota
from costopt.catalog.catalog import Catalog
from costopt.evaluate.check import evaluate_plan
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload
from costopt.workload.requirement import Requirement

KINDS = ("p5.4xlarge", "g6e.xlarge")
PRICE = np.array([6.88, 1.861])
VCPUS, MEMORY = np.array([16.0, 4.0]), np.array([256.0, 32.0])
RATE = np.array([35.0, 10.0])
MOST = ((3, 9), (2, 8), (3, 3))
"""Instances of each type that can be of use: on demand, on committed spend, on resources."""

SOURCES = len(MOST)


@dataclass(frozen=True)
class Case:
    """What the account has, and what is asked for."""

    vcpu_quota: int
    firm_only: bool
    spend: float
    vcpus: int
    memory_gib: float
    accelerators: int
    demand: float
    nodes: int

    @classmethod
    def drawn(cls, seed: int) -> "Case":
        """Draw one case."""
        draw = np.random.default_rng(seed)
        return cls(
            vcpu_quota=int(draw.integers(8, 60)),
            firm_only=bool(draw.random() < 0.5),
            spend=float(draw.uniform(1.0, 8.0)),
            vcpus=int(draw.integers(4, 40)),
            memory_gib=float(draw.integers(32, 500)),
            accelerators=int(draw.integers(1, 4)),
            demand=float(draw.integers(5, 90)),
            nodes=int(draw.integers(1, 4)),
        )

    @property
    def account(self) -> Account:
        """The account of the case; its quota counts what is owned, or not."""
        options = "on_demand" if self.firm_only else "on_demand|owned"
        return Account(
            quotas=(
                Quota(
                    key=f"aws/us-east-1/p*|g*/{options}", limit=self.vcpu_quota + 7, used=7,
                    unit="vcpus", name="vCPUs",
                ),
            ),
            spend_commitments=(
                SpendCommitment(
                    name="plan", key="aws/*/*", kind="savings_plan", plan="compute",
                    term_years=1.0, spend_per_hour=self.spend + 1, used_per_hour=1.0,
                    currency="USD", expires="2028-01-01",
                ),
            ),
            resource_commitments=(
                ResourceCommitment(
                    name="resources", key="aws/us-east-1/*", vcpus=self.vcpus + 4, used_vcpus=4,
                    memory_gib=self.memory_gib, accelerators=self.accelerators, currency="USD",
                    expires="2028-01-01", paid_per_hour=2.0,
                ),
            ),
        )  # fmt: skip

    def allowed(self, counts: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which counts (cases, types, sources) the account allows."""
        bought, on_plan, on_resources = (counts[:, :, source] for source in range(SOURCES))
        counted = bought if self.firm_only else counts.sum(axis=2)
        fits = counted @ VCPUS <= self.vcpu_quota
        fits &= on_plan @ (0.5 * PRICE) <= self.spend + 1e-9
        fits &= on_resources @ VCPUS <= self.vcpus
        fits &= on_resources @ MEMORY <= self.memory_gib
        return np.asarray(fits & (on_resources.sum(axis=1) <= self.accelerators))

    def least(self, workloads: tuple[str, ...]) -> float | None:
        """Return the least cost per hour, by trying everything."""
        served = np.zeros((1, len(KINDS), SOURCES))
        if "service" in workloads:
            every = product(*(range(most + 1) for source in MOST for most in source))
            order = np.array(list(every), dtype=np.float64)
            served = order.reshape(-1, SOURCES, len(KINDS)).transpose(0, 2, 1)
            served = served[served.sum(axis=2) @ RATE >= self.demand - 1e-9]
        best = None
        nodes = self.nodes if "nodes" in workloads else 0
        splits = [
            split for split in product(range(nodes + 1), repeat=SOURCES) if sum(split) == nodes
        ]
        for kind, split in product(range(len(KINDS)), splits):
            counts = served.copy()
            counts[:, kind, :] += split
            cost = (counts[:, :, 0] @ PRICE)[self.allowed(counts)]
            if len(cost) and (best is None or cost.min() < best):
                best = float(cost.min())
        return best


@pytest.mark.parametrize("workloads", [("service",), ("nodes",), ("service", "nodes")])
@pytest.mark.parametrize("seed", range(12))
def test_a_plan_costs_what_trying_everything_finds(
    seed: int, workloads: tuple[str, ...], planned: Catalog
) -> None:
    case = Case.drawn(100 * len(workloads) + seed)
    asked: dict[str, AnyWorkload] = {
        "service": Requirement(
            name="service",
            throughput_per_second=dict(zip(KINDS, RATE.tolist(), strict=True)),
            demand_per_second=case.demand,
        ),
        "nodes": Requirement(name="nodes", nodes=case.nodes, limits=Limits(instance_types=KINDS)),
    }
    plan = optimize([asked[name] for name in workloads], planned, account=case.account, gap=0.0)
    least = case.least(workloads)
    if least is None:
        assert not plan.has_answer
        return
    assert plan.require().cost_per_hour == pytest.approx(least, abs=1e-6)
    assert evaluate_plan(plan, planned).violations == ()
