"""Failures of the Azure SDK, told in the words of ``costopt.errors``."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from costopt.errors import (
    FetchError,
    MalformedAnswerError,
    MissingCredentialsError,
    RefusedError,
    ThrottledError,
    UnreachableError,
)
from costopt.fetch.call import Call

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError, HttpResponseError

REFUSED: Final = (401, 403)
FIRST_ERROR: Final = 400
TIMED_OUT: Final = 408
TOO_MANY: Final = 429
SERVER_FAULT: Final = 500

WRONG_SUBSCRIPTION: Final = frozenset({"SubscriptionNotFound", "InvalidSubscriptionId"})
"""Codes of an answer to a subscription that the caller cannot see."""

HOW_TO_SIGN_IN: Final = (
    "Sign in with 'az login', or set tenant_id, client_id and client_secret; public prices need "
    "no subscription_id."
)


@contextmanager
def told(call: Call, permission: str) -> Iterator[None]:
    """Translate what the SDK raises inside the block.

    Args:
        call: for messages.
        permission: what a refused call lacks.

    Raises:
        FetchError: in place of the SDK's exception.
    """
    from azure.core.exceptions import AzureError

    try:
        yield
    except AzureError as error:
        raise _translated(call, permission, error) from None
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise MalformedAnswerError(str(call), type(error).__name__) from None


def _translated(call: Call, permission: str, error: "AzureError") -> FetchError:
    from azure.core.exceptions import ClientAuthenticationError, DecodeError, HttpResponseError

    name = str(call)
    if isinstance(error, HttpResponseError) and error.response is not None:
        is_success = isinstance(error, DecodeError) and (error.status_code or 0) < FIRST_ERROR
        if is_success:
            return MalformedAnswerError(name, "it is not JSON")
        return _of_status(name, permission, error)
    if isinstance(error, ClientAuthenticationError):
        return MissingCredentialsError(name, HOW_TO_SIGN_IN)
    return UnreachableError(name, type(error).__name__)


def _of_status(name: str, permission: str, error: "HttpResponseError") -> FetchError:
    """Translate an answer that is not a success."""
    status = error.status_code or 0
    code = str(getattr(error.error, "code", None) or f"HTTP {status}")
    if status in REFUSED or code in WRONG_SUBSCRIPTION:
        return RefusedError(name, permission, code)
    if status == TOO_MANY:
        return ThrottledError(name, _seconds_to_wait(error))
    if status == TIMED_OUT or status >= SERVER_FAULT:
        return UnreachableError(name, f"HTTP {status}")
    return MalformedAnswerError(name, f"HTTP {status} {code}")


def _seconds_to_wait(error: "HttpResponseError") -> float | None:
    """Read the Retry-After header in seconds; a date there is no wish we follow."""
    headers = getattr(error.response, "headers", {})
    written = str(headers.get("Retry-After", "")).strip()
    return float(written) if written.isdigit() else None
