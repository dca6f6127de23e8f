from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.performance.scoring.regret import decision_regret
from costopt.performance.scoring.scores import scores_of
from costopt.performance.scoring.table import Measurements, read_measurements

ROW = {
    "id": "x1", "workload": "inference_offline", "model": "llama-3.1-8b", "precision": "bf16",
    "accelerator": "H100-80GB", "n_accelerators": 1, "tensor_parallel": 1,
    "pipeline_parallel": 1, "batch_or_concurrency": 8, "input_tokens": 500,
    "output_tokens": 100, "metric": "output_tokens_per_s", "value": 100.0,
    "software": "vllm 0.12.0",
}  # fmt: skip


def measurements(*changes: Mapping[str, object]) -> Measurements:
    return read_measurements(pd.DataFrame([{**ROW, **change} for change in changes]))


def results(predicted: list[float], band: tuple[float, float] = (0.85, 1.15)) -> pd.DataFrame:
    expected = np.array(predicted)
    return pd.DataFrame(
        {
            "predicted": expected,
            "low": expected * band[0],
            "high": expected * band[1],
            "origin": "calibrated",
            "reason": np.where(np.isnan(expected), "refused", ""),
        }
    )


def test_errors_are_predicted_over_measured() -> None:
    four = measurements({}, {}, {}, {}, {})

    scores = scores_of(four, results([110.0, 80.0, 100.0, 150.0, np.nan]))
    whole = scores[scores["by"] == "all"].iloc[0]

    # errors +10, -20, 0, +50 %: absolute 0, 10, 20, 50; the 90th percentile lies 0.7 of the way
    # from 20 to 50; 100 lies in 93.5..126.5 and 85..115, not in 68..92 nor 127.5..172.5
    assert (whole["scored"], whole["refused"]) == (4, 1)
    assert whole["median_error_percent"] == pytest.approx(15.0)
    assert whole["p90_error_percent"] == pytest.approx(41.0)
    assert whole["bias_percent"] == pytest.approx(5.0)
    assert whole["coverage_percent"] == pytest.approx(50.0)
    assert whole["far_under_percent"] == pytest.approx(25.0)


def test_scores_are_told_by_every_part_of_the_table() -> None:
    two = measurements({}, {"metric": "ttft_ms", "accelerator": "A100-80GB"})

    scores = scores_of(two, results([100.0, 130.0])).set_index(["by", "name"])

    assert scores.loc[("figure", "TTFT"), "median_error_percent"] == pytest.approx(30.0)
    assert scores.loc[("figure", "serving throughput"), "median_error_percent"] == 0.0
    assert scores.loc[("accelerator", "A100-80GB"), "scored"] == 1
    assert scores.loc[("workload", "inference_offline"), "scored"] == 2
    assert scores.loc[("model", "llama-3.1-8b"), "bias_percent"] == pytest.approx(15.0)


def test_part_without_a_scored_row_has_counts_and_no_figures() -> None:
    scores = scores_of(measurements({}), results([np.nan]))

    assert scores["refused"].eq(1).all()
    assert scores["median_error_percent"].isna().all()


def lowest_price(catalog: Catalog, accelerator: str) -> float:
    offers = catalog.joined_offers
    asked = (offers["purchase_option"] == "on_demand") & (offers["accelerator"] == accelerator)
    dollars = asked & (offers["currency"] == "USD")
    return float((offers["effective_per_hour"] / offers["accelerator_count"])[dollars].min())


def group(
    bundled: Catalog, costs: dict[str, float], predicted: dict[str, float]
) -> tuple[Measurements, pd.DataFrame]:
    prices = {name: lowest_price(bundled, name) for name in costs}
    measured = measurements(
        *({"accelerator": name, "value": prices[name] / cost} for name, cost in costs.items())
    )
    return measured, results([prices[name] / predicted[name] for name in costs])


def test_regret_is_what_the_pick_costs_above_the_cheapest(bundled: Catalog) -> None:
    costs = {"H100-80GB": 3.0, "A100-80GB": 2.5, "L40S": 2.0}
    ours = {"H100-80GB": 3.0, "A100-80GB": 1.0, "L40S": 2.0}

    regret = decision_regret(*group(bundled, costs, ours), bundled)

    # ours is the A100 at 2.5 against 2.0; of H100 and L40S, both of 2022, the L40S is cheaper
    assert regret is not None
    assert regret.model.groups == 1
    assert regret.model.median_percent == pytest.approx(25.0)
    assert regret.model.above_10_percent == 100.0
    years = bundled.accelerators.set_index("name")["release_year"]
    newest = max(years[name] for name in costs)
    cheapest = min(cost for name, cost in costs.items() if years[name] == newest)
    assert regret.newest.median_percent == pytest.approx((cheapest / 2.0 - 1.0) * 100.0)


def test_two_accelerators_are_no_decision_to_regret(bundled: Catalog) -> None:
    costs = {"H100-80GB": 3.0, "A100-80GB": 2.5}

    assert decision_regret(*group(bundled, costs, costs), bundled) is None


def test_accelerator_without_a_price_is_no_option(bundled: Catalog) -> None:
    table = measurements(*({"accelerator": n} for n in ("H100-80GB", "A100-80GB", "RTX-4090")))

    assert decision_regret(table, results([100.0, 100.0, 100.0]), bundled) is None
