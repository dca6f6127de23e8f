"""Alternatives whose instances several payers share, against a search over every split."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from costopt.errors import InvalidInputError
from costopt.plan.status import PlanStatus
from costopt.solve.problem import Choice, LimitRow, Payers, Problem
from costopt.solve.recheck import total_cost, violations
from costopt.solve.reduce import reduce_problem
from costopt.solve.run import solve_problem
from costopt.solve.solution import Decision

NO_OFFERS = {
    "price_per_hour": np.zeros(0),
    "server": np.zeros(0, dtype=np.int64),
    "upper": np.zeros(0),
    "group": np.zeros(0, dtype=np.int64),
}


@pytest.fixture
def three_nodes() -> Problem:
    """Three nodes: bought at 6 each, or owned at 0, of which there are two."""
    payers = Payers(
        alternative=np.array([0, 0]), instances=np.array([3, 3]), cost=np.array([6.0, 0.0])
    )
    choice = Choice(cost=np.zeros(1), group=np.zeros(1, dtype=np.int64), payers=payers)
    row = LimitRow(
        name="owned",
        offer_coefficients=np.zeros(0),
        choice_coefficients=(np.zeros(1),),
        payer_coefficients=(np.array([0.0, 1.0]),),
        upper=2,
    )
    return Problem(**NO_OFFERS, choices=(choice,), rows=(row,))  # type: ignore[arg-type]


def test_what_is_owned_pays_for_two_and_one_is_bought(three_nodes: Problem) -> None:
    solution = solve_problem(three_nodes)
    assert solution.status is PlanStatus.OPTIMAL_WITHIN_GAP
    assert solution.cost == pytest.approx(6.0)
    assert [paid.tolist() for paid in solution.paid] == [[1, 2]]


def test_a_job_whose_payers_lack_room_is_impossible(three_nodes: Problem) -> None:
    (row,) = three_nodes.rows
    none_to_buy = LimitRow(
        name="on demand",
        offer_coefficients=np.zeros(0),
        choice_coefficients=(np.zeros(1),),
        payer_coefficients=(np.array([1.0, 0.0]),),
        upper=0,
    )
    solution = solve_problem(replace(three_nodes, rows=(row, none_to_buy)))
    assert (solution.status, solution.impossible_choices) == (PlanStatus.INFEASIBLE, (0,))
    assert solve_problem(replace(three_nodes, budget_per_hour=5.9)).impossible_choices == (0,)
    assert solve_problem(replace(three_nodes, budget_per_hour=6.0)).cost == pytest.approx(6.0)


@pytest.mark.parametrize(
    ("paid", "broken"),
    [
        ([0, 3], "limit 'owned': 3 used of 2"),
        ([2, 2], "4 of 3 instances are paid for"),
        ([4, -1], "a payer outside of the alternative pays, or one pays for < 0"),
    ],
)
def test_a_wrong_split_breaks_the_recheck(
    paid: list[int], broken: str, three_nodes: Problem
) -> None:
    nothing = np.zeros(0, dtype=np.int64)
    decision = Decision(counts=nothing, shares=(), chosen=(0,), paid=(np.array(paid),))
    assert any(broken in text for text in violations(three_nodes, decision))
    right = replace(decision, paid=(np.array([1, 2]),))
    assert (violations(three_nodes, right), total_cost(three_nodes, right)) == ([], 6.0)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"cost": np.zeros(1)}, r"payers\.cost has shape"),
        ({"cost": np.array([np.nan, 0.0])}, r"payers\.cost\[0\] is nan"),
        ({"alternative": np.array([0, 7])}, r"payers\.alternative\[1\] is 7"),
        ({"instances": np.array([0, 0])}, r"payers\.instances\[0\] is 0"),
        ({"instances": np.array([3, 2])}, "differs between the payers of one alternative"),
    ],
)
def test_payers_that_cannot_be_meant_are_refused(
    changed: dict[str, np.ndarray], problem: str, three_nodes: Problem
) -> None:
    (choice,) = three_nodes.choices
    odd = replace(choice, payers=replace(choice.payers, **changed))
    with pytest.raises(InvalidInputError, match=problem):
        solve_problem(replace(three_nodes, choices=(odd,)))


def test_a_limit_that_forgets_the_payers_is_refused(three_nodes: Problem) -> None:
    (row,) = three_nodes.rows
    for coefficients, problem in (((), "the payers of 0 of 1"), ((np.ones(3),), "has shape")):
        odd = replace(row, payer_coefficients=coefficients)
        with pytest.raises(InvalidInputError, match=problem):
            solve_problem(replace(three_nodes, rows=(odd,)))


def test_an_alternative_that_one_payer_undercuts_is_left_out(three_nodes: Problem) -> None:
    """At best the second costs 2 x 0 + 9; the first costs 8 whatever pays for it."""
    payers = Payers(
        alternative=np.array([0, 1, 1]),
        instances=np.array([1, 3, 3]),
        cost=np.array([8.0, 9.0, 0.0]),
    )
    choice = Choice(cost=np.zeros(2), group=np.zeros(2, dtype=np.int64), payers=payers)
    (row,) = three_nodes.rows
    wide = replace(
        row,
        choice_coefficients=(np.zeros(2),),
        payer_coefficients=(np.array([0.0, 0.0, 1.0]),),
    )
    problem = replace(three_nodes, choices=(choice,), rows=(wide,))
    (reduced,) = reduce_problem(problem).choices
    assert (reduced.alternatives.tolist(), reduced.payers.tolist()) == ([0], [0])
    assert len(reduce_problem(problem, prune=False).choices[0].alternatives) == 2
    assert solve_problem(problem).cost == pytest.approx(8.0)


def drawn(seed: int) -> Problem:
    """Draw one or two jobs with some alternatives that payers share, and limits on all."""
    random = np.random.default_rng(seed)
    choices = tuple(drawn_choice(random) for _ in range(random.integers(1, 3)))
    rows = tuple(
        LimitRow(
            name=f"limit {index}",
            offer_coefficients=np.zeros(0),
            choice_coefficients=tuple(
                random.choice([0.0, 1.0, 2.0], len(choice.cost)) for choice in choices
            ),
            payer_coefficients=tuple(
                random.choice([0.0, 0.0, 1.0, 1.5], len(choice.payers)) for choice in choices
            ),
            upper=float(random.integers(0, 6)),
        )
        for index in range(random.integers(0, 4))
    )
    return Problem(
        **NO_OFFERS,  # type: ignore[arg-type]
        choices=choices,
        rows=rows,
        budget_per_hour=float(random.integers(2, 12)) if random.random() < 0.3 else None,
        max_groups=int(random.integers(1, 3)) if random.random() < 0.4 else None,
    )


def drawn_choice(random: np.random.Generator) -> Choice:
    alternatives = int(random.integers(1, 4))
    of = np.sort(random.integers(0, alternatives, random.integers(0, 5)))
    return Choice(
        cost=random.choice([0.0, 0.5, 1.0, 4.0], alternatives),
        group=random.integers(0, 3, alternatives),
        payers=Payers(
            alternative=of,
            instances=random.integers(1, 4, alternatives)[of],
            cost=random.choice([0.0, 0.7, 1.0, 3.0], len(of)),
        ),
    )


def ways(choice: Choice) -> list[tuple[int, tuple[int, ...]]]:
    """Every alternative with every split of its instances."""
    payers, found = choice.payers, []
    for alternative in range(len(choice.cost)):
        own = payers.alternative == alternative
        most = [int(n) if mine else 0 for n, mine in zip(payers.instances, own, strict=True)]
        for paid in product(*(range(n + 1) for n in most)):
            if not own.any() or sum(paid) == payers.instances[own][0]:
                found.append((alternative, paid))
    return found


def least_by_search(problem: Problem) -> float | None:
    """The least cost over all ways, or None; limits are written out again."""
    best = None
    for taken in product(*(ways(choice) for choice in problem.choices)):
        parts = list(zip(problem.choices, taken, strict=True))
        cost = sum(float(c.cost[a] + c.payers.cost @ np.array(paid)) for c, (a, paid) in parts)
        fits = problem.budget_per_hour is None or cost <= problem.budget_per_hour + 1e-9
        for row in problem.rows:
            used = sum(
                float(row.choice_coefficients[job][a] + row.payer_coefficients[job] @ paid)
                for job, (a, paid) in enumerate(taken)
            )
            fits &= used <= row.upper + 1e-9
        groups = {int(c.group[a]) for c, (a, _) in parts}
        fits &= problem.max_groups is None or len(groups) <= problem.max_groups
        if fits and (best is None or cost < best):
            best = cost
    return best


@pytest.mark.parametrize("prune", [True, False])
@pytest.mark.parametrize("seed", range(150))
def test_a_solution_costs_what_trying_every_split_finds(seed: int, prune: bool) -> None:
    problem = drawn(seed)
    solution = solve_problem(problem, gap=0.0, prune=prune)
    least = least_by_search(problem)
    if least is None:
        assert solution.status is PlanStatus.INFEASIBLE
    else:
        assert solution.cost == pytest.approx(least, abs=1e-9)
