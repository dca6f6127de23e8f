"""Every deliberate exception: each takes values, keeps them, and writes its own sentence."""

from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import Final

MOST_TOLD: Final = 10
"""Broken rules that one message tells; all of them stay attributes of the error."""


class CostoptError(Exception):
    """Root of all errors that costopt raises on purpose."""


class UnknownNameError(CostoptError, LookupError):
    """A name that the catalogue, or a closed list, does not hold."""

    def __init__(self, kind: str, name: str, known: Collection[str], hint: str = "") -> None:
        self.kind, self.name = kind, name
        self.suggestions = tuple(nearest_names(name, known))
        message = f"Unknown {kind} {name!r}."
        if self.suggestions:
            message += f" Did you mean {', '.join(self.suggestions)}?"
        elif 0 < len(known) <= 12:
            message += f" Known: {', '.join(sorted(known))}."
        super().__init__(f"{message} {hint}".rstrip())


class InvalidInputError(CostoptError, ValueError):
    """What a person wrote breaks a rule; one sentence for each broken rule."""

    def __init__(self, subject: str, problems: Sequence[str]) -> None:
        self.subject, self.problems = subject, tuple(problems)
        rest = len(self.problems) - MOST_TOLD
        more = [f"and {rest} more"] if rest > 0 else []
        super().__init__(f"{subject}: " + "; ".join([*self.problems[:MOST_TOLD], *more]))


class CatalogFileError(CostoptError, OSError):
    """A catalogue file is missing, cut short, edited, or not in the written-out schema."""

    def __init__(self, place: str, problem: str, next_step: str) -> None:
        self.place, self.problem, self.next_step = place, problem, next_step
        super().__init__(f"{place}: {problem}. {next_step}")


class PublishConflictError(CostoptError, RuntimeError):
    """Somebody else changed a store in the meantime; nothing of this change is visible."""

    def __init__(self, place: str, problem: str) -> None:
        self.place, self.problem = place, problem
        super().__init__(
            f"{place}: {problem}. Nothing was changed; run again, from what is there now."
        )


class EmptyCatalogError(CostoptError, ValueError):
    """A catalogue without a single offer cannot answer anything."""

    def __init__(self, where: str) -> None:
        self.where = where
        super().__init__(
            f"The catalogue has no offers {where}. Widen the filter, or start from "
            "Catalog.bundled()."
        )


class MissingExchangeRateError(CostoptError, LookupError):
    """No dated exchange rate leads from one currency to another."""

    def __init__(self, from_currency: str, to_currency: str, known: Sequence[str]) -> None:
        self.from_currency, self.to_currency = from_currency, to_currency
        listed = ", ".join(known) if known else "none"
        super().__init__(
            f"No usable exchange rate from {from_currency} to {to_currency} (rates here: "
            f"{listed}). Plan in {from_currency}, leave its offers out, or add a rate with "
            f"catalog.with_exchange_rate({from_currency!r}, {to_currency!r}, rate, as_of=..., "
            "source=...)."
        )


class PlanCheckError(CostoptError, RuntimeError):
    """A plan failed its independent check: a defect of costopt, never of the request."""

    def __init__(self, violations: Sequence[str]) -> None:
        self.violations = tuple(violations)
        super().__init__(
            "The plan failed its own check and is not returned; please report it. "
            + "; ".join(self.violations)
        )


class NoPlanError(CostoptError, RuntimeError):
    """``plan.require()`` was called on an outcome without instances."""

    def __init__(self, status: str, reason: str) -> None:
        self.status, self.reason = status, reason
        super().__init__(f"There is no plan ({status}): {reason}")


class MissingDependencyError(CostoptError, ImportError):
    """An optional library is needed and not installed."""

    def __init__(self, package: str, extra: str) -> None:
        self.package, self.extra = package, extra
        super().__init__(f"{package} is not installed. Run: pip install 'cloud-costopt[{extra}]'")


class FetchError(CostoptError, RuntimeError):
    """A provider gave no usable answer to one call."""

    def __init__(self, call: str, problem: str, next_step: str) -> None:
        self.call, self.problem, self.next_step = call, problem, next_step
        super().__init__(f"{call}: {problem}. {next_step}")


class ThrottledError(FetchError):
    """The provider asks to call less often."""

    def __init__(self, call: str, retry_after_seconds: float | None = None) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(
            call,
            "the provider refuses so many calls",
            "Refresh fewer regions at once, or later.",
        )


class UnreachableError(FetchError):
    """No answer came: no connection, a time-out, or a fault of the provider's server."""

    def __init__(self, call: str, detail: str) -> None:
        self.detail = detail
        super().__init__(call, f"no answer ({detail})", "Check the network and the endpoint.")


class RefusedError(FetchError):
    """The credentials may not make the call."""

    def __init__(self, call: str, permission: str, code: str) -> None:
        self.permission, self.code = permission, code
        super().__init__(
            call, f"refused ({code})", f"Give the credentials the permission {permission}."
        )


class MissingCredentialsError(FetchError):
    """The call needs credentials and there are none."""

    def __init__(self, call: str, how: str) -> None:
        self.how = how
        super().__init__(call, "there are no credentials", how)


class MalformedAnswerError(FetchError):
    """An answer came that is not what the provider documents."""

    def __init__(self, call: str, detail: str) -> None:
        self.detail = detail
        super().__init__(
            call, f"the answer cannot be read ({detail})", "Record the run and report it."
        )


def nearest_names(name: str, known: Collection[str], count: int = 3) -> list[str]:
    """Known names closest to a misspelt one, best first, ignoring case."""
    by_lower = {candidate.lower(): candidate for candidate in sorted(known)}
    matches = get_close_matches(name.lower(), list(by_lower), n=count, cutoff=0.6)
    return [by_lower[match] for match in matches]
