"""AlibabaSettings: what a person can tell the adapter of Alibaba Cloud."""

from typing import Final, Literal, TypeAlias

from pydantic import Field, SecretStr, model_validator

from costopt.fetch.settings import AdapterSettings

SystemDisk: TypeAlias = Literal["cloud_essd", "cloud_efficiency", "cloud_ssd", "cloud_auto"]
"""Category of a system disk. Source: ECS API reference, DescribePrice."""

Term: TypeAlias = Literal["1 month", "1 year", "3 years"]
"""Length of a subscription."""

MOST_CALLS_PER_SECOND: Final = 500 / 60
"""Quota of DescribePrice, per account, region and operation [1/s].

Source: ECS API reference, API rate quotas: 500 calls in 60 s; the other operations asked here
have no figure of their own on that page and are held to the same.
"""


class AlibabaSettings(AdapterSettings):
    """Settings of the adapter; every one has a default.

    Attributes:
        access_key_id: of the credentials; without it the environment's
            ``ALIBABA_CLOUD_ACCESS_KEY_ID`` and its companions count.
        access_key_secret: belongs to the access key.
        security_token: belongs to temporary credentials.
        credential_chain: where no key is given, let the SDK look for a profile or the role of the
            machine; it may ask the machine's metadata service.
        regions: asked in place of those that the account can see.
        home_region: where the list of regions is asked.
        endpoint: host, and port where it is not the usual one; ``{region}`` in it stands for the
            region. The SDK's own where not given.
        protocol: of the endpoint.
        billing_endpoint: host that knows the savings plans of the account; that of the
            international site is ``business.ap-southeast-1.aliyuncs.com``.
        savings_plans: whether to ask for the savings plans of the account.
        subscriptions: terms of subscriptions to ask for.
        spot: whether to ask for spot prices.
        spot_advice: whether to ask for release rates of spot instances.
        spot_protected_hours: hours that a spot instance is sure to run; 0 or 1 [h].
        spot_window_hours: how far back spot prices are read; at most 30 days [h].
        system_disks: categories to name, in this order, until a type takes one; their prices are
            kept apart from the instance's.
        calls_per_second: of one region [1/s].
        connect_timeout_seconds: until a connection stands [s].
        read_timeout_seconds: between two packets [s].
    """

    access_key_id: SecretStr | None = None
    access_key_secret: SecretStr | None = None
    security_token: SecretStr | None = None
    credential_chain: bool = False
    regions: tuple[str, ...] = ()
    home_region: str = "cn-hangzhou"
    endpoint: str | None = Field(default=None, pattern=r"^[^/]+$")
    protocol: Literal["HTTPS", "HTTP"] = "HTTPS"
    billing_endpoint: str = Field(default="business.aliyuncs.com", pattern=r"^[^/]+$")
    savings_plans: bool = True
    subscriptions: tuple[Term, ...] = ("1 month", "1 year", "3 years")
    spot: bool = True
    spot_advice: bool = True
    spot_protected_hours: Literal[0, 1] = 1
    spot_window_hours: int = Field(default=24, ge=1, le=720)
    system_disks: tuple[SystemDisk, ...] = Field(
        default=("cloud_essd", "cloud_efficiency", "cloud_ssd"), min_length=1
    )
    calls_per_second: float = Field(default=5.0, gt=0, le=MOST_CALLS_PER_SECOND)
    connect_timeout_seconds: float = Field(default=5.0, gt=0)
    read_timeout_seconds: float = Field(default=30.0, gt=0)

    @model_validator(mode="after")
    def _whole_credentials(self) -> "AlibabaSettings":
        if (self.access_key_id is None) != (self.access_key_secret is None):
            raise ValueError("access_key_id and access_key_secret belong together; give both")
        if self.security_token and not self.access_key_id:
            raise ValueError("security_token belongs to an access_key_id; give both")
        return self
