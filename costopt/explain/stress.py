"""stress: what breaks first when a plan's rates, demand, prices or pools are not as planned."""

from costopt.candidate.find import NamedWorkload, all_candidates
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.explain.stress_over_time import TrialOverTime
from costopt.explain.stress_record import Stress
from costopt.explain.stress_trial import StressTrial
from costopt.plan.plan import Plan
from costopt.planning.current_fleet import read_fleet


def stress(plan: Plan, catalog: Catalog, workloads: tuple[NamedWorkload, ...] = ()) -> Stress:
    """Hold a plan, as it stands, against other rates, demand, prices and lost pools.

    Of a plan over time the fleet of every hour is held against each case. Its commitments are
    taken as signed: mending plans what runs by the hour around them, and prices are moved of
    what is paid by the hour. Where changes of a fleet have a price, mending is planned from what
    the plan runs.

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
    trial = _trial_of(_running(plan, catalog), catalog, found)
    rows = (*trial.of_rates(), *trial.of_demand(), *trial.of_prices(), *trial.of_pools())
    return Stress(plan=plan, rows=rows, first_breaks=tuple(trial.first_breaks()))


def _running(plan: Plan, catalog: Catalog) -> Plan:
    """Return a plan that was reached from a fleet as the fleet that mending starts from."""
    if plan.change is None:
        return plan
    fleet = read_fleet(plan, catalog, is_over_time=plan.schedule is not None)
    update = {"current_fleet": fleet}
    return plan.model_copy(
        update={"request": plan.request.model_copy(update=update), "change": None}
    )


def _trial_of(plan: Plan, catalog: Catalog, workloads: tuple[NamedWorkload, ...]) -> StressTrial:
    if plan.schedule is None:
        return StressTrial(plan, catalog, workloads)
    return TrialOverTime(plan, plan.schedule, catalog, workloads)
