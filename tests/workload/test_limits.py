"""Limits: what is refused, what one name stands for, and how two sets of limits meet."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costopt.catalog.age_limits import MAX_AGE_MONTHS
from costopt.errors import InvalidInputError
from costopt.workload.limits import (
    DEFAULT_PURCHASE_OPTIONS,
    TERM_OPTIONS,
    Limits,
    joined_options,
)

quick = settings(max_examples=60, deadline=None, derandomize=True)

NAME_FIELDS = (
    "providers", "regions", "countries", "instance_types", "families", "accelerator_types",
    "vendors", "intra_node_interconnect", "inter_node_fabric",
)  # fmt: skip


def test_limits_without_a_field_limit_nothing() -> None:
    limits = Limits()
    assert {
        value for name, value in limits if name not in ("max_spot_fraction", "failure_group")
    } == {None}
    assert limits.max_spot_fraction == 1
    assert limits.options == DEFAULT_PURCHASE_OPTIONS == ("on_demand", "spot")


@pytest.mark.parametrize("field", NAME_FIELDS)
def test_one_name_is_a_list_of_one(field: str) -> None:
    one: Any = {field: "some-*"}
    several: Any = {field: ["some-*", "other"]}
    assert getattr(Limits(**one), field) == ("some-*",)
    assert getattr(Limits(**several), field) == ("some-*", "other")


def test_one_purchase_option_is_a_list_of_one() -> None:
    only: Any = "on_demand"
    assert Limits(purchase_options=only).options == ("on_demand",)


@pytest.mark.parametrize("field", [*NAME_FIELDS, "purchase_options", "term_years"])
def test_empty_list_is_refused_rather_than_read_as_everything_or_nothing(field: str) -> None:
    empty: Any = {field: []}
    with pytest.raises(InvalidInputError) as caught:
        Limits(**empty)
    assert str(caught.value) == f"Limits: {field}: must not be empty"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"regions": ""}, "regions[0] = '': must not be empty"),
        ({"providers": ["aws", 3]}, "providers[1] = 3: must be text"),
        ({"regions": 5}, "regions = 5: must be a list"),
        ({"term_years": 3}, "term_years = 3: must be a list"),
        ({"term_years": [0]}, "term_years[0] = 0: must be above 0"),
        ({"max_spot_fraction": 1.01}, "max_spot_fraction = 1.01: must be at most 1"),
        ({"max_spot_fraction": -0.1}, "max_spot_fraction = -0.1: must be at least 0"),
        ({"max_spot_fraction": "half"}, "max_spot_fraction = 'half': must be a number"),
        ({"budget": -1}, "budget = -1: must be at least 0"),
        ({"budget": float("inf")}, "budget = inf: must be a finite number"),
        ({"quota": {"p5.48xlarge": -1}}, "quota.p5.48xlarge = -1: must be at least 0"),
        ({"quota": {"p5*": 1.5}}, "quota.p5* = 1.5: must be a whole number"),
        ({"quota": {"p5*": True}}, "quota.p5* = True: must be a whole number"),
        ({"quota": {"p5*": 10**16}}, "quota.p5* = 10000000000000000: must be at most 1e+15"),
        ({"quota": [3]}, "quota = [3]: must be a table of names and values"),
        ({"max_distinct_types": 0}, "max_distinct_types = 0: must be above 0"),
        ({"max_distinct_types": 2.0}, "max_distinct_types = 2.0: must be a whole number"),
        ({"min_vcpus_per_accelerator": 0}, "min_vcpus_per_accelerator = 0: must be above 0"),
        ({"max_age_months": {"spot": 0}}, "max_age_months.spot = 0: must be above 0"),
        ({"regoins": "us-*"}, "unknown field 'regoins'; did you mean regions?"),
        (
            {"purchase_options": ["low_priority"]},
            "purchase_options[0] = 'low_priority': allowed: on_demand, spot, reserved, "
            "savings_plan, committed_use, subscription, capacity_block",
        ),
    ],
)
def test_wrong_limit_is_one_sentence_with_what_is_allowed(
    fields: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Limits(**fields)
    assert str(caught.value) == f"Limits: {sentence}"


def test_field_that_resembles_none_lists_every_field() -> None:
    wrong: Any = {"xyz": 1}
    with pytest.raises(InvalidInputError, match="unknown field 'xyz'; allowed: providers, regi"):
        Limits(**wrong)


@pytest.mark.parametrize("key", ["low_priority", "month"])
def test_age_of_what_has_no_age_limit_is_refused(key: str) -> None:
    with pytest.raises(InvalidInputError, match=f"Unknown max_age_months key '{key}'"):
        Limits(max_age_months={key: 3})


def test_age_may_be_given_for_every_option_and_the_exchange_rate() -> None:
    ages = dict.fromkeys(MAX_AGE_MONTHS, 1.0)
    assert Limits(max_age_months=ages).max_age_months == ages


def test_zero_is_a_limit_where_nothing_at_all_makes_sense() -> None:
    limits = Limits(quota={"p5*": 0}, budget=0, max_spot_fraction=0)
    assert (limits.quota, limits.budget, limits.max_spot_fraction) == ({"p5*": 0}, 0, 0)


def test_whole_numbers_of_numpy_are_whole_numbers() -> None:
    limits = Limits(max_distinct_types=np.int64(2), quota={"p5*": np.int32(3)})
    assert (limits.max_distinct_types, limits.quota) == (2, {"p5*": 3})
    assert type(limits.max_distinct_types) is int
    wrong: Any = np.bool_(True)
    with pytest.raises(InvalidInputError, match="must be a whole number"):
        Limits(max_distinct_types=wrong)


def test_only_spot_and_no_spot_contradict_each_other() -> None:
    with pytest.raises(InvalidInputError, match="allows only spot, but max_spot_fraction is 0"):
        Limits(purchase_options=("spot",), max_spot_fraction=0)
    assert Limits(purchase_options=("spot",), max_spot_fraction=0.01).options == ("spot",)
    assert Limits(purchase_options=("spot", "on_demand"), max_spot_fraction=0).budget is None


def test_terms_without_a_commitment_to_buy_contradict_each_other() -> None:
    with pytest.raises(InvalidInputError, match="purchase_options allows none"):
        Limits(term_years=(3,), purchase_options=("on_demand", "capacity_block"))
    assert Limits(term_years=(3,), purchase_options=("reserved",)).term_years == (3,)
    assert Limits(term_years=(3,)).term_years == (3,)


def test_limits_cannot_be_changed() -> None:
    limits = Limits(regions=("us-*",))
    with pytest.raises(Exception, match="frozen"):
        limits.regions = ("eu-*",)


def test_limits_read_back_from_json_are_the_same() -> None:
    limits = Limits(
        providers=("aws", "gcp"), purchase_options=("spot", "reserved"), term_years=(1, 3),
        quota={"aws/us-east-1/p5*": 2}, budget=10_000, max_age_months={"spot": 6},
    )  # fmt: skip
    assert Limits.model_validate_json(limits.model_dump_json()) == limits


OPTIONS = ("on_demand", "spot", "reserved", "savings_plan", "committed_use", "subscription")
SOME_LIMITS = st.builds(
    lambda options, spot: Limits(purchase_options=options, max_spot_fraction=spot),
    st.one_of(
        st.none(),
        st.lists(st.sampled_from(OPTIONS), min_size=1, unique=True).filter(
            lambda options: options != ["spot"]
        ),
    ),
    st.sampled_from([0.0, 0.5, 1.0]),
)


@quick
@given(first=SOME_LIMITS, second=SOME_LIMITS)
def test_joined_options_are_those_that_both_sides_allow(first: Limits, second: Limits) -> None:
    sides = [
        set(limits.purchase_options)
        for limits in (first, second)
        if limits.purchase_options is not None
    ]
    both = set.intersection(*sides) if sides else {"on_demand", "spot"}
    no_spot = 0 in (first.max_spot_fraction, second.max_spot_fraction)
    if not both or (both == {"spot"} and no_spot):
        with pytest.raises(InvalidInputError, match="is left"):
            joined_options(first, second)
        return
    assert set(joined_options(first, second)) == both
    assert set(joined_options(second, first)) == both


def test_commitments_take_part_only_when_named() -> None:
    assert TERM_OPTIONS.isdisjoint(DEFAULT_PURCHASE_OPTIONS)
    assert set(OPTIONS) >= TERM_OPTIONS
