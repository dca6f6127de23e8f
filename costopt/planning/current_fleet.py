"""What runs already, as people hand it over: a plan, a table, or rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError, UnknownNameError, nearest_names
from costopt.plan.plan import Plan
from costopt.plan.shared_node import rented
from costopt.workload.fleet import RunningInstances, SwitchingCost

Fleet = Plan | pd.DataFrame | Iterable[RunningInstances | Mapping[str, Any] | Sequence[Any]]
"""A plan; or a table or rows of provider, region, zone, instance_type, purchase_option, count."""

COLUMNS = tuple(RunningInstances.model_fields)
"""What a row of a fleet holds, in order."""


def read_fleet(
    fleet: Fleet, catalog: Catalog, *, is_over_time: bool = False
) -> tuple[RunningInstances, ...]:
    """Read what runs already.

    A plan may name what the catalogue does not have any more; what is written by hand may not.

    Args:
        fleet: as handed over.
        catalog: that knows the names.
        is_over_time: whether a demand profile is planned; an instance of a plan over time then
            counts by the part of the hours in which it runs.

    Raises:
        InvalidInputError: the fleet is not of a form that can be read, a row breaks a rule, or
            it is a plan without an answer, or over time where no demand profile is planned.
        UnknownNameError: a provider or an instance type that the catalogue does not know.
    """
    if isinstance(fleet, Plan):
        return _of_plan(fleet, is_over_time=is_over_time)
    rows = tuple(_row(place, row) for place, row in enumerate(_rows(fleet)))
    refuse_unknown(rows, catalog)
    return rows


def refuse_unknown(rows: Sequence[RunningInstances], catalog: Catalog) -> None:
    """Refuse a fleet written by hand that names what no catalogue row has.

    Args:
        rows: of the fleet.
        catalog: that knows the names.

    Raises:
        UnknownNameError: a provider or an instance type that the catalogue does not know.
    """
    for row in rows:
        for column, name in (("provider", row.provider), ("instance_type", row.instance_type)):
            known = catalog.known_names[column]
            if name not in known:
                hint = "It stands in current_fleet."
                raise UnknownNameError(column.replace("_", " "), name, known, hint)


def _of_plan(plan: Plan, *, is_over_time: bool) -> tuple[RunningInstances, ...]:
    if not plan.has_answer:
        raise InvalidInputError(
            "current_fleet",
            ["the plan has no answer, so that nothing runs of it; give [] instead"],
        )
    if plan.schedule is not None and not is_over_time:
        raise InvalidInputError(
            "current_fleet",
            [
                "in a plan over time every hour runs a fleet of its own; give rows of "
                f"({', '.join(COLUMNS)}) of what runs now, or a demand_profile"
            ],
        )
    counts: Sequence[float] = rented(plan.lines)
    if plan.schedule is not None:
        counts = [line.count * line.hours / plan.horizon_hours for line in plan.lines]
    return tuple(
        RunningInstances(
            provider=line.offer.provider,
            region=line.offer.region,
            zone=line.offer.zone,
            instance_type=line.offer.instance_type,
            purchase_option=line.offer.purchase_option,
            count=count,
        )
        for line, count in zip(plan.lines, counts, strict=True)
        if count
    )


def _rows(fleet: object) -> Sequence[Any]:
    if isinstance(fleet, pd.DataFrame):
        missing = [name for name in COLUMNS if name not in fleet.columns and name != "zone"]
        if missing:
            near = nearest_names(missing[0], [str(name) for name in fleet.columns], count=1)
            hint = f"; did you mean its column {near[0]!r}?" if near else ""
            raise InvalidInputError(
                "current_fleet", [f"the table has no column {missing[0]!r}{hint}"]
            )
        table = fleet[[name for name in COLUMNS if name in fleet.columns]]
        return table.to_dict(orient="records")
    if isinstance(fleet, Iterable) and not isinstance(fleet, str | bytes | Mapping):
        return list(fleet)
    raise InvalidInputError(
        "current_fleet",
        [f"give a Plan, a table, or rows of ({', '.join(COLUMNS)}); [] says that nothing runs"],
    )


def _row(place: int, row: object) -> RunningInstances:
    if isinstance(row, RunningInstances):
        return row
    where = f"current_fleet[{place}]"
    if isinstance(row, Mapping):
        named = {str(name): value for name, value in row.items()}
    elif isinstance(row, Sequence) and not isinstance(row, str) and len(row) == len(COLUMNS):
        named = dict(zip(COLUMNS, row, strict=True))
    else:
        raise InvalidInputError(where, [f"{row!r} is no row of ({', '.join(COLUMNS)})"])
    try:
        return RunningInstances(**named)
    except InvalidInputError as error:
        raise InvalidInputError(where, error.problems) from None


def read_switching_cost(
    cost: float | Mapping[str, float] | SwitchingCost,
) -> SwitchingCost:
    """Read the price of a change: one amount for each start and stop, or one for each of them.

    Args:
        cost: as handed over [plan currency].

    Raises:
        InvalidInputError: it is no amount of at least 0.
    """
    if isinstance(cost, SwitchingCost):
        return cost
    named: dict[str, Any] = (
        {str(name): value for name, value in cost.items()}
        if isinstance(cost, Mapping)
        else {"start": cost, "stop": cost}
    )
    try:
        return SwitchingCost(**named)
    except InvalidInputError as error:
        raise InvalidInputError("switching_cost", error.problems) from None
