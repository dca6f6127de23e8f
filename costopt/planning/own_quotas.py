"""What a plan says of the quotas of its account: whom to ask for more, and for what."""

from collections.abc import Sequence

from costopt.account.quotas import increase_words
from costopt.account.records import Quota
from costopt.plan.plan import Exclusion


def with_increases(
    exclusions: Sequence[Exclusion], quotas: Sequence[Quota]
) -> tuple[Exclusion, ...]:
    """Say beside what a quota of 0 excludes which quota to ask for.

    Args:
        exclusions: of the plan.
        quotas: of the account, those that concern an offer.
    """
    used_up = [increase_words(quota) for quota in quotas if quota.left == 0]
    if not used_up:
        return tuple(exclusions)
    return tuple(
        item.model_copy(update={"text": f"{item.text} ({'; '.join(used_up)})"})
        if item.reason == "quota"
        else item
        for item in exclusions
    )


def refused_by_quotas(
    because: Sequence[str], exclusions: Sequence[Exclusion], quotas: Sequence[Quota]
) -> tuple[str, ...]:
    """Say why there is no plan, with the quotas of the account that may stand against it.

    Args:
        because: what was found; empty where there is a plan.
        exclusions: of the plan.
        quotas: of the account, those that concern an offer.
    """
    named = any("quota" in sentence for sentence in because)
    excluding = any(item.reason == "quota" for item in exclusions)
    if not because or not (named or excluding):
        return tuple(because)
    return (*because, *(increase_words(one) for one in quotas if named or one.left == 0))
