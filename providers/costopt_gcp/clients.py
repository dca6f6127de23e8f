"""Clients of Google's SDK, made when the first question is asked and not before."""

from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

from costopt_gcp.sdk import sdk_module
from costopt_gcp.settings import GcpSettings

SCOPES: Final = (
    "https://www.googleapis.com/auth/compute.readonly",
    "https://www.googleapis.com/auth/cloud-billing.readonly",
)
"""The narrowest scopes that list machine types and prices.

Source: Google API documentation, machineTypes.list and services.skus.list, authorization scopes.
"""


BILLING_HOST: Final = "https://cloudbilling.googleapis.com"
"""Source: Cloud Billing Pricing API v1beta, billingAccounts.skus.prices.list, HTTP request."""


@dataclass(slots=True)
class Clients:
    """Holds one client of each kind; safe in threads.

    Attributes:
        settings: with what, where and in which currency.
    """

    settings: GcpSettings
    _made: dict[str, Any] = field(init=False, default_factory=dict)
    _lock: Lock = field(init=False, default_factory=Lock)

    def compute(self, kind: str) -> Any:
        """Return a Compute Engine client, such as ``MachineTypesClient``.

        Raises:
            MissingDependencyError: google-cloud-compute is not installed.
        """
        with self._lock:
            if kind not in self._made:
                client = getattr(sdk_module("google.cloud.compute_v1"), kind)
                options = sdk_module("google.api_core.client_options").ClientOptions(
                    api_endpoint=self.settings.compute_endpoint or None
                )
                self._made[kind] = client(credentials=self._credentials(), client_options=options)
            return self._made[kind]

    def catalog(self) -> Any:
        """Return the client of the price list, over HTTP rather than gRPC.

        Raises:
            MissingDependencyError: google-cloud-billing is not installed.
        """
        with self._lock:
            if "catalog" not in self._made:
                key = self.settings.api_key
                options = sdk_module("google.api_core.client_options").ClientOptions(
                    api_endpoint=self.settings.billing_endpoint or None,
                    api_key=key.get_secret_value() if key else None,
                )
                self._made["catalog"] = sdk_module("google.cloud.billing_v1").CloudCatalogClient(
                    transport="rest",
                    credentials=None if key else self._credentials(),
                    client_options=options,
                )
            return self._made["catalog"]

    def billing_session(self) -> Any:
        """Return what asks the Pricing API, which the SDK has no client for, signed in.

        Raises:
            MissingDependencyError: google-auth is not installed.
        """
        with self._lock:
            if "billing" not in self._made:
                session = sdk_module("google.auth.transport.requests").AuthorizedSession
                self._made["billing"] = session(self._credentials())
            return self._made["billing"]

    def contract_prices_address(self) -> str:
        """Return where the contract prices of the billing account are."""
        host = (self.settings.billing_endpoint or BILLING_HOST).rstrip("/")
        return f"{host}/v1beta/billingAccounts/{self.settings.billing_account}/skus/-/prices"

    def _credentials(self) -> Any:
        """Return who asks: the token, the service account, or what the machine is signed in as."""
        if self.settings.access_token:
            token = self.settings.access_token.get_secret_value()
            return sdk_module("google.oauth2.credentials").Credentials(token=token)
        if self.settings.service_account_file:
            account = sdk_module("google.oauth2.service_account").Credentials
            return account.from_service_account_file(
                self.settings.service_account_file, scopes=SCOPES
            )
        found, _ = sdk_module("google.auth").default(scopes=SCOPES)
        return found
