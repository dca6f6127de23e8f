"""One point of a frontier: a value of the limit and the cheapest plan that meets it."""

from dataclasses import dataclass

from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierPoint:
    """One value of the limit and the cheapest plan that meets it.

    Attributes:
        value: of the limit.
        status: what the search came to.
        cost_total: of the plan, over the horizon or until the jobs are done; None without one
            [plan currency].
        bound_total: no plan at this value costs less, switching included [plan currency].
        gap: distance of the two, relative; None without a plan.
        is_dominated: True where a stricter value costs no more, so that this one buys nothing.
        because: why there is no plan.
        plan: the plan; made for a stricter value where that one is cheaper than what was found
            for this one.
    """

    value: float
    status: PlanStatus
    cost_total: float | None
    bound_total: float | None
    gap: float | None
    is_dominated: bool
    because: tuple[str, ...]
    plan: Plan

    @classmethod
    def of(cls, value: float, plan: Plan) -> "FrontierPoint":
        """Return the point of a plan that was made for a value."""
        bound = None if plan.bound is None else plan.bound * plan.horizon_hours
        late = plan.status is PlanStatus.NO_ANSWER_IN_TIME and not plan.unanswered_because
        because = ("no plan was found in time; raise time_limit_seconds",) if late else ()
        return cls(
            value=value,
            status=plan.status,
            cost_total=plan.cost_total,
            bound_total=bound,
            gap=plan.gap,
            is_dominated=False,
            because=plan.unanswered_because or because,
            plan=plan,
        )

    @property
    def cost_with_switching(self) -> float | None:
        """What was minimised; None without a plan [plan currency].

        Cost of the plan, of one over time its present value, and of getting to it.
        """
        if self.cost_total is None:
            return None
        if self.plan.schedule is not None:
            return self.plan.schedule.objective + self.plan.switching_cost
        return self.cost_total + self.plan.switching_cost
