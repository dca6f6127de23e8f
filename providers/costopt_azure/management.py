"""Management: the clients of Azure Resource Manager, opened when first needed."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import quote, urlsplit

from costopt.errors import (
    InvalidInputError,
    MalformedAnswerError,
    MissingDependencyError,
)
from costopt.fetch.call import Call, FetchPage, Page
from costopt_azure.failures import told
from costopt_azure.settings import AzureSettings

if TYPE_CHECKING:
    from azure.core.rest import HttpRequest, HttpResponse
    from azure.mgmt.compute import ComputeManagementClient
    from azure.mgmt.core import ARMPipelineClient
    from azure.mgmt.resourcegraph import ResourceGraphClient

    ResourceManager: TypeAlias = ARMPipelineClient[HttpRequest, HttpResponse]

SKUS_PERMISSION: Final = "Microsoft.Compute/skus/read (role Reader on the subscription)"
USAGES_PERMISSION: Final = (
    "Microsoft.Compute/locations/usages/read (role Reader on the subscription)"
)
GRAPH_PERMISSION: Final = "Microsoft.ResourceGraph/resources/read (role Reader on the tenant)"

TOKEN_SCOPE: Final = "https://management.azure.com/.default"
"""What a token is asked for, as the SDK's own clients do."""

Trim: TypeAlias = Callable[[Any], tuple[Page, str]]
"""From an answer to what is kept of it, and the link to the next one; empty at the end."""

GRAPH_ROWS: Final = 1000
"""Rows of one page of Resource Graph, the most it gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One list of Azure Resource Manager that no client of the SDK here covers.

    Attributes:
        path: below the address; ``{subscription}`` stands for the caller's.
        parameters: of the query.
        permission: what a refused call lacks.
        trim: keeps what is needed and names nobody, before an answer is handed on.
    """

    path: str
    parameters: Mapping[str, str]
    permission: str
    trim: Trim


