"""RefreshSettings: what a person writes in ``refresh.toml``."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import Field

from costopt.catalog.checking.settings import CheckSettings
from costopt.errors import InvalidInputError
from costopt.fetch.settings import AdapterSettings, read_settings

Fraction = Annotated[float, Field(gt=0, le=1)]
Positive = Annotated[float, Field(gt=0)]

_DEFAULTS: Final = CheckSettings()


class CheckThresholds(AdapterSettings):
    """Thresholds of the checks, table ``[checks]``.

    Attributes:
        on_demand_move_fraction: an on-demand price that moved by more is noted [1].
        on_demand_jump_fraction: one that moved by more keeps its last good price [1].
        spot_ratio_low: spot below this share of on-demand is noted [1].
        spot_ratio_high: spot above this share of on-demand is noted [1].
        rows_lost_fraction: share of its offers that a family or region may lose unnoted [1].
        rows_gained_fraction: share of offers that a family or region may gain unnoted [1].
        collapse_fraction: a region that lost a larger share of the offers it was asked for keeps
            its last good rows [1].
    """

    on_demand_move_fraction: Positive = _DEFAULTS.on_demand_move_fraction
    on_demand_jump_fraction: Positive = _DEFAULTS.on_demand_jump_fraction
    spot_ratio_low: Positive = _DEFAULTS.spot_ratio_low
    spot_ratio_high: Positive = _DEFAULTS.spot_ratio_high
    rows_lost_fraction: Fraction = _DEFAULTS.rows_lost_fraction
    rows_gained_fraction: Positive = _DEFAULTS.rows_gained_fraction
    collapse_fraction: Fraction = 0.5

    def of_catalog(self) -> CheckSettings:
        """Return the thresholds as the checks of the catalogue take them."""
        return replace(_DEFAULTS, **self.model_dump(exclude={"collapse_fraction"}))


class RefreshSettings(AdapterSettings):
    """What to ask for, how, and where it goes.

    Attributes:
        store: folder or URL of the store.
        providers: clouds to ask; all installed ones when empty.
        regions: patterns of regions, such as ``us-*`` or ``aws/eu-*``; all when empty.
        families: patterns of families or instance types; all with accelerators when empty.
        account: whether to read what is the account's own too: quotas with their use, commitments,
            negotiated prices.
        region_workers: regions of one provider that are asked at once [1].
        time_limit_minutes: after which a provider that is not done is stopped [min].
        adapters: provider -> settings of its adapter.
        accelerator_names: provider -> its spelling of an accelerator -> catalogue name.
        checks: thresholds.
    """

    store: str = Field(min_length=1)
    providers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    account: bool = False
    region_workers: int = Field(default=4, ge=1, le=64)
    time_limit_minutes: Positive = 120.0
    adapters: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict, repr=False)
    accelerator_names: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)
    checks: CheckThresholds = Field(default_factory=CheckThresholds)


def read_refresh_settings(
    text: str, where: str, overrides: Mapping[str, object]
) -> RefreshSettings:
    """Read ``refresh.toml``, with what was said on the command line over it.

    Args:
        text: the TOML document; empty for none.
        where: name of the file, for messages.
        overrides: field -> value that takes the place of the file's.

    Raises:
        InvalidInputError: the text is not TOML, or says something that is not allowed.
    """
    try:
        document: dict[str, object] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInputError(where, [f"not valid TOML: {error}"]) from None
    given = {**document, **overrides}
    checks = given.pop("checks", {})
    if not isinstance(checks, Mapping):
        raise InvalidInputError(where, ["checks must be a table of names and values"])
    thresholds = read_settings(CheckThresholds, checks, f"{where}, [checks]")
    if "store" not in given:
        raise InvalidInputError(where, ["store is required: the folder or URL to publish to"])
    return read_settings(RefreshSettings, {**given, "checks": thresholds}, where)
