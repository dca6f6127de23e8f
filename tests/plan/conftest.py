"""Plans made by hand, to see how they are written down and read."""

from collections.abc import Callable
from typing import Any

import pytest

from costopt.candidate.layout import Layout
from costopt.plan.beside import CatalogStamp
from costopt.plan.line import Band, OfferKey, PlanLine
from costopt.plan.outcome import WorkloadOutcome
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.workload.request import PlanRequest
from costopt.workload.requirement import Requirement

MakeLine = Callable[..., PlanLine]
MakePlan = Callable[..., Plan]

HOURS = 730.0


@pytest.fixture(scope="session")
def make_line() -> MakeLine:
    """Two p5.48xlarge on demand at $50 an hour, with some fields replaced."""

    def line(offer: dict[str, Any] | None = None, **fields: Any) -> PlanLine:
        key: dict[str, Any] = {
            "provider": "aws",
            "region": "us-east-1",
            "zone": "",
            "instance_type": "p5.48xlarge",
            "purchase_option": "on_demand",
            "kind": "",
            "term_years": None,
            "payment": "",
        }
        given: dict[str, Any] = {
            "workload": "chat",
            "layout": Layout(accelerator="H100-80GB", accelerators=8, precision="fp8"),
            "count": 2,
            "price_per_hour": 50.0,
            "line_cost_per_hour": 100.0,
            "hours": HOURS,
            "line_cost_total": 100.0 * HOURS,
            "cash_now": 0.0,
            "locked_in_hours": 0.0,
            "locked_in": 0.0,
            "share": 1.0,
            "routing": (1.0,),
            "utilisation": 0.6,
            "max_utilisation": 0.8,
            "rate_per_instance": 5.0,
            "rate_unit": "requests/s",
            "rate_origin": "calibrated",
            "rate_band": Band(low=0.8, expected=1.0, high=1.25),
            "vram_used_gib": {"weights": 40.0, "cache": 19.7},
            "vram_usable_gib": 79.6,
            "price_currency": "USD",
            "exchange_rate": 1.0,
            "exchange_rate_as_of": "",
            "price_source": "a price list",
            "price_as_of": "2026-08-22",
            "price_age_days": 0.0,
            "price_trail": "",
        }
        return PlanLine(offer=OfferKey(**(key | (offer or {}))), **(given | fields))

    return line


@pytest.fixture(scope="session")
def make_plan(make_line: MakeLine) -> MakePlan:
    """A plan for one requirement named chat, with some fields replaced."""

    def plan(*lines: PlanLine, names: tuple[str, ...] = ("chat",), **fields: Any) -> Plan:
        per_hour = sum(line.line_cost_per_hour for line in lines)
        total = sum(line.line_cost_total for line in lines)
        outcomes = tuple(
            WorkloadOutcome(
                workload=name,
                kind="requirement",
                cost_per_hour=per_hour,
                cost_total=total,
                duration_hours=None,
            )
            for name in names
        )
        given: dict[str, Any] = {
            "status": PlanStatus.OPTIMAL_WITHIN_GAP,
            "lines": lines,
            "outcomes": outcomes,
            "currency": "USD",
            "horizon_hours": HOURS,
            "cost_per_hour": per_hour,
            "cost_total": total,
            "cost_total_low": total,
            "cost_total_high": 1.5 * total,
            "duration_hours": None,
            "cash_now": 0.0,
            "locked_in": 0.0,
            "bound": per_hour,
            "gap": 0.0,
            "seconds": 0.25,
            "rated_offers": 12,
            "offers": 100,
            "baselines": (),
            "exclusions": (),
            "unanswered_because": (),
            "request": PlanRequest(workloads=tuple(Requirement(name=name) for name in names)),
            "request_hash": "",
            "catalog": CatalogStamp(place="here", as_of="2026-08-22", fingerprint="0" * 64),
        }
        return Plan(**(given | fields))

    return plan


@pytest.fixture(scope="session")
def unanswered(make_plan: MakePlan) -> Plan:
    """An infeasible request."""
    figures = ("cost_per_hour", "cost_total", "cost_total_low", "cost_total_high", "cash_now",
               "locked_in", "bound", "gap")  # fmt: skip
    return make_plan(
        status=PlanStatus.INFEASIBLE,
        outcomes=(),
        unanswered_because=("chat: nothing fits",),
        **dict.fromkeys(figures),
    )