@dataclass(slots=True, kw_only=True)
class Management:
    """Asks Azure Resource Manager; safe in threads. The SDK's own retries are off.

    Attributes:
        settings: credentials, addresses and limits.
    """

    settings: AzureSettings
    _lock: Lock = field(init=False, default_factory=Lock)
    _compute: "ComputeManagementClient | None" = field(init=False, default=None)
    _graph: "ResourceGraphClient | None" = field(init=False, default=None)
    _resources: "ResourceManager | None" = field(init=False, default=None)
    _credential: Any = field(init=False, default=None)

    def sizes(self, call: Call, location: str) -> FetchPage:
        """Return what fetches a page of the resource SKUs of a location."""

        def fetch(token: str) -> tuple[Page, str]:
            client = self._compute_client()
            self._same_host(call, token)
            answers: list[Any] = []
            with told(call, SKUS_PERMISSION):
                listed = client.resource_skus.list(
                    filter=f"location eq '{location}'",
                    raw_response_hook=answers.append,
                    **self.settings.request_options,
                )
                pages = listed.by_page(continuation_token=token or None)
                page = {"value": [sku.as_dict() for sku in next(pages)]}
                following = getattr(pages, "continuation_token", None)
                _check_list(call, page, answers)
            return page, str(following or "")

        return fetch

    def usages(self, call: Call, location: str) -> FetchPage:
        """Return what fetches a page of the quotas of a location, with their use."""

        def fetch(token: str) -> tuple[Page, str]:
            client = self._compute_client()
            self._same_host(call, token)
            answers: list[Any] = []
            with told(call, USAGES_PERMISSION):
                listed = client.usage.list(
                    location,
                    raw_response_hook=answers.append,
                    **self.settings.request_options,
                )
                pages = listed.by_page(continuation_token=token or None)
                page = {"value": [_quota(usage.as_dict()) for usage in next(pages)]}
                following = getattr(pages, "continuation_token", None)
                _check_list(call, page, answers)
            return page, str(following or "")

        return fetch

    def resource(self, call: Call, resource: Resource) -> FetchPage:
        """Return what fetches a page of a list; numbers with a point as ``Decimal``."""

        def fetch(token: str) -> tuple[Page, str]:
            client = self._resource_client()
            self._same_host(call, token)
            from azure.core.rest import HttpRequest

            subscription = self.settings.subscription_id.get_secret_value()
            path = resource.path.format(subscription=quote(subscription, safe=""))
            first = f"{self.settings.management_url.rstrip('/')}/{path}"
            request = (
                HttpRequest("GET", token)
                if token
                else HttpRequest("GET", first, params=dict(resource.parameters))
            )
            with told(call, resource.permission):
                answer = client.send_request(request, **self.settings.request_options)
                answer.raise_for_status()
                return resource.trim(json.loads(answer.text(), parse_float=Decimal))

        return fetch

    def graph(self, call: Call, query: str) -> FetchPage:
        """Return what fetches a page of the answer to a Resource Graph query."""

        def fetch(token: str) -> tuple[Page, str]:
            client = self._graph_client()
            from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions

            options = QueryRequestOptions(top=GRAPH_ROWS, skip_token=token or None)
            with told(call, GRAPH_PERMISSION):
                answer = client.resources(
                    QueryRequest(query=query, options=options), **self.settings.request_options
                )
            if not isinstance(answer.data, list):
                raise MalformedAnswerError(str(call), "it has no rows")
            return {"data": answer.data}, str(answer.skip_token or "")

        return fetch

    def _same_host(self, call: Call, link: str) -> None:
        """Refuse a next page of another host: it would be asked with the caller's token."""
        host = urlsplit(link).hostname
        if link and host != urlsplit(self.settings.management_url).hostname:
            raise MalformedAnswerError(str(call), f"it leads to {host}")

    def _compute_client(self) -> "ComputeManagementClient":
        with self._lock:
            if self._compute is None:
                try:
                    from azure.mgmt.compute import ComputeManagementClient
                except ImportError:
                    raise MissingDependencyError("azure-mgmt-compute", "azure") from None
                self._compute = ComputeManagementClient(
                    self._signed_in(),
                    self.settings.subscription_id.get_secret_value(),
                    base_url=self.settings.management_url,
                    **self._limits(),
                )
            return self._compute

    def _graph_client(self) -> "ResourceGraphClient":
        with self._lock:
            if self._graph is None:
                try:
                    from azure.mgmt.resourcegraph import ResourceGraphClient
                except ImportError:
                    raise MissingDependencyError("azure-mgmt-resourcegraph", "azure") from None
                self._graph = ResourceGraphClient(
                    self._signed_in(), base_url=self.settings.management_url, **self._limits()
                )
            return self._graph

    def _resource_client(self) -> "ResourceManager":
        with self._lock:
            if self._resources is None:
                try:
                    from azure.mgmt.core import ARMPipelineClient
                    from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy
                except ImportError:
                    raise MissingDependencyError("azure-mgmt-core", "azure") from None
                self._resources = ARMPipelineClient(
                    base_url=self.settings.management_url,
                    policies=[ARMChallengeAuthenticationPolicy(self._signed_in(), TOKEN_SCOPE)],
                    connection_timeout=self.settings.connect_timeout_seconds,
                    read_timeout=self.settings.read_timeout_seconds,
                )
            return self._resources

    def _limits(self) -> dict[str, Any]:
        """Return timeouts, and neither retries nor a log of addresses with account names."""
        from azure.core.pipeline.policies import RetryPolicy, SansIOHTTPPolicy

        return {
            "retry_policy": RetryPolicy.no_retries(),
            "http_logging_policy": SansIOHTTPPolicy(),
            "connection_timeout": self.settings.connect_timeout_seconds,
            "read_timeout": self.settings.read_timeout_seconds,
        }

    def _signed_in(self) -> Any:
        """Return the credential, the same for all clients; called under the lock."""
        if self._credential is None:
            self._credential = self.settings.credential or self._new_credential()
        return self._credential

    def _new_credential(self) -> Any:
        try:
            from azure.identity import ClientSecretCredential, DefaultAzureCredential
        except ImportError:
            raise MissingDependencyError("azure-identity", "azure") from None
        given = self.settings
        if given.tenant_id and given.client_id and given.client_secret:
            try:
                return ClientSecretCredential(
                    given.tenant_id.get_secret_value(),
                    given.client_id.get_secret_value(),
                    given.client_secret.get_secret_value(),
                    authority=given.authority_host,
                    retry_total=0,
                )
            except ValueError:
                problem = "tenant_id or authority_host has a form that Azure does not know"
                raise InvalidInputError("settings of azure", [problem]) from None
        return DefaultAzureCredential(authority=given.authority_host)


def _check_list(call: Call, page: Page, answers: Sequence[Any]) -> None:
    """Tell an empty list from an answer without one, which the SDK reads alike.

    Args:
        call: for messages.
        page: as the SDK read it.
        answers: what came over the wire, the last one for this page.

    Raises:
        MalformedAnswerError: the answer has no list.
    """
    if not page["value"] and answers[-1].http_response.json().get("value") is None:
        raise MalformedAnswerError(str(call), "it lacks value")


def _quota(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the name of a quota, its limit and its use."""
    return {
        "name": (usage.get("name") or {}).get("value"),
        "limit": usage.get("limit"),
        "used": usage.get("currentValue"),
    }
