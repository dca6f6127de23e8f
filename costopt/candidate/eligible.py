"""Offers that the limits allow, priced in the plan's currency, and why the others are out."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.account.owned import ON_DEMAND, OWNED
from costopt.candidate.reasons import Excluded
from costopt.catalog.age_limits import MAX_AGE_MONTHS
from costopt.catalog.catalog import Catalog
from costopt.catalog.checking.price import on_demand_beside
from costopt.catalog.checking.settings import PRICE_ROUNDING_FRACTION
from costopt.catalog.dates import age_days, stale
from costopt.catalog.narrow import matches
from costopt.catalog.offer_keys import OfferNames, known_quota_rows
from costopt.catalog.offer_view import accelerator_mask, country_mask
from costopt.errors import EmptyCatalogError, InvalidInputError
from costopt.workload.counted import SPEND, CountedLimit
from costopt.workload.limits import Limits, joined_options

PUBLIC_PARTITION: Final = "public"
"""Partition that every account reaches."""

NOT_BELOW_ON_DEMAND: Final = ("equals_on_demand", "above_on_demand")
"""Flags of spot offers whose source lists them with no saving."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibleOffers:
    """Offers of the catalogue and which of them the limits allow.

    Attributes:
        offers: every offer beside the facts of its instance type, with ``exchange_rate``
            (plan currency per unit of its own), ``exchange_rate_as_of``, ``age_days`` and
            ``owned_room``, whole instances that its commitment covers; NaN rates where it is out.
        excluded: reason code of each offer.
    """

    offers: pd.DataFrame
    excluded: Excluded


def eligible_offers(catalog: Catalog, limits: Sequence[Limits], currency: str) -> EligibleOffers:
    """Apply limits, ages and flags to every offer; all limits apply.

    Args:
        catalog: where the offers come from.
        limits: of the workload and of the request.
        currency: currency of the plan.

    Raises:
        EmptyCatalogError: there are no offers.
        UnknownNameError: a name in the limits matches nothing in the catalogue.
        InvalidInputError: limits contradict each other, or name only what has no price here.
        MissingExchangeRateError: an offer that takes part cannot be priced in the currency.
    """
    if not len(catalog):
        raise EmptyCatalogError("at all")
    offers = catalog.joined_offers
    ages = age_days(offers["as_of"], catalog.as_of)
    offers = offers.assign(age_days=ages, owned_room=_owned_room(offers, limits))
    excluded = Excluded.none_yet(len(offers))
    options = frozenset(joined_options(*limits) if len(limits) == 2 else limits[0].options)
    for limit in limits:
        excluded = _apply_places(excluded, offers, catalog, limit)
    excluded = _apply_partition(excluded, offers, catalog, limits)
    _refuse_empty_places(excluded, limits)
    options |= {OWNED}
    excluded = excluded.unless(_mask(offers["purchase_option"].isin(options)), "purchase_option")
    for limit in limits:
        excluded = _apply_hardware(excluded, offers, catalog, limit)
        excluded = _apply_terms(excluded, offers, catalog, limit)
    allowed = ages_allowed(limits)
    excluded = _apply_prices(excluded, offers, ages, catalog.as_of, allowed)
    own = offers["currency"].where(excluded.taking_part)
    rates = {
        base: catalog.exchange_rate(base, currency, allowed["exchange_rate"])
        for base in own.dropna().unique()
    }
    offers = offers.assign(
        exchange_rate=own.map({base: rate.rate for base, rate in rates.items()}).astype(float),
        exchange_rate_as_of=own.map({base: rate.as_of for base, rate in rates.items()}),
    )
    return EligibleOffers(offers=offers, excluded=excluded)


def _apply_places(
    excluded: Excluded, offers: pd.DataFrame, catalog: Catalog, limits: Limits
) -> Excluded:
    """Keep the clouds, regions and countries that are asked for."""
    groups, known = catalog.table("region_groups"), catalog.known_names
    for field, kind in {"providers": "provider", "regions": "region"}.items():
        mask = matches(offers[kind], kind, getattr(limits, field), known=known[kind])
        excluded = excluded.unless(mask, field)
    countries = country_mask(offers, groups, limits.countries, known["country"])
    return excluded.unless(countries, "countries")


