"""vCPU quotas of an account over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest

from costopt.provider import AccountSource

Make = Callable[..., Any]
FIRM = "alibaba/cn-test/*/on_demand|reserved|savings_plan|owned"


def test_source_tells_what_is_the_accounts_own(source: Make) -> None:
    assert isinstance(source(), AccountSource)


def test_quotas_tell_limit_and_use_of_firm_and_spot_vcpus(own: Any, read: Make) -> None:
    told = read()
    assert (told.region, told.findings) == ("cn-test", ())
    assert list(told.facts) == [
        {
            "fact": "quota",
            "key": FIRM,
            "limit": 800,
            "used": 168,
            "unit": "vcpus",
            "name": "max-postpaid-instance-vcpu-count",
        },
        {
            "fact": "quota",
            "key": "alibaba/cn-test/*/spot",
            "limit": 0,
            "used": 0,
            "unit": "vcpus",
            "name": "max-spot-instance-vcpu-count",
        },
    ]
    (asked,) = own.ecs.asked("DescribeAccountAttributes")
    assert asked["RegionId"] == "cn-test"
    assert asked["AttributeName.4"] == "used-spot-instance-vcpu-count"


@pytest.mark.parametrize(
    ("values", "words"),
    [((), "is not told"), (("many",), "is told as many"), (("9", "8"), "is told as 9, 8")],
)
def test_quota_whose_use_is_not_one_number_is_reported_and_never_zero(
    bare: Any, source: Make, context: Make, values: tuple[str, ...], words: str
) -> None:
    bare.quotas(
        bare.attribute("max-postpaid-instance-vcpu-count", "800"),
        bare.attribute("used-postpaid-instance-vcpu-count", *values),
        bare.attribute("max-spot-instance-vcpu-count", "100"),
        bare.attribute("used-spot-instance-vcpu-count", "10"),
    )
    told = source().account("cn-test", context())
    assert [row["name"] for row in told.facts] == ["max-spot-instance-vcpu-count"]
    (found,) = told.findings
    assert (found.check, found.severity, found.table) == ("quota_not_told", "left_out", "account")
    assert f"used-postpaid-instance-vcpu-count {words}" in found.detail
