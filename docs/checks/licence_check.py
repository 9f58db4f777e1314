"""Checks a Keypost licence, offline. Needs the package `cryptography`.

Copy this file into your app, and write your public keys (`keypost keys public`) and product number into it.
"""
import base64
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

# The public keys by key number.
KEYS = {1: bytes.fromhex("00" * 32)}
PRODUCT = 1
EPOCH_DAYS = 18262  # 2020-01-01, in days since 1970


def read_licence(text, keys=KEYS, product=PRODUCT):
    """Returns the licence as a dict, or None if the text is not a valid licence for the product."""
    if not text.startswith("KP1-"):
        return None
    digits = text[4:]
    try:
        data = base64.urlsafe_b64decode(digits + "=" * (-len(digits) % 4))
    except ValueError:
        return None
    # Each licence has one text only: refuse other spellings of the same bytes.
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != digits:
        return None
    payload, signature = data[:-64], data[-64:]
    if len(payload) < 17 or payload[0] >> 4 != 1:
        return None
    if int.from_bytes(payload[1:3], "big") != product:
        return None
    key = keys.get(payload[0] & 15)
    if key is None:
        return None
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, b"keypost/licence/v1\0" + payload)
    except InvalidSignature:
        return None
    updates = int.from_bytes(payload[5:7], "big")
    return {
        "name": payload[16:].decode("utf-8"),
        "issued": EPOCH_DAYS + int.from_bytes(payload[3:5], "big"),  # days since 1970
        "updates_until": EPOCH_DAYS + updates if updates else None,  # None: for ever
        "seats": payload[7],
        "id": payload[8:16].hex(),  # what a list of revoked licences names
    }
