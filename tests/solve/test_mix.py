"""cheapest_mix: the published example, labels of every form, and messages for bad input."""

from collections.abc import Mapping
from dataclasses import FrozenInstanceError
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from costopt.errors import InvalidInputError, UnknownNameError
from costopt.plan.status import PlanStatus
from costopt.solve import run
from costopt.solve.highs import Outcome, SolverRun
from costopt.solve.mix import cheapest_mix

DEMAND = 30 * np.array([[0.2, 0.1], [0.5, 0.2]])
THROUGHPUT = np.array([[[2, 1], [5, 2]], [[20, 20], [40, 20]]])
PRICES = np.array([1.01, 3.67])
"""Published example: A10G and A100-80GB on a grid of input by output sizes, 30 requests/s.
Source: arXiv 2404.14527."""

TYPES = ["A10G", "A100"]
BUCKETS = ["short", "tall", "wide", "large"]
FRAME = pd.DataFrame(THROUGHPUT.reshape(2, 4), index=TYPES, columns=BUCKETS)
ROWS = {kind: FRAME.loc[kind].to_dict() for kind in TYPES}
RATES = dict(zip(BUCKETS, DEMAND.ravel().tolist(), strict=True))
PRICE_OF = {"A100": 3.67, "A10G": 1.01}


def test_the_published_example_costs_4_68_on_exactly_full_instances() -> None:
    # All on the A100 takes 6/20 + 3/20 + 15/40 + 6/20 = 1.125. One A10G takes a third of the
    # third bucket, 15/3 / 5 = 1, which leaves 1.125 - 5/40 = 1: both are full, 1.01 + 3.67.
    mix = cheapest_mix(DEMAND, THROUGHPUT, PRICES)
    assert mix.cost == pytest.approx(4.68, abs=1e-12)
    assert mix.counts.tolist() == [1, 1]
    assert mix.shares.shape == (2, 2, 2)
    assert mix.shares[0] == pytest.approx(np.array([[0, 0], [1 / 3, 0]]))
    assert mix.bound == pytest.approx(4.68)
    assert mix.gap == pytest.approx(0)
    assert mix.status is PlanStatus.OPTIMAL_WITHIN_GAP
    assert mix.seconds > 0


def test_frames_give_frames_with_their_labels() -> None:
    mix = cheapest_mix(pd.Series(RATES), FRAME, pd.Series(PRICE_OF))
    assert isinstance(mix.counts, pd.Series)
    assert isinstance(mix.shares, pd.DataFrame)
    assert mix.counts.to_dict() == {"A10G": 1, "A100": 1}
    assert mix.shares.index.equals(FRAME.index)
    assert mix.shares.columns.equals(FRAME.columns)
    assert mix.shares.loc["A10G", "wide"] == pytest.approx(1 / 3)
    assert mix.demand_shares["A10G"] == pytest.approx(1 / 6)


def test_mappings_give_dicts_with_their_labels() -> None:
    mix = cheapest_mix(RATES, ROWS, PRICE_OF)
    assert mix.counts == {"A10G": 1, "A100": 1}
    assert mix.shares["A10G"]["wide"] == pytest.approx(1 / 3)
    assert mix.shares["A100"]["wide"] == pytest.approx(2 / 3)


def test_rows_of_a_mapping_may_be_lists_or_grids() -> None:
    as_lists = {kind: row.ravel().tolist() for kind, row in zip(TYPES, THROUGHPUT, strict=True)}
    mix = cheapest_mix(DEMAND.ravel(), as_lists, PRICE_OF)
    assert mix.counts == {"A10G": 1, "A100": 1}
    assert mix.shares["A10G"] == pytest.approx([0, 0, 1 / 3, 0])
    as_grids = dict(zip(TYPES, THROUGHPUT.tolist(), strict=True))
    mix = cheapest_mix(DEMAND.tolist(), as_grids, PRICE_OF)
    assert mix.shares["A10G"] == pytest.approx(np.array([[0, 0], [1 / 3, 0]]))


@pytest.mark.parametrize("throughput", [FRAME, ROWS], ids=["frame", "mapping"])
def test_order_does_not_matter_where_there_are_labels(throughput: Any) -> None:
    backwards = pd.Series(RATES)[::-1]
    prices = pd.Series(PRICE_OF)
    for given_prices in (prices, prices[::-1], PRICE_OF, [1.01, 3.67]):
        mix = cheapest_mix(backwards, throughput, given_prices)
        assert mix.cost == pytest.approx(4.68)
        assert dict(mix.counts.items()) == {"A10G": 1, "A100": 1}
    swapped = dict(zip(TYPES, [3.67, 1.01], strict=True))
    assert cheapest_mix(backwards, throughput, swapped).cost != pytest.approx(4.68)


