"""What a project owns, as Compute Engine writes it, and the adapter that reads it."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from costopt.fetch.fetched import FetchedAccount

Json = dict[str, Any]

NUMBERS = count(4711)
"""Ids of things that are each another one."""

LINK = "https://compute.googleapis.com/compute/v1/projects/planted-project-4711"
END = "2027-03-01T00:00:00.000-08:00"
ITEMS = "items"

ENDS = {
    "commitments": ("/regions/us-central1/commitments", ITEMS),
    "reservations": ("/us-central1-a/reservations", ITEMS),
    "instances": ("/us-central1-a/instances", ITEMS),
    "quotas": ("/regions/us-central1", "quotas"),
    "project": ("/projects/planted-project-4711", "quotas"),
}
"""What is asked -> end of the path, and name of the items."""


@dataclass
class Owned:
    """Builds what a project owns and lets the server tell it.

    Attributes:
        cloud: the server.
    """

    cloud: Any

    def tell(self, what: str, *pages: list[Json]) -> None:
        """Answer a question with pages of items."""
        end, items = ENDS[what]
        self.cloud.account[end] = (items, list(pages))

    def asked(self, what: str) -> list[Any]:
        """Requests of a question, in order."""
        found: list[Any] = self.cloud.asked(ENDS[what][0])
        return found

    @staticmethod
    def quota(metric: str, limit: float, usage: float = 0.0) -> Json:
        return {"metric": metric, "limit": limit, "usage": usage, "owner": LINK}

    @staticmethod
    def commitment(
        *resources: tuple[str, int, str], kind: str = "ACCELERATOR_OPTIMIZED", **more: Any
    ) -> Json:
        """Return a commitment; whole numbers as text, as the API writes them."""
        return {
            "id": str(next(NUMBERS)),
            "name": "planted-name",
            "selfLink": f"{LINK}/regions/us-central1/commitments/planted-name",
            "category": "MACHINE",
            "type": kind,
            "plan": "TWELVE_MONTH",
            "status": "ACTIVE",
            "endTimestamp": END,
            "resources": [
                {
                    "type": name,
                    "amount": str(amount),
                    **({"acceleratorType": f"{LINK}/acceleratorTypes/{model}"} if model else {}),
                }
                for name, amount, model in resources
            ],
            **more,
        }

    @classmethod
    def a2(cls, count: int = 1, **more: Any) -> Json:
        """Return a commitment to whole a2-highgpu-1g: 12 vCPUs, 85 GiB and one A100 each."""
        return cls.commitment(
            ("VCPU", 12 * count, ""),
            ("MEMORY", 85 * 1024 * count, ""),
            ("ACCELERATOR", count, "nvidia-tesla-a100"),
            **more,
        )

    @staticmethod
    def instance(name: str, model: str = "", **scheduling: Any) -> Json:
        """Return a running instance, with one accelerator where its model is given."""
        attached = {"acceleratorType": f"{LINK}/acceleratorTypes/{model}", "acceleratorCount": 1}
        return {
            "id": str(next(NUMBERS)),
            "name": "planted-name",
            "status": "RUNNING",
            "machineType": f"{LINK}/zones/us-central1-a/machineTypes/{name}",
            "scheduling": {"provisioningModel": "STANDARD", **scheduling},
            **({"guestAccelerators": [attached]} if model else {}),
        }

    @staticmethod
    def reservation(name: str, count: int, used: int, model: str = "", **more: Any) -> Json:
        """Return a reservation that goes on until it is ended."""
        attached = {"acceleratorType": model, "acceleratorCount": 1}
        properties = {
            "machineType": name,
            **({"guestAccelerators": [attached]} if model else {}),
        }
        return {
            "id": str(next(NUMBERS)),
            "name": "planted-name",
            "zone": f"{LINK}/zones/us-central1-a",
            "status": "READY",
            "specificReservation": {
                "count": str(count),
                "inUseCount": str(used),
                "instanceProperties": properties,
            },
            **more,
        }


@pytest.fixture
def owned(cloud: Any) -> Owned:
    """A project that owns nothing, with a quota of no A100."""
    built = Owned(cloud=cloud)
    for what in ENDS:
        built.tell(what, [])
    built.tell("quotas", [built.quota("NVIDIA_A100_GPUS", 0)])
    return built


@pytest.fixture
def read(
    owned: Owned, open_source: Callable[..., Any], make_context: Callable[..., Any]
) -> Callable[..., FetchedAccount]:
    """Read the account in a region, or in none."""

    def account(region: str = "us-central1", **given: Any) -> FetchedAccount:
        known = given.pop("known_types", frozenset())
        wire = given.pop("wire", None)
        context = make_context(wire=wire, account=True, known_types=known)
        fetched: FetchedAccount = open_source(**given).account(region, context)
        return fetched

    return account


@pytest.fixture
def facts() -> Callable[[FetchedAccount], list[Json]]:
    """What an account owns: its facts but for quotas."""
    return lambda fetched: [dict(row) for row in fetched.facts if row["fact"] != "quota"]


@pytest.fixture
def findings() -> Callable[[FetchedAccount], list[tuple[str, str]]]:
    """Check and severity of each finding."""
    return lambda fetched: [(one.check, one.severity) for one in fetched.findings]
