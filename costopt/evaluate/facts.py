"""What the catalogue says about the offers and instance types that a plan names."""

from collections.abc import Sequence

import pandas as pd

from costopt.candidate.layout import InstanceType, instance_types_of
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.plan.line import OfferKey, PlanLine

KEY_COLUMNS = tuple(OfferKey.model_fields)


def offers_of(catalog: Catalog, lines: Sequence[PlanLine]) -> pd.DataFrame:
    """Return one row per line: its offer beside the facts of its instance type.

    Raises:
        InvalidInputError: an offer is not in the catalogue.
    """
    joined = catalog.joined_offers
    keys = pd.DataFrame([line.offer.model_dump() for line in lines], columns=list(KEY_COLUMNS))
    typed = keys.astype({name: joined[name].dtype for name in KEY_COLUMNS})
    found = typed.merge(joined, on=list(KEY_COLUMNS), how="left", indicator=True)
    gone = found[found["_merge"] != "both"]
    if len(gone):
        names = "/".join(str(gone.iloc[0][name]) for name in KEY_COLUMNS[:5])
        raise InvalidInputError("plan", [f"the catalogue of {catalog.as_of} has no offer {names}"])
    return found.drop(columns="_merge")


def types_of(catalog: Catalog, lines: Sequence[PlanLine]) -> list[InstanceType]:
    """Return the instance type of each line, as the catalogue describes it now."""
    offers = offers_of(catalog, lines)
    kinds = {(kind.provider, kind.name): kind for kind in instance_types_of(offers)}
    return [kinds[line.offer.provider, line.offer.instance_type] for line in lines]
