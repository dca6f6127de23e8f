"""Nimbus, a cloud that does not exist: a third party's adapter, whole in one file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from costopt.errors import MalformedAnswerError
from costopt.fetch.call import Call, Page
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchedRegion, FetchFinding, Row, offer_row
from costopt.fetch.http import Http
from costopt.fetch.settings import AdapterSettings, read_settings


class NimbusSettings(AdapterSettings):
    """What a person may set of this adapter."""

    url: str = "https://api.nimbus.example"


@dataclass(frozen=True)
class NimbusSource:
    """Nimbus, opened with somebody's settings; the price list is public."""

    settings: NimbusSettings

    def secrets(self) -> tuple[str, ...]:
        return self.settings.secrets()

    def regions(self, context: FetchContext) -> tuple[str, ...]:
        return tuple(sorted(item["name"] for item in self._items(context, "regions", "")))

    def fetch(self, region: str, context: FetchContext) -> FetchedRegion:
        names, day = context.accelerator_names, context.now.date().isoformat()
        sold = [item for item in self._items(context, "types", region)
                if context.wants(item["name"], item["family"])]  # fmt: skip
        known = [item for item in sold if item["gpu"] in names]
        return FetchedRegion(
            region=region,
            instance_types=tuple(type_row(item, context, day) for item in known),
            offers=tuple(row for item in known for row in offers(item, region, day)),
            findings=tuple(unknown(item) for item in sold if item not in known),
        )

    def _items(self, context: FetchContext, what: str, region: str) -> Iterator[dict[str, Any]]:
        call = Call(provider="nimbus", service="catalog", operation=what, region=region)

        def fetch_page(token: str) -> tuple[Page, str]:
            asked = {"region": region, "page": token}
            page = Http(base_url=self.settings.url).json(call, f"v1/{what}", asked)
            if not isinstance(page, dict) or not {"items", "next"} <= page.keys():
                raise MalformedAnswerError(str(call), "it has no items, or no next")
            return page, page["next"]

        for page in context.wire.pages(call, fetch_page):
            yield from page["items"]


def type_row(item: dict[str, Any], context: FetchContext, day: str) -> Row:
    chip = context.accelerators[context.accelerator_names[item["gpu"]]]
    return {"provider": "nimbus", "instance_type": item["name"], "family": item["family"],
            "accelerator": chip.name, "accelerator_count": float(item["gpus"]),
            "accelerator_usable_gib": chip.usable_gib, "vcpus": float(item["vcpus"]), "hosts": 1,
            "source": "Nimbus price API v1", "as_of": day}  # fmt: skip


def offers(item: dict[str, Any], region: str, day: str) -> Iterator[Row]:
    for option, price in item["per_hour"].items():
        yield offer_row(
            provider="nimbus", region=region, instance_type=item["name"],
            purchase_option=option, recurring_per_hour=Decimal(price),
            currency=item["currency"], source="Nimbus price API v1", as_of=day,
        )  # fmt: skip


def unknown(item: dict[str, Any]) -> FetchFinding:
    return FetchFinding(
        check="accelerator_unknown", severity="left_out", table="instance_types",
        row=f"nimbus/{item['name']}", detail=f"no reviewed name for {item['gpu']!r}",
    )  # fmt: skip


class NimbusProvider:
    """The adapter: its reviewed names, and how it is opened."""

    name, title = "nimbus", "Nimbus"
    accelerator_names: Mapping[str, str] = {"NVIDIA H100 SXM": "H100-80GB", "NVIDIA L4": "L4"}
    cpu_rates: Mapping[str, str] = {}
    partitions: Mapping[str, str] = {}
    notice_seconds, notice_as_of = 30.0, "2026-11-21"
    notice_source = "Nimbus documentation, spot instances"
    reviewed_values = ()

    def open(self, settings: Mapping[str, object]) -> NimbusSource:
        return NimbusSource(read_settings(NimbusSettings, settings, "settings of nimbus"))
