"""What goes wrong inside Google's SDK, as errors of costopt."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import requests

from costopt.errors import (
    FetchError,
    MalformedAnswerError,
    MissingCredentialsError,
    RefusedError,
    ThrottledError,
    UnreachableError,
)
from costopt.fetch.call import Call
from costopt_gcp.sdk import sdk_module

HOW_TO_SIGN_IN: Final = (
    "Set api_key for prices alone; for hardware too, set project and run 'gcloud auth "
    "application-default login', or set access_token or service_account_file."
)

TOO_MANY: Final = 429
NOT_FOUND: Final = 404
REFUSED: Final = (401, 403)
SERVER_FAULT: Final = 500
RATE_REASONS: Final = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})
KEY_REASONS: Final = frozenset({"API_KEY_INVALID", "API_KEY_EXPIRED", "keyInvalid", "keyExpired"})

Answer = TypeVar("Answer")


def asked(call: Call, permission: str, ask: Callable[[], Answer]) -> Answer:
    """Ask, and turn whatever the SDK raises into an error of costopt.

    Args:
        call: for messages.
        permission: what a refused call lacks.
        ask: makes one attempt.

    Raises:
        FetchError: no answer, or none that can be read.
        MissingDependencyError: the SDK is not installed.
    """
    api = sdk_module("google.api_core.exceptions")
    signing = sdk_module("google.auth.exceptions")
    parsing = sdk_module("google.protobuf.json_format")
    try:
        return ask()
    except api.GoogleAPICallError as error:
        raise _of_status(call, permission, error) from None
    except signing.TransportError as error:
        raise UnreachableError(str(call), type(error).__name__) from None
    except signing.RefreshError:
        raise RefusedError(str(call), permission, "the sign-in is not accepted") from None
    except (signing.GoogleAuthError, FileNotFoundError):
        raise MissingCredentialsError(str(call), HOW_TO_SIGN_IN) from None
    except (requests.JSONDecodeError, parsing.ParseError) as error:
        raise MalformedAnswerError(str(call), type(error).__name__) from None
    except requests.RequestException as error:
        raise UnreachableError(str(call), type(error).__name__) from None


def _of_status(call: Call, permission: str, error: Any) -> FetchError:
    """Choose by status and reason; Google's sentence may name the project, so it is not kept."""
    status = int(error.code or 0)
    reasons = _reasons(error)
    if status == TOO_MANY or reasons & RATE_REASONS:
        return ThrottledError(str(call), _retry_after_seconds(error))
    if status in REFUSED or reasons & KEY_REASONS:
        return RefusedError(str(call), permission, f"HTTP {status}")
    if status == NOT_FOUND:
        return RefusedError(str(call), f"{permission} in a project that exists", "HTTP 404")
    if status >= SERVER_FAULT:
        return UnreachableError(str(call), f"HTTP {status}")
    return MalformedAnswerError(str(call), f"HTTP {status}")


def _reasons(error: Any) -> set[str]:
    """Return the machine-readable reasons, in either of the two shapes that Google uses."""
    listed = {str(one.get("reason", "")) for one in error.errors if isinstance(one, dict)}
    return listed | {str(error.reason or "")}


def _retry_after_seconds(error: Any) -> float | None:
    """Read the Retry-After header; a date there is no wish we follow."""
    headers = getattr(error.response, "headers", {})
    text = str(headers.get("Retry-After", "")).strip()
    return float(text) if text.isdigit() else None
