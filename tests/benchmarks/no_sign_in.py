"""A credential that any local server takes; it signs in nowhere."""

import time

from azure.core.credentials import AccessToken


class NoSignIn:
    """Stands in for an azure-identity credential; can be handed to another process."""

    def get_token(self, *scopes: str, **options: object) -> AccessToken:
        """Return a token that is good for an hour."""
        return AccessToken("no-token", int(time.time()) + 3600)
