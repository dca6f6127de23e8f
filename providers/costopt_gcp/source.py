"""GcpSource: Google Cloud, opened with somebody's settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Final, TypeAlias

from costopt.errors import MissingCredentialsError, UnknownNameError
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchedAccount, FetchedRegion, FetchFinding, Row
from costopt_gcp.account import Region, project_account, region_account
from costopt_gcp.commitments import Place
from costopt_gcp.contract import contract_offers, contract_rates
from costopt_gcp.descriptions import Part
from costopt_gcp.hardware import chosen, instance_type_row
from costopt_gcp.machines import Machine, shaped_machines, with_slices
from costopt_gcp.offers import offers_of
from costopt_gcp.questions import Questions
from costopt_gcp.rates import RateBook, read_rates
from costopt_gcp.settings import GcpSettings
from costopt_gcp.zones import Zone, read_machines

OPEN: Final = "UP"
"""State of a region that can be used. Source: Compute API, Region.status."""

SET_PROJECT: Final = "Set project in the settings of gcp; an account is read in a project."

Machines: TypeAlias = tuple[tuple[Machine, ...], tuple[FetchFinding, ...]]


@dataclass(slots=True)
class GcpSource:
    """Reads regions of Google Cloud; prices and the list of regions are read once.

    Attributes:
        settings: with what, where and in which currency.
        questions: to the APIs.
    """

    settings: GcpSettings
    questions: Questions
    _rates: RateBook | None = field(init=False, default=None)
    _own_rates: RateBook | None = field(init=False, default=None)
    _machines: dict[str, Machines] = field(init=False, default_factory=dict)
    _zones: Mapping[str, tuple[str, ...]] | None = field(init=False, default=None)
    _lock: Lock = field(init=False, default_factory=Lock)

    def secrets(self) -> tuple[str, ...]:
        """Return texts that must never be written anywhere."""
        return self.settings.secrets()

    def regions(self, context: FetchContext) -> tuple[str, ...]:
        """Return the regions of the project; without one, those with accelerator prices.

        Raises:
            FetchError: Google Cloud gave no usable answer.
        """
        if self.settings.project:
            return tuple(sorted(self._zones_by_region(context)))
        return self._rate_book(context).regions()

    def fetch(self, region: str, context: FetchContext) -> FetchedRegion:
        """Read hardware and prices of one region; without a project prices alone.

        Raises:
            FetchError: Google Cloud gave no usable answer.
            UnknownNameError: the project has no such region.
        """
        if self.settings.project:
            machines, findings = self._region_machines(region, context)
        else:
            machines, findings = _reviewed(context)
        book = self._rate_book(context)
        wanted, left_out = _wanted(machines, book, region, context)
        offers: list[Row] = []
        noted = [*findings, *left_out, *_problems(book, region, wanted)]
        for machine in wanted:
            rows, found = offers_of(machine, book, region, context.now.date())
            offers += rows
            noted += found
        own_offers, own_findings = self._own_offers(region, wanted, offers, context)
        types = wanted if self.settings.project else ()
        return FetchedRegion(
            region=region,
            instance_types=tuple(instance_type_row(machine, context) for machine in types),
            offers=tuple(offers),
            findings=tuple(dict.fromkeys((*noted, *own_findings))),
            account_offers=own_offers,
        )

    def account(self, region: str, context: FetchContext) -> FetchedAccount:
        """Read quotas, commitments and reservations of a region; without one, of the project.

        Raises:
            FetchError: Google Cloud gave no usable answer, or no project is set.
            UnknownNameError: the project has no such region.
        """
        if not self.settings.project:
            raise MissingCredentialsError("gcp account", SET_PROJECT)
        if not region:
            return project_account(self.questions, context)
        machines, _ = self._region_machines(region, context)
        wanted, _ = _wanted(machines, self._rate_book(context), region, context)
        asked = Region(
            zones=self._zones_by_region(context)[region],
            machines=machines,
            place=Place(region=region, machines=wanted),
        )
        return region_account(self.questions, context, asked)

    def _own_offers(
        self,
        region: str,
        wanted: tuple[Machine, ...],
        offers: list[Row],
        context: FetchContext,
    ) -> tuple[tuple[Row, ...], tuple[FetchFinding, ...]]:
        """Return what the account pays where that is not the list price; nothing unasked."""
        own = self._paid_rate_book(context)
        if own is self._rate_book(context):
            return (), ()
        rows, found = contract_offers(wanted, offers, own, region, context.now.date())
        problems = (replace(one, table="account") for one in _problems(own, region, wanted))
        return rows, (*problems, *found)

    def _region_machines(self, region: str, context: FetchContext) -> Machines:
        """Read the machines of a region; kept from its prices to its account, no longer."""
        held = self._machines.pop(region, None)
        if held is None:
            held = read_machines(self._answers(region, context))
            if context.account:
                self._machines[region] = held
        return held

    def _answers(self, region: str, context: FetchContext) -> tuple[Zone, ...]:
        """Ask for the machine types and accelerators of every zone of a region."""
        known = self._zones_by_region(context)
        if region not in known:
            raise UnknownNameError("region of the project", region, known)
        return tuple(
            Zone(
                name=zone,
                machine_types=tuple(self.questions.machine_types(context.wire, region, zone)),
                accelerator_types=tuple(
                    self.questions.accelerator_types(context.wire, region, zone)
                ),
            )
            for zone in known[region]
        )

    def _zones_by_region(self, context: FetchContext) -> Mapping[str, tuple[str, ...]]:
        with self._lock:
            if self._zones is None:
                self._zones = {
                    str(item["name"]): tuple(sorted(item.get("zones", ())))
                    for page in self.questions.regions(context.wire)
                    for item in page.get("items", ())
                    if item.get("status") == OPEN
                }
            return self._zones

    def _rate_book(self, context: FetchContext) -> RateBook:
        with self._lock:
            if self._rates is None:
                pages = self.questions.skus(context.wire)
                self._rates = read_rates(pages, context.accelerator_names, context.now)
            return self._rates

    def _paid_rate_book(self, context: FetchContext) -> RateBook:
        """Return the rates of the billing account where they are asked for, else the list."""
        listed = self._rate_book(context)
        if not (context.account and self.settings.billing_account):
            return listed
        with self._lock:
            if self._own_rates is None:
                skus = frozenset(rate.sku for rate in listed.rates.values())
                pages = self.questions.contract_prices(context.wire, skus)
                self._own_rates = contract_rates(listed, pages)
            return self._own_rates


def _wanted(
    machines: tuple[Machine, ...], book: RateBook, region: str, context: FetchContext
) -> Machines:
    """Return the machines that the run asks for, slices among them, and what is left out."""
    with_tpus, unknown_slices = with_slices(machines, _priced_tpus(book, region))
    wanted, unknown = chosen(with_tpus, context)
    return wanted, (*unknown_slices, *unknown)


def _reviewed(context: FetchContext) -> tuple[tuple[Machine, ...], tuple[FetchFinding, ...]]:
    """Return the reviewed shapes, those of the last good catalogue where there is one."""
    shaped = {machine.name: machine for machine in shaped_machines() if not machine.tpu}
    if not context.known_types:
        return tuple(shaped.values()), ()
    kept = tuple(machine for name, machine in shaped.items() if name in context.known_types)
    series = {machine.series for machine in shaped.values()} - {"n1"}
    findings = tuple(
        FetchFinding(
            check="hardware_unknown",
            severity="left_out",
            table="offers",
            row=f"gcp/{name}",
            detail="its shape is not reviewed; set project to ask Compute Engine for it",
        )
        for name in sorted(context.known_types - set(shaped))
        if "+" in name or name.split("-")[0] in series
    )
    return kept, findings


def _priced_tpus(book: RateBook, region: str) -> frozenset[str]:
    return frozenset(
        name for held, _, part, name in book.rates if held == region and part is Part.TPU
    )


def _problems(
    book: RateBook, region: str, machines: tuple[Machine, ...]
) -> tuple[FetchFinding, ...]:
    """Return what is wrong with SKUs that the region's machines would be composed from."""
    used = {("", part) for part in (Part.ACCELERATOR, Part.SLICE, Part.LOCAL_SSD)}
    for machine in machines:
        used |= {(machine.series, Part.CORE), (machine.series, Part.MEMORY)}
        used |= {(machine.accelerator, Part.ACCELERATOR), (machine.accelerator, Part.SLICE)}
        used |= {(machine.tpu, Part.TPU), (machine.series, Part.LOCAL_SSD)}
    return tuple(
        problem.finding(region)
        for problem in book.problems
        if region in problem.regions and (problem.name, problem.part) in used
    )
