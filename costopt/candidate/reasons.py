"""Why an offer takes no part: codes, words, and counts."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

REASONS: Final[dict[str, str]] = {
    "purchase_option": "a way to pay that was not asked for",
    "providers": "outside limits.providers",
    "regions": "outside limits.regions",
    "countries": "outside limits.countries",
    "partition": "a partition with accounts of its own; name its regions in limits.regions",
    "instance_types": "outside limits.instance_types",
    "families": "outside limits.families",
    "accelerator_types": "outside limits.accelerator_types",
    "vendors": "outside limits.vendors",
    "vcpus": "fewer vCPUs per accelerator than limits.min_vcpus_per_accelerator",
    "memory": "less RAM per accelerator than limits.min_memory_gib_per_accelerator",
    "intra_node_interconnect": "another link inside the node, or an unknown one",
    "inter_node_fabric": "no such fabric between nodes, or an unknown one",
    "term_years": "another term than limits.term_years",
    "stale": "price too old",
    "not_below_on_demand": "spot price not below on-demand",
    "quota": "quota of 0",
    "no_price": "no price at all",
    "no_rate": "no published rate for this precision",
    "no_link": "link between accelerators unknown",
    "multi_host": "a slice over several hosts, which serving does not use yet",
    "vram": "too little VRAM",
    "context": "requests longer than the model's context",
    "ttft": "time to first token too long",
    "tpot": "time per output token too long",
    "latency": "latency too long",
    "hardware": "not the hardware that is required",
    "no_throughput": "not in throughput_per_second",
    "gang_size": "the batch does not divide over so many accelerators",
    "no_fabric_rate": "speed between nodes unknown",
    "deadline": "not done by the deadline",
    "spot_share": "all on spot, more than max_spot_fraction",
    "spot_progress": "reclaimed too often to finish",
}  # fmt: skip
"""Code of a reason -> the reason in words."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """Reason code of each row of a table of offers; empty where the offer takes part."""

    codes: NDArray[np.object_]

    @classmethod
    def none_yet(cls, rows: int) -> "Excluded":
        """Return a record in which every offer still takes part."""
        return cls(np.full(rows, "", dtype=object))

    @property
    def taking_part(self) -> NDArray[np.bool_]:
        """Offers without a reason against them."""
        return np.asarray(self.codes == "")

    def unless(self, keep: NDArray[np.bool_], reason: str) -> "Excluded":
        """Give a reason to the offers that still take part and do not meet a condition."""
        return Excluded(np.where(self.taking_part & ~keep, reason, self.codes))

    def where_empty(self, codes: NDArray[np.object_]) -> "Excluded":
        """Give the offers that still take part the reason in ``codes``, where there is one."""
        return Excluded(np.where(self.taking_part, codes, self.codes))


def count_reasons(offers: pd.DataFrame, codes: NDArray[np.object_]) -> list[tuple[str, int, int]]:
    """Count offers, and instance types that lost all of theirs, by reason; most offers first.

    Args:
        offers: rows with provider and instance_type.
        codes: reason of each row; empty where it takes part.
    """
    frame = offers[["provider", "instance_type"]].assign(reason=codes)
    alive = frame[frame["reason"] == ""].drop_duplicates(["provider", "instance_type"])
    lost = frame[frame["reason"] != ""]
    gone = lost.merge(alive[["provider", "instance_type"]], how="left", indicator=True)
    gone = gone[gone["_merge"] == "left_only"]
    last = gone.drop_duplicates(["provider", "instance_type"], keep="last")
    per_reason = lost["reason"].value_counts()
    types = last["reason"].value_counts()
    return [(str(code), int(n), int(types.get(code, 0))) for code, n in per_reason.items()]