def test_rows_of_a_mapping_are_aligned_with_each_other() -> None:
    backwards = dict(reversed(ROWS["A100"].items()))
    mix = cheapest_mix(RATES, {"A10G": ROWS["A10G"], "A100": backwards}, PRICE_OF)
    assert mix.cost == pytest.approx(4.68)


def test_a_series_that_only_counts_rows_goes_with_arrays() -> None:
    flat = THROUGHPUT.reshape(2, 4)
    mix = cheapest_mix(pd.Series(DEMAND.ravel()), flat, pd.Series(PRICES))
    assert isinstance(mix.counts, np.ndarray)
    assert mix.cost == pytest.approx(4.68)


def test_a_quota_may_name_only_the_limited_types() -> None:
    # Without the A100, the loads 6/2 + 3/1 + 15/5 + 6/2 = 12 take twelve A10G: 12.12.
    for quota in ({"A100": 0}, pd.Series({"A100": 0}), [np.inf, 0]):
        mix = cheapest_mix(RATES, ROWS, PRICE_OF, quota=quota)
        assert mix.counts == {"A10G": 12, "A100": 0}
        assert mix.cost == pytest.approx(12.12)


def test_utilisation_below_one_needs_more_instances() -> None:
    assert cheapest_mix([8], [[1]], [1], max_utilisation=0.8).counts.tolist() == [10]


def test_a_zero_rate_is_never_used() -> None:
    mix = cheapest_mix([1, 1], [[9, 0], [0, 1]], [1, 1])
    assert mix.shares.tolist() == [[1, 0], [0, 1]]


def test_decimal_prices_are_numbers() -> None:
    assert cheapest_mix([1], [[1]], [Decimal("0.35")]).cost == 0.35


def test_without_demand_nothing_is_rented() -> None:
    mix = cheapest_mix([0, 0], [[1, 1]], [1])
    assert (mix.cost, mix.bound, mix.gap) == (0.0, 0.0, 0.0)
    assert mix.counts.tolist() == [0]
    assert mix.demand_shares.tolist() == [0]


def test_a_bucket_that_no_type_serves_is_named_by_its_label() -> None:
    rows: Mapping[str, Mapping[str, float]] = {"a": {"p": 1, "q": 0}, "b": {"p": 2, "q": 0}}
    mix = cheapest_mix({"p": 1, "q": 1}, rows, {"a": 1, "b": 1})
    assert mix.status is PlanStatus.INFEASIBLE
    assert (mix.cost, mix.bound, mix.gap) == (None, None, None)
    assert mix.counts == {"a": 0, "b": 0}
    assert mix.shares == {"a": {"p": 0, "q": 0}, "b": {"p": 0, "q": 0}}
    assert mix.unserved == ("q",)
    assert str(mix).startswith("No mix: infeasible; no type within its quota serves bucket q (")


def test_an_unserved_cell_of_a_grid_is_named_by_row_and_column() -> None:
    mix = cheapest_mix([[1, 1], [1, 1]], [[[1, 1], [0, 1]]], [1])
    assert mix.unserved == ((1, 0),)


def test_quotas_too_small_together_say_so() -> None:
    mix = cheapest_mix([5], [[1], [1]], [1, 1], quota=[2, 2])
    assert mix.unserved == ()
    assert "the quotas together do not carry the demand" in str(mix)


def test_a_mix_prints_as_short_text() -> None:
    lines = str(cheapest_mix(RATES, ROWS, PRICE_OF)).splitlines()
    assert lines[0].startswith("Mix at 4.68 per hour, optimal within gap (gap 0.00 %, ")
    assert lines[1:] == [
        "  1 x A10G: 16.7 % of all requests",
        "  1 x A100: 83.3 % of all requests",
    ]
    assert repr(cheapest_mix([12], [[1], [2]], [1, 3])).splitlines()[1:] == [
        "  12 x type 0: 100.0 % of all requests"
    ]
    assert str(cheapest_mix([1], [[1]], [0.000123])).startswith("Mix at 0.000123 per hour")


def test_a_mix_that_was_not_found_in_time_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = SolverRun(outcome=Outcome.STOPPED, values=None, bound=1.5)
    monkeypatch.setattr(run, "run_program", lambda *_, **__: nothing)
    mix = cheapest_mix([7], [[3]], [2])
    assert mix.status is PlanStatus.NO_ANSWER_IN_TIME
    assert mix.cost is None
    assert mix.counts.tolist() == [0]
    # The bound of 1.5 is in units of the cheapest price, 2.00.
    expected = "No mix: none was found within the time limit; none costs less than 3.00 per hour ("
    assert str(mix).startswith(expected)


def test_a_mix_cannot_be_changed() -> None:
    mix = cheapest_mix([1], [[1]], [1])
    with pytest.raises(FrozenInstanceError):
        mix.cost = 0.0  # type: ignore[misc]


