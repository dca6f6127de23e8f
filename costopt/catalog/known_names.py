"""Names that a catalogue knows, and the types that have a price, before it was narrowed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

_TYPE_COLUMNS: Final = (
    "provider",
    "instance_type",
    "family",
    "intra_node_interconnect",
    "inter_node_fabric",
)
_REGION_COLUMNS: Final = ("region", "country")
_NO_NAMES: Final = frozenset({"", "none"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownNames:
    """What a catalogue knew before it was narrowed: no such name is a spelling error.

    Attributes:
        names: column -> every name in it, with or without a price.
        priced: provider and instance type of every type that has an offer.
    """

    names: Mapping[str, frozenset[str]]
    priced: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, tables: Mapping[str, pd.DataFrame]) -> "KnownNames":
        """Collect the names of whole tables."""
        types, regions, chips = (
            tables[name] for name in ("instance_types", "regions", "accelerators")
        )
        with_memory = chips[chips["usable_gib"].notna()]
        columns = {
            **{name: types[name] for name in _TYPE_COLUMNS},
            **{name: regions[name] for name in _REGION_COLUMNS},
            "accelerator": with_memory["name"],
            "vendor": chips["vendor"],
        }
        offered = tables["offers"][["provider", "instance_type"]].drop_duplicates()
        return cls(
            names={name: frozenset(column) - _NO_NAMES for name, column in columns.items()},
            priced=frozenset(offered.itertuples(index=False, name=None)),
        )

    def joined(self, other: "KnownNames") -> "KnownNames":
        """Return what either of two catalogues knows."""
        return KnownNames(
            names={name: known | other.names[name] for name, known in self.names.items()},
            priced=self.priced | other.priced,
        )

    def unpriced(self, types: pd.DataFrame) -> pd.DataFrame:
        """Return the instance types that have no price anywhere."""
        keys = pd.Series(
            list(zip(types["provider"], types["instance_type"], strict=True)),
            index=types.index,
            dtype=object,
        )
        return types[~keys.isin(self.priced)].reset_index(drop=True)
