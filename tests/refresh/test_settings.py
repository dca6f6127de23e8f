"""``refresh.toml``: defaults, what goes over it, and the nearest name for what is misspelt."""

from collections.abc import Callable
from typing import Any

import pytest

from costopt.errors import InvalidInputError, UnknownNameError
from costopt.refresh.run import RefreshResult
from costopt.refresh.settings import read_refresh_settings

FULL = """
store = "s3://prices/nightly"
providers = ["aws", "azure"]
regions = ["us-*"]
[adapters.aws]
anonymous = true
[accelerator_names.aws]
"H100 SXM" = "H100-80GB"
[checks]
on_demand_jump_fraction = 0.7
collapse_fraction = 0.25
"""


def test_document_is_read_and_what_is_given_beside_it_goes_over_it() -> None:
    read = read_refresh_settings(FULL, "refresh.toml", {"regions": ("eu-*",)})
    assert (read.providers, read.regions) == (("aws", "azure"), ("eu-*",))
    assert read.adapters == {"aws": {"anonymous": True}}
    assert read.accelerator_names["aws"] == {"H100 SXM": "H100-80GB"}
    assert read.checks.of_catalog().on_demand_jump_fraction == 0.7
    assert read.checks.collapse_fraction == 0.25


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('store = "x"\nprovider = ["aws"]', "unknown field 'provider'; did you mean providers"),
        ('store = "x"\n[checks]\ncolapse_fraction = 0.5', "did you mean collapse_fraction"),
        ('store = "x"\nregion_workers = 0', "region_workers: Input should be greater than"),
        ('store = "x"\nchecks = 3', "checks must be a table"),
        ("providers = []", "store is required"),
        ("store = ", "not valid TOML"),
    ],
)
def test_wrong_document_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        read_refresh_settings(text, "refresh.toml", {})


def test_message_about_a_wrong_adapter_table_does_not_repeat_it() -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_refresh_settings('store = "x"\nadapters = {aws = "planted"}', "refresh.toml", {})
    assert "adapters.aws" in str(caught.value)
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"providers": ("azur",)}, "Unknown provider 'azur'. Did you mean azure"),
        ({"regions": ("us-eest-1",)}, "Unknown region 'us-eest-1'. Did you mean .*us-east-1"),
        (
            {"accelerator_names": {"aws": {"x": "H100-80G"}}},
            "Unknown accelerator 'H100-80G'. Did you mean H100-80GB",
        ),
        ({"adapters": {"aws": {"anonymus": True}}}, "did you mean anonymous"),
    ],
)
def test_unknown_name_is_refused_before_anybody_is_asked(
    clouds: Any, refreshed: Callable[..., RefreshResult], changed: dict[str, Any], words: str
) -> None:
    with pytest.raises((UnknownNameError, InvalidInputError), match=words):
        refreshed(**changed)
    assert clouds.seen == []
