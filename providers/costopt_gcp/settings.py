"""GcpSettings: with what, where and in which currency Google Cloud is asked."""

from pydantic import Field, PositiveFloat, SecretStr

from costopt.fetch.settings import AdapterSettings


class GcpSettings(AdapterSettings):
    """What a person writes about Google Cloud; every field may be left out.

    Attributes:
        project: project whose regions and machine types are listed; without one only prices are
            read, and types are composed from their reviewed shapes.
        api_key: for prices alone; the public price list asks for no more.
        access_token: a short-lived token, instead of application default credentials.
        service_account_file: path of a service account's key, instead of them.
        billing_account: whose contract prices are read where a run asks for the account, such as
            ``0A1B2C-3D4E5F-6A7B8C``; without one, list prices are taken.
        currency: in which prices are asked, ISO 4217; what is answered is kept.
        compute_endpoint: of the Compute Engine API; empty for Google's own.
        billing_endpoint: of the Cloud Billing API; empty for Google's own.
        timeout_seconds: until an answer counts as missing [s].
        machine_types_per_page: at most 500, the API's own limit [1].
        skus_per_page: at most 5,000, the API's own limit [1].
    """

    project: str = ""
    api_key: SecretStr | None = None
    access_token: SecretStr | None = None
    service_account_file: str = ""
    billing_account: str = Field(
        default="", pattern="^(?:[0-9A-Z]{6}-[0-9A-Z]{6}-[0-9A-Z]{6})?$", repr=False
    )
    currency: str = Field(default="USD", pattern="^[A-Z]{3}$")
    compute_endpoint: str = ""
    billing_endpoint: str = ""
    timeout_seconds: PositiveFloat = 60.0
    machine_types_per_page: int = Field(default=500, ge=1, le=500)
    skus_per_page: int = Field(default=5000, ge=1, le=5000)

    def secrets(self) -> tuple[str, ...]:
        """Return every secret, and the project and billing account, which name an account."""
        named = (name for name in (self.project, self.billing_account) if name)
        return (*AdapterSettings.secrets(self), *named)
