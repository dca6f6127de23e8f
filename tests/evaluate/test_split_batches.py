"""A batch on firm and spot: how much goes to which line is a decision that is checked."""

from collections.abc import Callable

import pytest

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.check import evaluate_plan
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.batch import BatchInference
from costopt.workload.limits import Limits

RESTART_HOURS, RECLAIMS_PER_HOUR, AVAILABLE, START_HOURS = 0.2, 0.6, 0.6, 0.2


@pytest.fixture(scope="module")
def one_type(bundled: Catalog) -> Catalog:
    return bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["g5.xlarge"],
        purchase_options=["on_demand", "spot"],
    )


@pytest.fixture(scope="module")
def mixed(one_type: Catalog) -> Plan:
    batch = BatchInference(
        model="meta-llama/Llama-3.1-8B-Instruct",
        precision=("bf16",),
        requests=200_000,
        trace="arxiv-summarization",
        deadline_hours=14,
    )
    return optimize(batch, one_type, limits=Limits(max_spot_fraction=0.5)).require()


def test_each_line_is_paid_for_its_own_part_of_the_work(mixed: Plan) -> None:
    firm, spot = sorted(mixed.lines, key=lambda line: line.is_spot)
    assert (firm.count, spot.count) == (5, 8)
    assert firm.share + spot.share == pytest.approx(1)
    assert firm.routing == (firm.share,)
    alone = 200_000 / (firm.rate_per_instance or 0) / 3600
    assert firm.hours == pytest.approx(START_HOURS + alone * firm.share / 5)
    # e^(0.6/h x 0.2 h) = 1.1275 hours are paid for each hour of work.
    assert spot.hours == pytest.approx(RESTART_HOURS + alone * spot.share * 1.127497 / 8, rel=1e-6)
    assert mixed.outcomes[0].spot_fraction == pytest.approx(0.5)
    assert mixed.cost_total == pytest.approx(5 * firm.hours * 1.006 + 8 * spot.hours * 0.6086)
    assert mixed.cost_total == pytest.approx(105, rel=0.01)


def test_a_batch_is_done_when_its_slower_part_is(mixed: Plan) -> None:
    firm, spot = sorted(mixed.lines, key=lambda line: line.is_spot)
    waiting = RESTART_HOURS + (spot.hours - RESTART_HOURS) / AVAILABLE
    assert mixed.duration_hours == pytest.approx(max(firm.hours, waiting))


@pytest.mark.parametrize(("moved", "broken"), [(0.1, "on spot"), (-0.1, "done after")])
def test_work_that_is_moved_between_the_lines_breaks_a_limit(
    moved: float,
    broken: str,
    mixed: Plan,
    one_type: Catalog,
    change: Callable[..., Plan],
) -> None:
    changes = []
    for row, line in enumerate(mixed.lines):
        share = line.share + (moved if line.is_spot else -moved)
        changes += [(("lines", row, "share"), share), (("lines", row, "routing"), [share])]
    violations = " ".join(evaluate_plan(change(mixed, changes), one_type).violations)
    assert broken in violations


@pytest.mark.parametrize("routing", [[0.1], [0.0], [-0.5]])
def test_lines_that_do_not_do_all_of_the_work_are_refused(
    routing: list[float], mixed: Plan, one_type: Catalog, change: Callable[..., Plan]
) -> None:
    changed = change(mixed, [(("lines", 0, "routing"), routing)])
    try:
        found = " ".join(evaluate_plan(changed, one_type).violations)
    except InvalidInputError as error:
        found = str(error)
    assert "of the work" in found
