"""AzureSettings: what a person may set of the adapter of Microsoft Azure."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field, SecretStr, model_validator

from costopt.fetch.settings import AdapterSettings

Seconds = Annotated[float, Field(gt=0)]


class AzureSettings(AdapterSettings):
    """Credentials, addresses and limits; every field has a default.

    Attributes:
        subscription_id: whose sizes are listed; empty for public prices alone.
        tenant_id: directory of a service principal.
        client_id: of a service principal.
        client_secret: of a service principal; without it the usual chain of azure-identity is
            tried (environment, workload identity, managed identity, command line).
        credential: any azure-identity credential, in place of the fields above.
        authority_host: where a service principal signs in.
        management_url: address of Azure Resource Manager.
        prices_url: address of the Retail Prices API.
        currency: in which prices are asked, ISO 4217.
        regions: the regions to offer, in place of those that have prices.
        eviction_rates: whether eviction rates are asked for where there are credentials.
        price_sheet: whether the subscription's price sheet is asked for where a run reads the
            account; only Enterprise Agreements have one.
        connect_timeout_seconds: to connect [s].
        read_timeout_seconds: between two packets [s].
        request_options: passed on to every call of the SDK.
    """

    subscription_id: SecretStr = SecretStr("")
    tenant_id: SecretStr | None = None
    client_id: SecretStr | None = None
    client_secret: SecretStr | None = None
    credential: Any = Field(default=None, repr=False)
    authority_host: str = "https://login.microsoftonline.com"
    management_url: str = "https://management.azure.com"
    prices_url: str = "https://prices.azure.com"
    currency: str = Field(default="USD", pattern="^[A-Z]{3}$")
    regions: tuple[str, ...] = ()
    eviction_rates: bool = True
    price_sheet: bool = True
    connect_timeout_seconds: Seconds = 5.0
    read_timeout_seconds: Seconds = 60.0
    request_options: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def has_subscription(self) -> bool:
        """Whether sizes and eviction rates can be asked for."""
        return bool(self.subscription_id.get_secret_value())

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Refuse half a sign-in, which would quietly read something else."""
        principal = (self.tenant_id, self.client_id, self.client_secret)
        if any(principal) and not all(principal):
            raise ValueError("tenant_id, client_id and client_secret belong together")
        if (any(principal) or self.credential is not None) and not self.has_subscription:
            raise ValueError("credentials need the subscription_id whose sizes are listed")
        return self
