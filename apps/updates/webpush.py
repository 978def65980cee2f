"""Web Push on the wire: encrypting for one browser (RFC 8291) and saying who we are (RFC 8292); docs/decisions/0057."""

import base64
import secrets
from datetime import timedelta
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from apps.core import clock

#: The one record that a message is; services take 4,096 bytes in all.
RECORD_BYTES = 4096
MAX_PAYLOAD_BYTES = 3000
_KEY_BYTES, _SECRET_BYTES, _SALT_BYTES = 65, 16, 16
#: How long a signed claim holds; services take at most a day.
_CLAIM_HOURS = 12


class BadKeys(ValueError):
    """These are not the keys of a browser."""


def encode(value: bytes) -> str:
    """Base64 for URLs without padding, as all of Web Push has it."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes of such a text; raises ValueError."""
    return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)


def checked_keys(*, p256dh: str, auth: str) -> dict[str, str]:
    """The keys of a browser as all of Web Push writes them, whatever their padding.

    Raises BadKeys unless a browser can have these: a point of the curve P-256 and a secret of 16 bytes.
    """
    try:
        point, secret = decode(p256dh), decode(auth)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as error:
        raise BadKeys(BadKeys.__doc__) from error
    if len(point) != _KEY_BYTES or len(secret) != _SECRET_BYTES:
        raise BadKeys(BadKeys.__doc__)
    return {"p256dh": encode(point), "auth": encode(secret)}


def encrypt(
    payload: bytes,
    *,
    p256dh: str,
    auth: str,
    key: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """A message that only one browser can read; `key` and `salt` are new each time, but for the example of the RFC."""
    key, salt = key or ec.generate_private_key(ec.SECP256R1()), salt or secrets.token_bytes(_SALT_BYTES)
    receiver, sender = decode(p256dh), _point(key)
    shared = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), receiver))
    secret = _derive(shared, salt=decode(auth), info=b"WebPush: info\x00" + receiver + sender, length=32)
    cipher = AESGCM(_derive(secret, salt=salt, info=b"Content-Encoding: aes128gcm\x00", length=16))
    nonce = _derive(secret, salt=salt, info=b"Content-Encoding: nonce\x00", length=12)
    # The byte after the payload says that this record is the last.
    sealed = cipher.encrypt(nonce, payload + b"\x02", None)
    return salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(sender)]) + sender + sealed


def public_key() -> str:
    """Our public key, as browsers want it to subscribe; "" where push is off."""
    return encode(_point(_own_key())) if settings.VAPID_PRIVATE_KEY else ""


def authorization(endpoint: str) -> str:
    """The header that tells the service of an endpoint who sends."""
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int((clock.now() + timedelta(hours=_CLAIM_HOURS)).timestamp()),
        "sub": _subject(),
    }
    return f"vapid t={jwt.encode(claims, _own_key(), algorithm='ES256')}, k={public_key()}"


def _subject() -> str:
    if settings.OPERATOR_EMAIL:
        return f"mailto:{settings.OPERATOR_EMAIL}"
    return f"{settings.PLATFORM_SCHEME}://{settings.PLATFORM_DOMAIN}"


def _own_key() -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(decode(settings.VAPID_PRIVATE_KEY), "big"), ec.SECP256R1())


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derive(secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)