def _apply_partition(
    excluded: Excluded, offers: pd.DataFrame, catalog: Catalog, limits: Sequence[Limits]
) -> Excluded:
    """Keep partitions with accounts of their own out unless a region pattern names them.

    A pattern names such a region when it matches no public region of the same provider, with or
    without offers here: ``us-gov-*`` and ``cn-*`` do, ``us-*`` and ``*`` do not.
    """
    is_public = _mask(offers["partition"] == PUBLIC_PARTITION)
    if is_public.all():
        return excluded
    patterns = [name.lower() for limit in limits for name in limit.regions or ()]
    places = offers[["provider", "region"]]
    regions = catalog.table("regions")
    public = regions[regions["partition"] == PUBLIC_PARTITION]
    named: set[tuple[str, str]] = set()
    for provider, region in places[~is_public].drop_duplicates().itertuples(index=False):
        others = public.loc[public["provider"] == provider, "region"]
        for pattern in patterns:
            narrow = not any(fnmatchcase(other, pattern) for other in others)
            if fnmatchcase(region, pattern) and narrow:
                named.add((provider, region))
    keys = pd.MultiIndex.from_frame(places)
    return excluded.unless(is_public | keys.isin(named), "partition")


def _refuse_empty_places(excluded: Excluded, limits: Sequence[Limits]) -> None:
    """Refuse limits whose clouds, regions and countries have no offer in common."""
    if excluded.taking_part.any():
        return
    if (excluded.codes == "partition").any():
        raise InvalidInputError(
            "limits",
            ["every offer left is in a partition with accounts of its own; "
             "name its regions in limits.regions"],
        )  # fmt: skip
    fields = ("providers", "regions", "countries")
    said = [
        f"{name} = {', '.join(value)}"
        for limit in limits
        for name in fields
        if (value := getattr(limit, name))
    ]
    raise InvalidInputError(
        "limits", [f"{' and '.join(said)} have no offer in common; widen one of them"]
    )


def _apply_hardware(
    excluded: Excluded, offers: pd.DataFrame, catalog: Catalog, limits: Limits
) -> Excluded:
    """Keep the instance types that are asked for."""
    aliases, known = catalog.table("accelerator_aliases"), catalog.known_names
    count = offers["accelerator_count"]
    has_accelerator = _mask(count > 0)
    columns = {"instance_types": "instance_type", "families": "family", "vendors": "vendor"}
    for field, column in columns.items():
        kind = column.replace("_", " ")
        mask = matches(offers[column], kind, getattr(limits, field), known=known[column])
        excluded = excluded.unless(mask, field)
    chips = accelerator_mask(offers, aliases, limits.accelerator_types, known["accelerator"])
    excluded = excluded.unless(chips, "accelerator_types")
    floors = {"vcpus": limits.min_vcpus_per_accelerator,
              "memory": limits.min_memory_gib_per_accelerator}  # fmt: skip
    host = {"vcpus": "vcpus", "memory": "memory_gib"}
    for reason, floor in floors.items():
        if floor is not None:
            enough = _mask(offers[host[reason]] / count.where(has_accelerator, 1.0) >= floor)
            excluded = excluded.unless(enough | ~has_accelerator, reason)
    for field in ("intra_node_interconnect", "inter_node_fabric"):
        linked = offers[field].where(offers[field] != "none", "")
        mask = matches(linked, field, getattr(limits, field), known=known[field])
        excluded = excluded.unless(mask, field)
    return excluded


def _apply_terms(
    excluded: Excluded, offers: pd.DataFrame, catalog: Catalog, limits: Limits
) -> Excluded:
    """Keep the terms that are asked for, and drop what quotas forbid."""
    if limits.term_years is not None:
        free = _mask(offers["term_years"].isna())
        excluded = excluded.unless(
            free | _mask(offers["term_years"].isin(limits.term_years)), "term_years"
        )
    return _apply_quotas(excluded, offers, catalog, limits)


