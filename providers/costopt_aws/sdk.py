"""Sdk: boto3 clients, made once, that ask one page at a time and never retry by themselves."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import RLock
from typing import Any, Final

from pydantic import SecretStr

from costopt.errors import MalformedAnswerError, MissingDependencyError
from costopt.fetch.call import Call, FetchPage, Page
from costopt.fetch.context import FetchContext
from costopt_aws.failures import answering, parsing
from costopt_aws.kept import each_once, kept
from costopt_aws.operations import Operation
from costopt_aws.parsed import PROVIDER
from costopt_aws.settings import AwsSettings

BATCH: Final = 100
"""Instance types named in one question; a filter takes 200. Source: Amazon EC2 user guide."""


@dataclass(slots=True, kw_only=True)
class Sdk:
    """The SDK with somebody's settings; safe in threads.

    Attributes:
        settings: credentials, endpoints and timeouts.
    """

    settings: AwsSettings
    _session: Any = field(init=False, default=None)
    _clients: dict[tuple[str, str], Any] = field(init=False, default_factory=dict)
    _account: str = field(init=False, default="")
    _lock: Any = field(init=False, default_factory=RLock)

    def signs(self, call: Call) -> bool:
        """Return whether there are credentials.

        Raises:
            MissingDependencyError: boto3 is not installed.
            FetchError: a source of credentials is configured and fails.
        """
        if self.settings.anonymous:
            return False
        with self._lock, answering(str(call), "to read them"):
            return self._opened().get_credentials() is not None

    def pages(
        self,
        context: FetchContext,
        operation: Operation,
        region: str,
        arguments: Mapping[str, Any],
        volatile: Callable[[], Mapping[str, Any]] = dict,
    ) -> Iterator[Page]:
        """Yield every page of an answer, as the list that was asked for.

        Args:
            context: holds the wire.
            operation: the call.
            region: the region that is asked about.
            arguments: of the call; they name its recording.
            volatile: returns arguments that differ from run to run, such as the time, or that
                name the account; asked when a page is, and in no recording.

        Raises:
            FetchError: the provider gave no usable answer.
        """
        call = Call(
            provider=PROVIDER,
            service=operation.service,
            operation=operation.name,
            region=region,
            parameters=arguments,
        )
        return context.wire.pages(call, self._fetch_page(call, operation, volatile))

    def account_id(self, region: str) -> str:
        """Return the number of the account that asks; it must not leave this adapter.

        Raises:
            FetchError: it is not told.
        """
        if not self._account:
            call = f"{PROVIDER} sts GetCallerIdentity in {region}"
            with answering(call, "sts:GetCallerIdentity"):
                client = self._client("sts", region)
                with parsing(call):
                    told = client.get_caller_identity()
            if not told.get("Account"):
                raise MalformedAnswerError(call, "it lacks Account")
            self._account = str(told["Account"])
        return self._account

    def _fetch_page(
        self, call: Call, operation: Operation, volatile: Callable[[], Mapping[str, Any]]
    ) -> FetchPage:
        """Return what makes one attempt for one page; pages may shift while they are read."""
        met: set[str] = set()

        def fetch_page(token: str) -> tuple[Page, str]:
            asked = dict(call.parameters)
            if operation.page_size:
                asked[operation.page_size] = operation.most
            if token:
                asked[operation.token] = token
            with answering(str(call), operation.permission):
                client = self._client(operation.service, call.region)
                asked.update(volatile())
                with parsing(str(call)):
                    answer = _answer(client, operation, asked)
            if not isinstance(answer.get(operation.member), list):
                raise MalformedAnswerError(str(call), f"it lacks {operation.member}")
            items = plain(answer[operation.member])
            if operation.identity:
                items = each_once(items, operation.identity, met)
            if operation.keep is not None:
                items = kept(items, operation.keep)
            page = {operation.member: items}
            return page, str(answer.get(operation.token) or "") if operation.token else ""

        return fetch_page

    def _client(self, service: str, region: str) -> Any:
        """Return the client of a service that answers about a region."""
        place = self.settings.place
        homes = {
            "ce": place.cost_explorer_region,
            "pricing": place.pricing_region,
            "savingsplans": place.savings_plans_region,
        }
        key = service, homes.get(service, region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._made(service, key[1], region)
            return self._clients[key]

    def _made(self, service: str, home: str, region: str) -> Any:
        from botocore.config import Config

        address = {**self.settings.endpoints}.get(service)  # type: ignore[call-overload]
        return self._opened().client(
            service,
            region_name=home,
            endpoint_url=address and address.replace("{region}", region or home),
            config=Config(
                connect_timeout=self.settings.connect_timeout_seconds,
                read_timeout=self.settings.read_timeout_seconds,
                retries={"mode": "standard", "total_max_attempts": 1},
            ),
        )

    def _opened(self) -> Any:
        """Return the session; made under the lock, because making one is not safe in threads."""
        if self._session is None:
            try:
                import boto3
            except ImportError:
                raise MissingDependencyError("boto3", "aws") from None
            held = self.settings
            self._session = boto3.session.Session(
                aws_access_key_id=_text(held.access_key_id),
                aws_secret_access_key=_text(held.secret_access_key),
                aws_session_token=_text(held.session_token),
                profile_name=held.profile,
            )
        return self._session


def batches(names: Iterable[str]) -> Iterator[list[str]]:
    """Yield names in order, so many at a time as one question takes."""
    left = sorted(names)
    while left:
        yield left[:BATCH]
        left = left[BATCH:]


def _answer(client: Any, operation: Operation, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ask once; an error that stands for an empty list becomes one."""
    try:
        answer: Mapping[str, Any] = getattr(client, operation.method)(**asked)
    except client.exceptions.ClientError as error:
        if error.response.get("Error", {}).get("Code") != operation.nothing:
            raise
        return {operation.member: []}
    return answer


def _text(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def plain(value: Any) -> Any:
    """Return an SDK's value as JSON values; times as ISO 8601 text in UTC."""
    if isinstance(value, Mapping):
        return {str(name): plain(held) for name, held in value.items()}
    if isinstance(value, list):
        return [plain(held) for held in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value
