"""Questions to a plan that upper rooms answer: why not this offer, and what breaks it."""

from typing import TYPE_CHECKING, cast

from costopt.plan.line import PlanRecord

if TYPE_CHECKING:
    from costopt.catalog.catalog import Catalog
    from costopt.explain.stress_record import Stress
    from costopt.explain.why_not import WhyNot
    from costopt.plan.plan import Plan


class PlanQuestions(PlanRecord):
    """What can be asked of a plan, beside what it says by itself."""

    def why_not(
        self,
        instance_type: str,
        *,
        provider: str | None = None,
        region: str | None = None,
        purchase_option: str | None = None,
        catalog: "Catalog | None" = None,
    ) -> "WhyNot":
        """Say why an offer is not in the plan, with figures.

        Args:
            instance_type: the provider's own name.
            provider: short name of the cloud; any where it is left out.
            region: the provider's own name; any where it is left out.
            purchase_option: such as spot; any where it is left out.
            catalog: needed for a plan that was read from a file.

        Raises:
            UnknownNameError: the catalogue has no such name.
            InvalidInputError: the plan has no lines, no catalogue is at hand, or no offer has
                all these names.
        """
        from costopt.explain.why_not import why_not

        names = {
            "instance_type": instance_type,
            "provider": provider,
            "region": region,
            "purchase_option": purchase_option,
        }
        plan = cast("Plan", self)
        return why_not(plan, plan._source(catalog, "why_not"), names, plan._workloads)

    def stress(self, catalog: "Catalog | None" = None) -> "Stress":
        """Say what breaks first when rates, demand, prices or a pool are not as planned.

        Args:
            catalog: needed for a plan that was read from a file.

        Raises:
            InvalidInputError: the plan has no lines, or no catalogue is at hand.
        """
        from costopt.explain.stress import stress

        plan = cast("Plan", self)
        return stress(plan, plan._source(catalog, "stress"), plan._workloads)
