"""What is handed to a question for plans, refused in words before anything is worked out."""

from collections.abc import Sequence

from costopt.account.account import Account
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.profile.profile import Profile
from costopt.workload.eligible_usage import EligibleUsage
from costopt.workload.request import AnyWorkload, PlanRequest
from costopt.written import Written


def asked_workloads(
    subject: str, workload: AnyWorkload | Sequence[AnyWorkload]
) -> tuple[AnyWorkload, ...]:
    """Return one workload or several as a tuple.

    Args:
        subject: function that is asked, for messages.
        workload: as handed over.

    Raises:
        InvalidInputError: it is neither a workload nor a list of them.
    """
    if not isinstance(workload, Written | Sequence) or isinstance(workload, str):
        raise InvalidInputError(subject, ["give a workload, or a list of workloads"])
    return (workload,) if isinstance(workload, Written) else tuple(workload)


def asked_profiles(subject: str, profiles: Profile | Sequence[Profile]) -> tuple[Profile, ...]:
    """Return one measured profile or several as a tuple.

    Args:
        subject: function that is asked, for messages.
        profiles: as handed over.

    Raises:
        InvalidInputError: something else is among them.
    """
    runs = (profiles,) if isinstance(profiles, Profile) else profiles
    if not isinstance(runs, Sequence) or not all(isinstance(run, Profile) for run in runs):
        raise InvalidInputError(
            subject, ["profiles must be Profiles: co.Profile.read(path, ...) reads one"]
        )
    return tuple(runs)


def asked_usage(
    subject: str, usage: EligibleUsage | Sequence[EligibleUsage]
) -> tuple[EligibleUsage, ...]:
    """Return one kind of other usage or several as a tuple.

    Args:
        subject: function that is asked, for messages.
        usage: as handed over.

    Raises:
        InvalidInputError: it is no list.
    """
    if isinstance(usage, EligibleUsage):
        return (usage,)
    if not isinstance(usage, Sequence) or isinstance(usage, str):
        raise InvalidInputError(
            subject, ["eligible_usage must be a list of EligibleUsage; () for none"]
        )
    return tuple(usage)


def check_sources(subject: str, catalog: Catalog, account: Account | None) -> None:
    """Refuse what is no catalogue, or no account.

    Args:
        subject: function that is asked, for messages.
        catalog: as handed over.
        account: as handed over; None at list prices.

    Raises:
        InvalidInputError: one of them is something else.
    """
    check_catalog(subject, catalog)
    if account is not None and not isinstance(account, Account):
        raise InvalidInputError(
            subject, ["account must be an Account: Account(...), or Account.from_csv(path)"]
        )


def check_catalog(subject: str, catalog: Catalog) -> None:
    """Refuse what is no catalogue.

    Args:
        subject: function that is asked, for messages.
        catalog: as handed over.

    Raises:
        InvalidInputError: it is something else.
    """
    if not isinstance(catalog, Catalog):
        raise InvalidInputError(
            subject, ["catalog must be a Catalog: Catalog.bundled(), or Catalog.open(place)"]
        )


def left_of_account(
    request: PlanRequest, catalog: Catalog, account: Account | None
) -> tuple[Catalog, PlanRequest]:
    """Return a catalogue at the prices that are paid, and a request with what an account leaves.

    Args:
        request: as asked.
        catalog: at list prices.
        account: None at list prices.
    """
    if account is None:
        return catalog, request
    return account.priced(catalog), limited_by(request, account, catalog)


def limited_by(request: PlanRequest, account: Account, catalog: Catalog) -> PlanRequest:
    """Return a request with what an account's quotas and commitments leave.

    Args:
        request: as asked.
        account: whose quotas and commitments count.
        catalog: at list prices.

    Raises:
        UnknownNameError: a key of the account names nothing in the catalogue.
    """
    limits = account.limiting(request.limits, catalog)
    return request.model_copy(update={"limits": limits})
