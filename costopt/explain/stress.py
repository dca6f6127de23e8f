"""stress: what breaks first when a plan's rates, demand, prices or pools are not as planned."""

from costopt.candidate.find import NamedWorkload, all_candidates
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.explain.stress_over_time import TrialOverTime
from costopt.explain.stress_record import Stress
from costopt.explain.stress_trial import StressTrial
from costopt.plan.plan import Plan


def stress(plan: Plan, catalog: Catalog, workloads: tuple[NamedWorkload, ...] = ()) -> Stress:
    """Hold a plan, as it stands, against other rates, demand, prices and lost pools.

    The fleet of every hour of a plan over time is held against the same rates, demands and lost
    pools; it is not planned again, and prices are left to ``plan.explain()``.

    Args:
        plan: with lines.
        catalog: what it was made from.
        workloads: its candidates, where they are at hand.

    Raises:
        InvalidInputError: the plan rents nothing.
    """
    if not plan.lines:
        raise InvalidInputError(
            "stress", ["the plan rents nothing; plan.explain() says what stands in the way"]
        )
    found = workloads or all_candidates(plan.request, catalog)
    trial = _trial_of(plan, catalog, found)
    rows = (*trial.of_rates(), *trial.of_demand(), *trial.of_prices(), *trial.of_pools())
    return Stress(plan=plan, rows=rows, first_breaks=tuple(trial.first_breaks()))


def _trial_of(plan: Plan, catalog: Catalog, workloads: tuple[NamedWorkload, ...]) -> StressTrial:
    if plan.schedule is None:
        return StressTrial(plan, catalog, workloads)
    return TrialOverTime(plan, plan.schedule, catalog, workloads)