def test_the_inputs_are_not_changed() -> None:
    demand, rates, prices = pd.Series(RATES), FRAME.copy(), pd.Series(PRICE_OF)
    cheapest_mix(demand, rates, prices)
    assert demand.to_dict() == RATES
    assert rates.equals(FRAME)
    assert prices.to_dict() == PRICE_OF


GOOD: dict[str, Any] = {"demand": RATES, "throughput": ROWS, "price_per_hour": PRICE_OF}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"demand": RATES | {"tall": np.nan}}, r"demand\['tall'\] is nan; it must be a finite"),
        ({"demand": RATES | {"tall": -3}}, r"demand\['tall'\] is -3.0"),
        ({"demand": RATES | {"tall": "3"}}, "demand must hold numbers only"),
        ({"demand": RATES | {"tall": None}}, r"demand\['tall'\] is nan"),
        ({"demand": [1, 2, 3]}, r"demand has shape \(3,\); .* each bucket, 4 in all"),
        ({"demand": FRAME}, "demand carries labels in a form that is not aligned"),
        ({"demand": {"short": 1}}, "demand has no number for bucket 'tall', 'wide', 'large'"),
        ({"demand": pd.Series([1, 1], index=["short"] * 2)}, "'short' more than once"),
        ({"price_per_hour": PRICE_OF | {"A100": np.inf}}, r"price_per_hour\['A100'\] is inf"),
        ({"price_per_hour": {"A100": 1}}, "price_per_hour has no number for type 'A10G'"),
        ({"price_per_hour": [True, False]}, "price_per_hour must hold numbers only"),
        ({"throughput": ROWS | {"A100": {"short": 1}}}, "'A100' has no number for bucket"),
        ({"throughput": ROWS | {"A100": [1, 2, 3, 4]}}, "bucket labels in some rows only"),
        ({"throughput": {"A10G": [1, 2], "A100": [1]}}, "rows of equal length"),
        ({"throughput": [1, 2, 3]}, r"throughput has shape \(3,\)"),
        ({"throughput": {}}, r"throughput has shape \(0,\)"),
        ({"throughput": pd.concat([FRAME, FRAME])}, "'A10G', 'A100' more than once"),
        ({"throughput": {"A10G": FRAME, "A100": FRAME}}, "throughput of 'A10G' carries labels"),
        ({"throughput": list(ROWS.values())}, "throughput carries labels"),
        ({"throughput": [FRAME.loc["A10G"], FRAME.loc["A100"]]}, "throughput carries labels"),
        ({"throughput": FRAME.iloc[:0]}, r"throughput has shape \(0, 4\)"),
        ({"throughput": FRAME.replace(40, -1)}, r"throughput\['A100', 'wide'\] is -1.0"),
        ({"quota": {"A100": -1}}, r"quota\['A100'\] is -1.0; it must be at least 0"),
        ({"quota": [1]}, r"quota has shape \(1,\)"),
        ({"max_utilisation": 0.0}, "max_utilisation is 0.0; it must be above 0 and at most 1"),
        ({"max_utilisation": 80}, "max_utilisation is 80"),
        ({"max_utilisation": "most"}, "max_utilisation is 'most'"),
        ({"gap": None}, "gap is None; it must be a number"),
        ({"gap": np.nan}, "gap is nan"),
        ({"time_limit_seconds": 0}, "time_limit_seconds is 0"),
    ],
    ids=str,
)
def test_bad_input_is_told_in_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInputError, match=sentence):
        cheapest_mix(**(GOOD | changes))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"demand": RATES | {"wyde": 1}}, "Unknown bucket 'wyde'. Did you mean wide"),
        ({"price_per_hour": PRICE_OF | {"A10": 1}}, "Unknown type 'A10'. .* in price_per_hour"),
        ({"quota": {"A10g": 1}}, "Unknown type 'A10g'. Did you mean A10G"),
        ({"throughput": ROWS | {"T4": ROWS["A10G"] | {"huge": 1}}}, "Unknown bucket 'huge'"),
        ({"throughput": THROUGHPUT.reshape(2, 4)}, "Unknown bucket 'short'. Known: 0, 1, 2, 3"),
    ],
    ids=str,
)
def test_an_unknown_label_is_told_with_the_nearest(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UnknownNameError, match=sentence):
        cheapest_mix(**(GOOD | changes))


def test_labels_of_a_grid_are_refused_not_lost() -> None:
    with pytest.raises(InvalidInputError, match="demand carries labels"):
        cheapest_mix(pd.DataFrame(DEMAND), THROUGHPUT, PRICES)


def test_a_grid_of_another_shape_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"demand has shape \(4,\); it must have \(2, 2\)"):
        cheapest_mix(DEMAND.ravel(), THROUGHPUT, PRICES)
