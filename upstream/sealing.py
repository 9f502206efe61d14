"""Sealing: the encryption of answers that leave this process: only who has the token can read them.

Needs the package cryptography, which comes with the extra `redis`.
"""

import hmac
import secrets
import zlib
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec.msgpack import Decoder, Encoder

from .sharing import SharedAnswer

_NONCE: Final = 12
_PURPOSE: Final = b"onedtouch-graphql: sealed answers"
_FASTEST: Final = 1


_encoder: Final = Encoder()
_decoder: Final = Decoder(SharedAnswer)


def name(token_key: bytes, key: str) -> str:
    """The name under which an answer is stored; it gives away neither token nor question."""
    return hmac.digest(token_key, key.encode(), "sha256").hex()


def seal(answer: SharedAnswer, *, token: str, secret: bytes, context: bytes) -> bytes:
    """An answer, compressed and encrypted (AES-GCM), that opens only with its token and context.

    The key is derived from the token and the `secret` (HKDF); neither is stored outside. The
    `context` says where the answer is stored: moved elsewhere, it does not open.
    """
    nonce = secrets.token_bytes(_NONCE)
    plain = zlib.compress(_encoder.encode(answer), _FASTEST)
    return nonce + _cipher(token, secret).encrypt(nonce, plain, context)


def unseal(
    value: bytes, *, token: str, secret: bytes, context: bytes, most: int
) -> SharedAnswer | None:
    """The answer that `seal` made with the same token, secret and context; None for all else.

    `most` bounds its bytes, decompressed: a longer one is None, too.
    """
    try:
        plain = _cipher(token, secret).decrypt(value[:_NONCE], value[_NONCE:], context)
        unpacked = zlib.decompressobj().decompress(plain, most)
        return _decoder.decode(unpacked)
    except (InvalidTag, ValueError, zlib.error):
        return None


def _cipher(token: str, secret: bytes) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=32, salt=secret, info=_PURPOSE)
    return AESGCM(derived.derive(token.encode()))
