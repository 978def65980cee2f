"""Accounts: what comes in."""

from apps.core.serializers import Flag, Input, Text

#: Far beyond any assertion, code or token of an identity provider.
MAX_PROOF_LENGTH = 16_384


class ProofInput(Input):
    """The body of `POST /auth` (contract A 12.1); all but the first two are ours (docs/api/authentication.md)."""

    assertion = Text(required=False, max_length=MAX_PROOF_LENGTH)
    clientSecret = Text(required=False, max_length=1024)
    backend = Text(required=False, max_length=50)
    email = Text(required=False, max_length=1024)
    password = Text(required=False, max_length=MAX_PROOF_LENGTH)
    signUp = Flag(required=False)
    code = Text(required=False, max_length=MAX_PROOF_LENGTH)
    profileName = Text(required=False, max_length=1024)


class ProviderProofInput(Input):
    """The body of `POST /auth0` (contract A 12.2)."""

    code = Text(required=False, max_length=MAX_PROOF_LENGTH)
    state = Text(required=False)
    accessToken = Text(required=False, max_length=MAX_PROOF_LENGTH)
    tokenType = Text(required=False, max_length=50)
    clientSecret = Text(required=False, max_length=1024)
