"""Why an offer takes no part: codes, words, and counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.layout import InstanceType
from costopt.candidate.misses import Miss

REASONS: Final[dict[str, str]] = {
    "purchase_option": "paid in ways that were not asked for",
    "providers": "outside limits.providers",
    "regions": "outside limits.regions",
    "countries": "outside limits.countries",
    "partition": "in partitions with accounts of their own (name them in limits.regions)",
    "instance_types": "outside limits.instance_types",
    "families": "outside limits.families",
    "accelerator_types": "outside limits.accelerator_types",
    "vendors": "outside limits.vendors",
    "vcpus": "below limits.min_vcpus_per_accelerator",
    "memory": "below limits.min_memory_gib_per_accelerator",
    "intra_node_interconnect": "outside limits.intra_node_interconnect",
    "inter_node_fabric": "outside limits.inter_node_fabric",
    "term_years": "outside limits.term_years",
    "stale": "with prices too old",
    "not_below_on_demand": "on spot at no less than on demand",
    "quota": "with no quota left for one",
    "quota_unknown": "under a quota of what is not known of them (vCPUs or memory)",
    "no_price": "without any price",
    "no_rate": "without a published rate for this precision",
    "no_software": "without software for this kind of work",
    "no_link": "with an unknown link between accelerators",
    "multi_host": "on slices over several hosts",
    "gang_size": "in gangs that the batch does not divide over",
    "no_fabric_rate": "with an unknown speed between nodes",
    "vram": "with too little VRAM",
    "context": "for requests longer than the model's context",
    "ttft": "too slow to the first token",
    "tpot": "too slow per output token",
    "latency": "too slow per sample",
    "hardware": "not the hardware that is required",
    "no_throughput": "not in throughput_per_second",
    "no_latency": "not in latency_ms",
    "deadline": "not done by the deadline",
    "spot_share": "all on spot, beyond max_spot_fraction",
    "spot_progress": "reclaimed too often to finish",
    "spot_by_hour": "on spot, where a job beside a demand profile does not run",
}
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


def types_of_offers(
    offers: pd.DataFrame, kinds: tuple[InstanceType, ...], misses: Sequence[Miss]
) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Return the type of every offer (-1 without one), and its type's reason (empty without)."""
    names = pd.DataFrame(
        {
            "provider": [kind.provider for kind in kinds],
            "instance_type": [kind.name for kind in kinds],
            "type_index": np.arange(len(kinds)),
        }
    )
    found = offers[["provider", "instance_type"]].merge(
        names, on=["provider", "instance_type"], how="left"
    )
    index = found["type_index"].fillna(-1).to_numpy(dtype=np.int64)
    of_type = np.array([*(miss.reason for miss in misses), ""], dtype=object)
    return index, of_type[index]
