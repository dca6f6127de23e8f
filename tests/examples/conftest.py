"""The shipped examples, planned once, and the published tables read without costopt."""

import csv
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any

import pytest

from costopt.catalog.catalog import Catalog
from costopt.performance.hardware import Placement
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import answer_request
from costopt.workload.request import PlanRequest

DAYS_PER_MONTH = 365.25 / 12
MOST_MONTHS = {"on_demand": 36, "spot": 18}
DEFAULT_OPTIONS = ("on_demand", "spot")

Row = dict[str, str]


def read_csv(name: str) -> list[Row]:
    with files("costopt_catalogs").joinpath(f"{name}.csv").open(encoding="utf-8") as text:
        return list(csv.DictReader(text))


def day(text: str) -> date:
    """First day of a date that may be a month or a year."""
    year, month, of_month = (*text.split("-"), "01", "01")[:3]
    return date(int(year), int(month), int(of_month))


def number(text: str) -> float | None:
    return float(text) if text else None


def any_match(names: list[str], patterns: list[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


@dataclass(frozen=True)
class Tables:
    """The bundled CSV files as lists of texts; every rule about them is spelled out here."""

    offers: list[Row]
    types: Mapping[tuple[str, str], Row]
    regions: Mapping[tuple[str, str], Row]
    groups: Mapping[str, frozenset[str]]
    rates: list[Row]
    models: Mapping[str, Row]
    accelerators: Mapping[str, Row]
    signals: Mapping[tuple[str, str, str], tuple[str, str]]
    risks: Mapping[tuple[str, str], Row]
    notices: Mapping[str, float]
    newest: date

    @classmethod
    def read(cls) -> "Tables":
        offers = read_csv("offers")
        groups: dict[str, set[str]] = {}
        for row in read_csv("region_groups"):
            groups.setdefault(row["group"], set()).add(row["country"])
        return cls(
            offers=offers,
            types={(r["provider"], r["instance_type"]): r for r in read_csv("instance_types")},
            regions={(r["provider"], r["region"]): r for r in read_csv("regions")},
            groups={name: frozenset(codes) for name, codes in groups.items()},
            rates=read_csv("exchange_rates"),
            models={row["name"]: row for row in read_csv("models")},
            accelerators={row["name"]: row for row in read_csv("accelerators")},
            signals={
                (row["provider"], row["region"], row["instance_type"]): (
                    row["signal"],
                    row["bucket"],
                )
                for row in read_csv("interruptions")
                if row["os"] == "linux"
            },
            risks={(r["signal"], r["bucket"]): r for r in read_csv("interruption_defaults")},
            notices={r["provider"]: float(r["notice_seconds"]) for r in read_csv("spot_notices")},
            newest=max(day(row["as_of"]) for row in offers),
        )

    def type_of(self, offer: Row) -> Row:
        return self.types[offer["provider"], offer["instance_type"]]

    def country_of(self, offer: Row) -> str:
        return self.regions[offer["provider"], offer["region"]]["country"]

    def offer_of(self, line: PlanLine) -> Row:
        """The one row that a line was rented from."""
        key = line.offer
        found = [
            row
            for row in self.offers
            if (row["provider"], row["region"], row["zone"], row["instance_type"])
            == (key.provider, key.region, key.zone, key.instance_type)
            and row["purchase_option"] == key.purchase_option
            and (row["kind"], row["payment"]) == (key.kind, key.payment)
            and (float(row["term_years"]) if row["term_years"] else None) == key.term_years
        ]
        assert len(found) == 1
        return found[0]

    def yuan_per_dollar(self) -> float:
        """The newest of the dated rates."""
        newest = max(self.rates, key=lambda row: day(row["as_of"]))
        assert (newest["base"], newest["quote"]) == ("USD", "CNY")
        return float(newest["rate"])

    def in_dollars(self, offer: Row) -> float:
        """Hourly price of an offer without a term [USD/h]."""
        price = float(offer["recurring_per_hour"])
        return price / self.yuan_per_dollar() if offer["currency"] == "CNY" else price

    def risk_of(self, provider: str, region: str, instance_type: str) -> tuple[float, ...]:
        """Reclaims per instance hour, share of time with capacity, and hours to start."""
        signal = self.signals.get((provider, region, instance_type), ("none", "any"))
        row = self.risks[signal]
        names = ("hazard_per_instance_hour", "availability_fraction", "provisioning_hours")
        return tuple(float(row[name]) for name in names)

    def start_hours(self) -> float:
        """Hours to start firm capacity."""
        return float(self.risks["none", "any"]["provisioning_hours"])

    def placement(self, catalog: Catalog, kind: Row, degree: int) -> Placement:
        """One replica on some accelerators of an instance type, figures from the table."""
        count = float(kind["accelerator_count"])
        return Placement(
            accelerator=catalog.accelerator(kind["accelerator"] or kind["cpu_rate"]),
            accelerators=degree,
            fraction=count if 0 < count < 1 else 1.0,
            usable_gib=number(kind["accelerator_usable_gib"]),
            interconnect=kind["intra_node_interconnect"],
            vcpus=number(kind["vcpus"]),
            host_memory_gib=number(kind["memory_gib"]),
        )

    def why_outside(self, offer: Row, limits: Mapping[str, Any]) -> str:
        """Name the first limit of a request file that an offer breaks; empty within them all."""
        kind, country = self.type_of(offer), self.country_of(offer)
        memberships = [name for name, codes in self.groups.items() if country in codes]
        names = {
            "providers": [offer["provider"]],
            "regions": [offer["region"]],
            "countries": [country, *memberships],
            "families": [kind["family"]],
            "accelerator_types": [kind["accelerator"] or "cpu"],
            "inter_node_fabric": [kind["inter_node_fabric"]]
            if kind["inter_node_fabric"] not in ("", "none")
            else [],
        }
        patterns = {name: value for name, value in limits.items() if isinstance(value, list)}
        options = patterns.pop("purchase_options", DEFAULT_OPTIONS)
        if offer["purchase_option"] not in options:
            return "purchase_options"
        for name, wanted in patterns.items():
            if not any_match(names[name], wanted):
                return name
        return self.why_unusable(offer)

    def why_unusable(self, offer: Row) -> str:
        """Name the rule on partitions, ages and flags that an offer breaks; empty for none."""
        if self.regions[offer["provider"], offer["region"]]["partition"] != "public":
            return "partition"
        age = (self.newest - day(offer["as_of"])).days
        if age > MOST_MONTHS[offer["purchase_option"]] * DAYS_PER_MONTH:
            return "age"
        saves_nothing = {"equals_on_demand", "above_on_demand"} & set(offer["flags"].split(";"))
        return "saves nothing" if offer["purchase_option"] == "spot" and saves_nothing else ""

    def within(self, limits: Mapping[str, Any]) -> Iterator[Row]:
        """Offers that break no limit of a request file."""
        return (row for row in self.offers if not self.why_outside(row, limits))


@pytest.fixture(scope="session")
def tables() -> Tables:
    return Tables.read()


@pytest.fixture(scope="session")
def written() -> Callable[[str], dict[str, Any]]:
    """Read a shipped request file as plain TOML."""
    folder = files("costopt").joinpath("examples")

    @cache
    def read(name: str) -> dict[str, Any]:
        return tomllib.loads(folder.joinpath(f"{name}.toml").read_text(encoding="utf-8"))

    return read


@pytest.fixture(scope="session")
def plan_of(bundled: Catalog) -> Callable[[str], Plan]:
    """Plan a shipped example with the bundled catalogue, once in a session."""
    folder = files("costopt").joinpath("examples")

    @cache
    def plan(name: str) -> Plan:
        text = folder.joinpath(f"{name}.toml").read_text(encoding="utf-8")
        return answer_request(PlanRequest.from_toml(text, name), bundled)

    return plan
