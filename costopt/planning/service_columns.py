"""From the candidates of one service to servers and program offers, spot pools told apart."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.service import ServiceCandidates
from costopt.interruption.signal import SpotRisk
from costopt.planning.configurations import Configurations, configurations
from costopt.solve.problem import ServingBlock

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ServiceColumns:
    """Which offer and layout each program offer of one service stands for.

    Attributes:
        offer: row of the candidates' offers (program offers of the service,).
        layout: index of the candidates' layouts (program offers of the service,).
        server: index of the server inside the block (program offers of the service,).
        instances: rented with one program offer; more than 1 only where availability is
            promised (program offers of the service,) [1].
        counted: of them, counted on (program offers of the service,) [1].
        weight: ``-ln`` of the chance that what is counted on of them is there (program offers
            of the service,) [1].
        first: position of the first of them among all program offers.
    """

    offer: Integers
    layout: Integers
    server: Integers
    instances: Integers
    counted: Integers
    weight: Floats
    first: int


def service_columns(service: ServiceCandidates, first: int) -> tuple[ServiceColumns, ServingBlock]:
    """Pair offers with the layouts of their type; one server per layout and reliability.

    Where losses or pools are limited, the spot offers of each failure group have servers of
    their own, so that the program knows what is lost with the group. Where availability is
    promised, a spot offer of the program is a configuration: ``n`` instances rented of which
    ``m`` are counted on, on a server with ``m`` times the rates.

    The program routes prompt sizes, not buckets: how long an answer becomes is known to nobody
    when its request is routed.

    Args:
        service: the candidates.
        first: position of the first program offer of the service among all.
    """
    rates, promises = service.prompt_rates, service.promises
    layout, offer = _pairs(np.flatnonzero((rates > 0).any(axis=1)), service)
    pairs = pd.DataFrame(
        {
            "layout": layout,
            "offer": offer,
            "spot": service.is_spot[offer],
            "group": service.failure_group[offer],
            "instances": 1,
            "counted": 1,
            "weight": 0.0,
        }
    )
    if service.risk is not None:
        pairs = _configured(pairs, service, service.risk)
    server, example = _servers(pairs)
    servers = pairs.iloc[example]
    layout = servers["layout"].to_numpy(dtype=np.int64)
    block = ServingBlock(
        demand=service.buckets.prompt_demand,
        rates=rates[layout] * servers["counted"].to_numpy(dtype=np.float64)[:, None],
        max_utilisation=service.layout_rates.max_utilisation[layout],
        is_spot=servers["spot"].to_numpy(dtype=np.bool_),
        max_spot_fraction=service.max_spot_fraction,
        failure_group=servers["group"].to_numpy(dtype=np.int64) if promises.names_groups else None,
        max_losses=promises.losses,
        max_lost_fraction=promises.max_lost_fraction,
        min_failure_groups=promises.min_groups if promises.names_groups else 0,
    )
    column = ServiceColumns(
        offer=pairs["offer"].to_numpy(dtype=np.int64),
        layout=pairs["layout"].to_numpy(dtype=np.int64),
        server=server,
        instances=pairs["instances"].to_numpy(dtype=np.int64),
        counted=pairs["counted"].to_numpy(dtype=np.int64),
        weight=pairs["weight"].to_numpy(dtype=np.float64),
        first=first,
    )
    return column, block


def _pairs(layouts: Integers, service: ServiceCandidates) -> tuple[Integers, Integers]:
    """Pair each layout with every offer of its type: the layouts, and their offers (pairs,)."""
    order = np.argsort(service.type_of_offer, kind="stable")
    ranked = service.type_of_offer[order]
    kinds = service.type_of_layout[layouts]
    first = np.searchsorted(ranked, kinds, side="left")
    many = np.searchsorted(ranked, kinds, side="right") - first
    within = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    return np.repeat(layouts, many), order[np.repeat(first, many) + within]


def _servers(pairs: pd.DataFrame) -> tuple[Integers, Integers]:
    """Server of each pair, numbered as they come up, and the first pair of each server."""
    key = pairs["layout"].to_numpy(dtype=np.int64)
    for name in ("spot", "group", "counted"):
        part = pairs[name].to_numpy(dtype=np.int64) + 1
        key = key * (int(part.max(initial=0)) + 1) + part
    _, example, inverse = np.unique(key, return_index=True, return_inverse=True)
    number = np.empty_like(example)
    number[np.argsort(example)] = np.arange(len(example))
    return number[inverse], np.sort(example)


def _configured(pairs: pd.DataFrame, service: ServiceCandidates, risk: SpotRisk) -> pd.DataFrame:
    """Replace each spot pair by the configurations of its pool; firm pairs stay as they are."""
    spot = pairs[pairs["spot"]]
    offer = spot["offer"].to_numpy(dtype=np.int64)
    needed = _most_needed(service)[spot["layout"]]
    chances = np.stack([risk.availability_fraction[offer], risk.pool_correlation[offer]], axis=1)
    distinct, number = np.unique(chances, axis=0, return_inverse=True)
    parts = [pairs[~pairs["spot"]]]
    allowed = -float(np.log(service.promises.availability))
    for index, (available, correlation) in enumerate(distinct.tolist()):
        alike = number == index
        listed = configurations(available, correlation, float(needed[alike].max()), allowed)
        parts.append(_repeated(spot[alike], needed[alike], listed))
    return pd.concat(parts, ignore_index=True)


def _repeated(pairs: pd.DataFrame, needed: Floats, listed: Configurations) -> pd.DataFrame:
    """Give each pair the configurations that count on no more than the first number it needs."""
    if not len(listed.counted):
        return pairs.iloc[:0]
    numbers = np.unique(listed.counted)
    last = np.minimum(np.searchsorted(numbers, needed), len(numbers) - 1)
    many = np.searchsorted(listed.counted, numbers[last], side="right")
    row = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    return pairs.loc[pairs.index.repeat(many)].assign(
        instances=listed.rented[row], counted=listed.counted[row], weight=listed.weight[row]
    )


def _most_needed(service: ServiceCandidates) -> Floats:
    """Instances of each layout that all it can serve needs, caps included (layouts,) [1]."""
    rates = service.prompt_rates
    able = rates > 0
    load = np.where(able, service.buckets.prompt_demand / np.where(able, rates, 1.0), 0.0)
    most = min(service.max_spot_fraction, service.promises.max_lost_fraction)
    needed: Floats = load.sum(axis=1) / service.layout_rates.max_utilisation * most
    return needed
