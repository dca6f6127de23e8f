"""Network of one instance type: bandwidth that can be held, and whether EFA joins nodes."""

import re
from collections.abc import Mapping
from typing import Any, Final

STEADY: Final = re.compile(r"(?:(\d+)x )?(\d+(?:\.\d+)?) Gigabit")
"""Such as ``3200 Gigabit`` or ``4x 100 Gigabit``; "Up to" is a burst and does not match.

Source: Amazon EC2 API reference, NetworkInfo, NetworkPerformance.
"""


def network_columns(network: Mapping[str, Any]) -> dict[str, float | str | None]:
    """Return bandwidth [Gbit/s] and fabric; EFA and the host network share the same cards.

    With EFA the printed figure counts, because the baselines of single cards can add up to more
    than the instance has; without it the baseline counts, because the printed one is a burst.
    """
    printed = _printed_gbps(str(network.get("NetworkPerformance") or ""))
    baseline = _baseline_gbps(network)
    if network.get("EfaSupported"):
        return {
            "network_gbps": None,
            "fabric_gbps": printed if printed is not None else baseline,
            "inter_node_fabric": "efa",
        }
    return {
        "network_gbps": baseline if baseline is not None else printed,
        "fabric_gbps": None,
        "inter_node_fabric": "none",
    }


def _printed_gbps(text: str) -> float | None:
    match = STEADY.fullmatch(text)
    return float(match[1] or 1) * float(match[2]) if match else None


def _baseline_gbps(network: Mapping[str, Any]) -> float | None:
    """Return what all cards hold together; None where one of them does not tell."""
    cards = network.get("NetworkCards") or []
    told = [card.get("BaselineBandwidthInGbps") for card in cards]
    if not told or any(gbps is None for gbps in told):
        return None
    return round(sum(float(gbps) for gbps in told), 3)
