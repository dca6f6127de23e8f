"""PriceFiles: the public price files of AWS, found from index to index and saved to disk."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from costopt.errors import MalformedAnswerError
from costopt.fetch.call import Call, Page
from costopt.fetch.context import FetchContext
from costopt.fetch.http import Http
from costopt_aws.offer_file import offer_file_pages, plan_file_pages
from costopt_aws.once import Once
from costopt_aws.parsed import PROVIDER
from costopt_aws.settings import AwsSettings

SERVICE = "price_list"
OFFER = "AmazonEC2"


@dataclass(slots=True, kw_only=True)
class PriceFiles:
    """Price files of one partition; no credentials needed.

    Attributes:
        settings: hosts, timeouts and the folder for files.
        once: asks for each index once.
    """

    settings: AwsSettings
    once: Once = field(default_factory=Once)

    def offer_pages(
        self, region: str, context: FetchContext, chooses: Callable[[Mapping[str, Any]], bool]
    ) -> Iterator[Page]:
        """Yield chosen products of a region and their terms.

        Raises:
            FetchError: a file cannot be had or read, or no index names the region.
        """
        call = self._call("offer_file", region)
        path = self.regions(context).get(region)
        if path is None:
            raise MalformedAnswerError(str(call), "the region index does not name the region")
        return context.wire.stream(
            call,
            lambda: self._saved(
                call, path, context, lambda file: offer_file_pages(file, str(call), chooses)
            ),
        )

    def plan_pages(
        self, region: str, context: FetchContext, skus: frozenset[str]
    ) -> Iterator[Page] | None:
        """Yield savings plans of a region and rates of some products; None where none are sold.

        Raises:
            FetchError: a file cannot be had or read.
        """
        call = self._call("savings_plan_file", region)
        path = self._plan_regions(context).get(region)
        if path is None:
            return None
        return context.wire.stream(
            call,
            lambda: self._saved(
                call, path, context, lambda file: plan_file_pages(file, str(call), skus)
            ),
        )

    def regions(self, context: FetchContext) -> dict[str, str]:
        """Return every place with prices -> path of its file; local zones are places too.

        Raises:
            FetchError: an index cannot be had or read.
        """
        path = self._offer(context).get("currentRegionIndexUrl")
        call = self._call("region_index")
        regions = self._member(call, self._json(call, path, context), "regions", dict)
        return {name: str(entry["currentVersionUrl"]) for name, entry in regions.items()}

    def _plan_regions(self, context: FetchContext) -> dict[str, str]:
        path = self._offer(context).get("currentSavingsPlanIndexUrl")
        if path is None:
            return {}
        call = self._call("savings_plan_index")
        regions = self._member(call, self._json(call, path, context), "regions", list)
        return {str(entry["regionCode"]): str(entry["versionUrl"]) for entry in regions}

    def _offer(self, context: FetchContext) -> Mapping[str, Any]:
        """Return what the first index says of EC2; the other offers are not kept."""
        call = self._call("offers_index")
        page = self.once.page(
            call,
            context,
            lambda: {OFFER: self._read(call, self.settings.place.offers_index, "offers")[OFFER]},
        )
        offer: Mapping[str, Any] = self._member(call, page, OFFER, dict)
        return offer

    def _json(self, call: Call, path: Any, context: FetchContext) -> Page:
        if not isinstance(path, str):
            raise MalformedAnswerError(str(call), "the offers index does not lead to it")
        return self.once.page(call, context, lambda: self._read(call, path))

    def _read(self, call: Call, path: str, member: str = "") -> Any:
        """Return the JSON value at a path, or one member of it."""
        answer = self._http.json(call, path)
        if member:
            answer = self._member(call, answer, member, dict)
            self._member(call, answer, OFFER, dict)
        return answer

    @staticmethod
    def _member(call: Call, answer: Any, name: str, kind: type) -> Any:
        """Return a member of an answer that must be there."""
        held = answer.get(name) if isinstance(answer, Mapping) else None
        if not isinstance(held, kind):
            raise MalformedAnswerError(str(call), f"it lacks {name}")
        return held

    def _saved(
        self,
        call: Call,
        path: str,
        context: FetchContext,
        reads: Callable[[Path], Iterator[Page]],
    ) -> Iterator[Page]:
        """Save a file, yield its pages and delete it."""
        with TemporaryDirectory(dir=self.settings.scratch_folder) as folder:
            target = Path(folder) / "prices.json"
            context.wire.attempt(call, lambda: self._http.save(call, path, target))
            yield from reads(target)

    @property
    def _http(self) -> Http:
        return Http(
            base_url=self.settings.price_list_url or self.settings.place.price_list_url,
            timeout_seconds=self.settings.timeout_seconds,
        )

    @staticmethod
    def _call(operation: str, region: str = "") -> Call:
        return Call(provider=PROVIDER, service=SERVICE, operation=operation, region=region)
