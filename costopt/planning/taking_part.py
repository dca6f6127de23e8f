"""What took part in a search, and what did not and why, counted for the plan."""

from collections.abc import Sequence

from costopt.candidate.find import NamedWorkload
from costopt.candidate.reasons import REASONS, count_reasons
from costopt.catalog.catalog import Catalog
from costopt.plan.beside import Exclusion


def rated_offers(workloads: Sequence[NamedWorkload]) -> int:
    """Offers that took part for at least one workload."""
    taking_part = [item.candidates.excluded.taking_part for item in workloads]
    together = taking_part[0]
    for rows in taking_part[1:]:
        together = together | rows
    return int(together.sum())


def exclusions_of(workloads: Sequence[NamedWorkload], catalog: Catalog) -> tuple[Exclusion, ...]:
    """Count what took no part, by reason; with several workloads, what none of them could use."""
    codes = workloads[0].candidates.excluded.codes
    for item in workloads[1:]:
        other = item.candidates.excluded
        codes = codes.copy()
        codes[other.taking_part] = ""
    counted = [
        Exclusion(reason=code, text=REASONS[code], offers=offers, instance_types=types)
        for code, offers, types in count_reasons(catalog.offers, codes)
    ]
    unpriced = len(catalog.unpriced_types)
    if unpriced:
        text = REASONS["no_price"]
        counted.append(Exclusion(reason="no_price", text=text, offers=0, instance_types=unpriced))
    return tuple(counted)
