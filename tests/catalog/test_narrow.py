"""Narrowing by name: what each condition keeps, counted by hand in the small catalogue."""

from typing import Any

import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.catalog.narrow import matches, matching_names
from costopt.errors import InvalidInputError, UnknownNameError


def names(catalog: Catalog) -> list[str]:
    """Name what a catalogue holds, an offer each."""
    offers = catalog.offers
    return sorted(offers["region"] + " " + offers["instance_type"] + " " + offers["currency"])


def kept(catalog: Catalog, column: str) -> set[str]:
    return set(catalog.offers[column])


def test_names_match_by_wildcard_whatever_their_case() -> None:
    known = ("p5.48xlarge", "p5e.48xlarge", "P4d.24xlarge")
    assert matching_names("type", ["P5*", "p4?.24xlarge"], known) == set(known)
    assert matching_names("type", ["p5.*"], known) == {"p5.48xlarge"}


def test_name_without_a_wildcard_matches_only_itself() -> None:
    assert matching_names("type", ["p5"], ("p5", "p5e")) == {"p5"}


def test_name_that_matches_nothing_lists_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as refusal:
        matching_names("region", ["us-east-1", "us-esat-2"], ("us-east-1", "us-east-2", "x"))
    assert str(refusal.value).startswith("Unknown region 'us-esat-2'. Did you mean us-east-2")
    assert refusal.value.suggestions[0] == "us-east-2"


def test_empty_list_is_refused_rather_than_read_as_nothing() -> None:
    with pytest.raises(InvalidInputError, match="region: an empty list would leave nothing"):
        matching_names("region", [], ("us-east-1",))


def test_no_patterns_match_every_row_and_an_empty_name_is_never_a_name() -> None:
    column = pd.Series(["p5", "", "g5"], dtype="str")
    assert matches(column, "family", None).tolist() == [True, True, True]
    assert matches(column, "family", ["*"]).tolist() == [True, False, True]


def test_filter_without_conditions_keeps_every_offer(small: Catalog) -> None:
    assert len(small) == 13
    pd.testing.assert_frame_equal(small.filter().offers, small.offers)


def test_filter_takes_one_name_as_a_list_of_one(small: Catalog) -> None:
    # 8 offers of AWS: 4 of p5 (3 + 1), 3 of g4dn (2 + 1), 1 of c7i
    assert len(small.filter(providers="aws")) == 8
    assert names(small.filter(providers="aws")) == names(small.filter(providers=["aws"]))


def test_filter_joins_conditions_by_and_and_names_of_one_by_or(small: Catalog) -> None:
    narrow = small.filter(
        providers=["aws", "gcp"], regions=["us-*", "europe-*"], purchase_options=["spot"]
    )
    assert names(narrow) == [
        "europe-west4 a3-highgpu-8g USD",
        "us-east-1 g4dn.xlarge USD",
        "us-east-1 p5.48xlarge USD",
    ]


@pytest.mark.parametrize(
    ("condition", "pattern", "offers"),
    [
        ("instance_types", "p5*", 4),
        ("families", "a3", 3),
        ("vendors", "nvidia", 12),
        ("vendors", "intel", 1),
        ("purchase_options", "*d", 9),
        ("accelerator_types", "cpu", 1),
        ("accelerator_types", "h100", 7),
        ("accelerator_types", "Tesla-*", 4),
        ("accelerator_types", ["T4", "A1?"], 5),
    ],
)
def test_filter_counts_what_was_counted_by_hand(
    small: Catalog, condition: str, pattern: Any, offers: int
) -> None:
    assert len(small.filter(**{condition: pattern})) == offers


def test_alias_and_name_of_an_accelerator_keep_the_same_offers(small: Catalog) -> None:
    by_alias = small.filter(accelerator_types=["H100"])
    assert kept(by_alias, "instance_type") == {"p5.48xlarge", "a3-highgpu-8g"}
    assert names(by_alias) == names(small.filter(accelerator_types=["H100-80GB"]))


def test_alias_of_an_accelerator_without_offers_here_is_known(small: Catalog) -> None:
    narrow = small.filter(accelerator_types=["T4"])
    for name in ("H100", "H100-80GB"):
        with pytest.raises(InvalidInputError, match="accelerator: H100-80GB has no price here"):
            narrow.filter(accelerator_types=[name])
    with pytest.raises(InvalidInputError, match=r"instance type: p5\.48xlarge has no price here"):
        narrow.filter(instance_types=["p5.48xlarge"])


def test_names_without_a_price_are_listed_up_to_three() -> None:
    with pytest.raises(InvalidInputError, match="family: a, b, c and 2 more have no price here"):
        matches(
            pd.Series(["z"], dtype="str"), "family", ["[a-e]"], known=("a", "b", "c", "d", "e")
        )


def test_country_group_holds_its_members_and_no_others(small: Catalog) -> None:
    assert kept(small.filter(countries=["EU"]), "region") == {"eu-central-1", "europe-west4"}
    # Norway is in the EEA and not in the EU
    assert kept(small.filter(countries=["EEA"]), "region") == {
        "eu-central-1",
        "europe-west4",
        "norwayeast",
    }


def test_country_codes_and_groups_may_be_mixed_in_any_case(small: Catalog) -> None:
    mixed = small.filter(countries=["eu", "us"])
    assert kept(mixed, "region") == {"us-east-1", "eu-central-1", "europe-west4"}
    assert kept(small.filter(countries=["n?"]), "region") == {"europe-west4", "norwayeast"}


def test_group_without_a_member_here_leaves_nothing(small: Catalog) -> None:
    assert len(small.filter(providers="alibaba").filter(countries=["EU"])) == 0


def test_unknown_country_says_what_countries_and_groups_look_like(small: Catalog) -> None:
    with pytest.raises(UnknownNameError) as refusal:
        small.filter(countries=["EU", "Germany"])
    assert str(refusal.value) == (
        "Unknown country or group 'Germany'. Known: CN, DE, NL, NO, US. "
        "Give ISO 3166-1 codes such as DE, or groups: EEA, EU."
    )


@pytest.mark.parametrize(
    ("condition", "name", "nearest"),
    [
        ("providers", "awss", "aws"),
        ("regions", "eu-centrl-1", "eu-central-1"),
        ("instance_types", "p5.48xlagre", "p5.48xlarge"),
        ("families", "g4d", "g4dn"),
        ("accelerator_types", "H1000", "H100"),
        ("vendors", "nvida", "nvidia"),
        ("purchase_options", "on-demand", "on_demand"),
    ],
)
def test_unknown_name_suggests_the_nearest_known_one(
    small: Catalog, condition: str, name: Any, nearest: str
) -> None:
    with pytest.raises(UnknownNameError, match=f"{name}'. Did you mean .*{nearest}"):
        small.filter(**{condition: name})


def test_empty_list_of_any_condition_is_refused(small: Catalog) -> None:
    nothing: Any = []
    for condition in ("providers", "regions", "countries", "accelerator_types", "vendors"):
        with pytest.raises(InvalidInputError, match="an empty list would leave nothing"):
            small.filter(**{condition: nothing})