def _apply_quotas(
    excluded: Excluded, offers: pd.DataFrame, catalog: Catalog, limits: Limits
) -> Excluded:
    """Drop offers of which a quota leaves not one, or that nobody can hold against it.

    Raises:
        UnknownNameError: a part of a key matches nothing.
        InvalidInputError: the parts of a key never meet, or it adds up two currencies.
    """
    if not limits.counted:
        return excluded
    names = OfferNames.of(offers)
    unknown, too_much = np.zeros((2, len(offers)), dtype=np.bool_)
    for counted in limits.counted:
        rows = known_quota_rows(names, counted.key, catalog.known_names)
        if counted.unit is SPEND:
            _refuse_two_currencies(offers.loc[rows, "currency"], counted)
        taken = counted.taken(offers, rows)
        unknown |= np.isnan(taken)
        too_much |= counted.exceeded_by(taken)
    return excluded.unless(~unknown, "quota_unknown").unless(~too_much, "quota")


def _owned_room(offers: pd.DataFrame, limits: Sequence[Limits]) -> NDArray[np.float64]:
    """Instances of each offer that what is left of its commitment covers (offers,) [1]."""
    owned = _mask(offers["purchase_option"] == OWNED)
    room = np.where(owned, np.inf, 0.0)
    if not owned.any():
        return room
    mine = offers[owned]
    names = OfferNames.of(mine)
    for counted in (one for limit in limits for one in limit.counted if one.is_of_commitment):
        taken = counted.weights(mine, names)
        with np.errstate(divide="ignore"):
            covers = np.where(taken > 0, np.floor(counted.allowed / taken + 1e-9), np.inf)
        room[owned] = np.minimum(room[owned], covers)
    return room


def _refuse_two_currencies(currencies: "pd.Series[str]", counted: CountedLimit) -> None:
    """Refuse a quota on spend under whose key prices are in several currencies."""
    several = sorted(currencies.unique())
    if len(several) > 1:
        raise InvalidInputError(
            "limits", [f"{counted.name} adds up {' and '.join(several)}; narrow its key"]
        )


def _apply_prices(
    excluded: Excluded,
    offers: pd.DataFrame,
    ages: NDArray[np.float64],
    reference: str,
    max_age_months: dict[str, float],
) -> Excluded:
    """Leave out prices that are too old, past their last day, or that save nothing on spot.

    What is owned goes on at an on-demand price, whose age counts.
    """
    dated = offers.assign(purchase_option=offers["purchase_option"].replace(OWNED, ON_DEMAND))
    excluded = excluded.unless(~stale(dated, ages, reference, max_age_months), "stale")
    return excluded.unless(~_saves_nothing(offers), "not_below_on_demand")


def _saves_nothing(offers: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which spot offers cost no less than the on-demand offer beside them.

    Where there is none, what the source says of its list price counts.
    """
    is_spot = _mask(offers["purchase_option"] == "spot")
    ratio = (offers["effective_per_hour"] / on_demand_beside(offers)).to_numpy()
    flags = offers["flags"].str.split(";")
    listed = flags.map(lambda codes: any(code in NOT_BELOW_ON_DEMAND for code in codes))
    dear = np.where(np.isnan(ratio), _mask(listed), ratio >= 1 - PRICE_ROUNDING_FRACTION)
    return is_spot & dear


def ages_allowed(limits: Sequence[Limits]) -> dict[str, float]:
    """Ages that the limits allow, the strictest where both say something."""
    allowed = dict(MAX_AGE_MONTHS)
    for option in allowed:
        given = [
            limit.max_age_months[option]
            for limit in limits
            if limit.max_age_months and option in limit.max_age_months
        ]
        if given:
            allowed[option] = min(given)
    return allowed


def _mask(series: "pd.Series[bool]") -> NDArray[np.bool_]:
    return series.to_numpy(dtype=np.bool_)
