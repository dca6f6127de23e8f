"""Spot Instance Advisor: from its file to rows of the interruptions table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from costopt.errors import FetchError, MalformedAnswerError
from costopt.fetch.call import Call, Page
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchFinding, Row, left_out, warning
from costopt.fetch.http import Http
from costopt.units import HOURS_PER_MONTH
from costopt_aws.fleet import Fleet
from costopt_aws.once import Once
from costopt_aws.parsed import PROVIDER, Parsed
from costopt_aws.settings import AwsSettings

PATH: Final = "/spot-advisor-data.json"
SOURCE: Final = "AWS Spot Instance Advisor feed"
TABLE: Final = "interruptions"
SYSTEM: Final = "Linux"

BANDS: Final[Mapping[str, tuple[float, float | None]]] = {
    "<5%": (0.0, 0.05),
    "5-10%": (0.05, 0.10),
    "10-15%": (0.10, 0.15),
    "15-20%": (0.15, 0.20),
    ">20%": (0.20, None),
}
"""Label -> share of instances reclaimed in the trailing month.

Source: AWS Spot Instance Advisor page; alexei-led/spotinfo for the file behind it.
"""


@dataclass(slots=True, kw_only=True)
class Advisor:
    """The advisor's file, read once for all regions.

    Attributes:
        settings: host and timeouts.
        once: asks once.
    """

    settings: AwsSettings
    once: Once = field(default_factory=Once)

    def read(self, region: str, fleet: Fleet, context: FetchContext) -> Parsed:
        """Return the bands of a region's fleet.

        The file is not a documented interface: without it a refresh goes on, and says so.
        """
        call = Call(provider=PROVIDER, service="spot_advisor", operation="bands")
        try:
            page = self.once.page(call, context, lambda: self._linux(call))
        except FetchError as error:
            name = f"{PROVIDER}/{region}/*/{SYSTEM.lower()}/advisor_share"
            return Parsed(findings=(warning("advisor_unread", name, str(error), TABLE),))
        return advisor_rows(page, region, fleet, context.now)

    def _linux(self, call: Call) -> Page:
        """Return the file without its other operating systems.

        Raises:
            FetchError: the file cannot be had or read.
        """
        http = Http(
            base_url=self.settings.advisor_url, timeout_seconds=self.settings.timeout_seconds
        )
        whole = http.json(call, PATH)
        ranges = whole.get("ranges") if isinstance(whole, Mapping) else None
        regions = whole.get("spot_advisor") if isinstance(whole, Mapping) else None
        if not isinstance(ranges, list) or not isinstance(regions, Mapping):
            raise MalformedAnswerError(str(call), "it lacks ranges or spot_advisor")
        linux = {name: {SYSTEM: held.get(SYSTEM) or {}} for name, held in regions.items()}
        return {"ranges": ranges, "spot_advisor": linux}


def advisor_rows(page: Page, region: str, fleet: Fleet, now: datetime) -> Parsed:
    """Return the bands of one region.

    Args:
        page: the advisor's file.
        region: the provider's own name.
        fleet: types that are wanted.
        now: start of the run, which dates the file: it has no date of its own.
    """
    labels = {band.get("index"): str(band.get("label")) for band in page["ranges"]}
    told = page["spot_advisor"].get(region, {}).get(SYSTEM, {})
    rows: list[Row] = []
    findings: list[FetchFinding] = []
    for instance_type in sorted(fleet.types & told.keys()):
        band: Mapping[str, Any] = told[instance_type]
        label = labels.get(band.get("r"), "")
        if label not in BANDS:
            name = f"{PROVIDER}/{region}/{instance_type}/{SYSTEM.lower()}/advisor_share"
            detail = f"band {band.get('r')!r} reads {label!r}; known: {', '.join(BANDS)}"
            findings.append(left_out("band_unknown", name, detail, TABLE))
            continue
        saved_percent = band.get("s")
        rows.append(
            {
                "provider": PROVIDER,
                "region": region,
                "instance_type": instance_type,
                "os": SYSTEM.lower(),
                "signal": "advisor_share",
                "bucket": label,
                "low_fraction": BANDS[label][0],
                "high_fraction": BANDS[label][1],
                "window_hours": HOURS_PER_MONTH,
                "savings_fraction": None if saved_percent is None else float(saved_percent) / 100,
                "source": SOURCE,
                "as_of": now.date().isoformat(),
            }
        )
    return Parsed(rows=tuple(rows), findings=tuple(findings))
