"""Keys that tokens are verified with: secrets, PEM and JSON Web Keys enter; keys leave, with what each may verify.

An algorithm belongs to a kind of key, whatever a token says: a public key never verifies HS256, and nothing is verified
with `none`. Sources: https://www.rfc-editor.org/rfc/rfc8725#section-3.1, https://www.rfc-editor.org/rfc/rfc7517
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from graph.outside.errors import Misfit

PublicKey: TypeAlias = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey | Ed448PublicKey

SECRET_BYTES: Mapping[str, int] = {"HS256": 32, "HS384": 48, "HS512": 64}
"""The least of a secret. Source: https://www.rfc-editor.org/rfc/rfc7518#section-3.2"""
RSA = frozenset(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"))
CURVES: Mapping[str, str] = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512", "secp256k1": "ES256K"}
EDWARDS = "EdDSA"
OF_PUBLIC_KEYS = RSA | {*CURVES.values(), EDWARDS}

RSA_BITS = range(2048, 8192 + 1)
"""Less can be broken; a signature of more takes milliseconds to verify.
Source: https://www.rfc-editor.org/rfc/rfc7518#section-3.3"""
MAX_NUMBER_CHARACTERS = 1_400
"""Of a number in a JSON Web Key, in base64: 8,192 bits have 1,366."""
MAX_KEYS = 100
"""Of one provider; what comes after them is left out."""

PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)


class Key(NamedTuple):
    """A key, with the algorithms that it may verify."""

    name: str | None
    """The `kid` that tokens have for it."""
    algorithms: frozenset[str]
    material: PublicKey | bytes


def key_of_secret(secret: str) -> Key:
    """The key of a shared secret; it has the algorithms for which it is long enough."""
    material = secret.encode()
    return Key(None, frozenset(it for it, least in SECRET_BYTES.items() if len(material) >= least), material)


def keys_of_pem(text: str) -> list[Key]:
    """The keys of public keys and certificates. Raises `Misfit`."""
    blocks = list(PEM.finditer(text.replace("\\n", "\n")))
    if not blocks:
        raise Misfit("is no PEM; it begins with `-----BEGIN PUBLIC KEY-----`")
    return [_key_of_block(block[1], block[0].encode()) for block in blocks]


def keys_of_set(found: Mapping[str, Any]) -> list[Key]:
    """The keys of a JSON Web Key Set that can verify signatures. Raises `Misfit` if there are none."""
    members = found.get("keys")
    keys = map(_key_of_member, members[:MAX_KEYS]) if isinstance(members, list) else ()
    usable = [key for key in keys if key is not None]
    if not usable:
        raise Misfit("nothing in it could verify a signature.")
    return usable


def _key_of_block(label: str, block: bytes) -> Key:
    if "PRIVATE" in label:
        raise Misfit("is a private key, which belongs to the provider alone; give the public one")
    try:
        material = (
            x509.load_pem_x509_certificate(block).public_key() if label == "CERTIFICATE" else load_pem_public_key(block)
        )
    except Exception as error:  # whatever a library says of a text that is no key
        raise Misfit(f"has a {label} that cannot be read") from error
    algorithms = _algorithms_of(material)
    if not algorithms or not isinstance(material, PublicKey):
        raise Misfit("has a key that tokens are not signed with: RSA of 2,048 to 8,192 bits, EC or Ed25519")
    return Key(None, algorithms, material)


def _key_of_member(member: Any) -> Key | None:
    """A key of a set; None for one that is for something else, is private, or cannot be read."""
    if not isinstance(member, dict) or not _is_for_signatures(member) or not _is_short(member):
        return None
    name, algorithm = member.get("kid"), member.get("alg")
    try:
        material = jwt.PyJWK({it: value for it, value in member.items() if it != "alg"}).key
    except Exception:  # whatever a library says of what strangers publish
        return None
    algorithms = _algorithms_of(material)
    if algorithm is not None:
        algorithms &= {algorithm} if isinstance(algorithm, str) else set()
    if not algorithms or not isinstance(material, PublicKey) or not isinstance(name, str | None):
        return None
    return Key(name, algorithms, material)


def _is_for_signatures(member: Mapping[str, Any]) -> bool:
    operations = member.get("key_ops", ["verify"])
    return member.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _is_short(member: Mapping[str, Any]) -> bool:
    numbers = (member.get(it, "") for it in ("n", "e", "x", "y"))
    return all(isinstance(it, str) and len(it) <= MAX_NUMBER_CHARACTERS for it in numbers)


def _algorithms_of(material: object) -> frozenset[str]:
    """What a key may verify; nothing for a private key, and for one that is weak."""
    if isinstance(material, RSAPublicKey):
        return RSA if material.key_size in RSA_BITS and material.public_numbers().e < 2**32 else frozenset()
    if isinstance(material, EllipticCurvePublicKey):
        return frozenset(filter(None, (CURVES.get(material.curve.name),)))
    return frozenset((EDWARDS,)) if isinstance(material, (Ed25519PublicKey, Ed448PublicKey)) else frozenset()


def fitting(keys: Iterable[Key], name: str | None, algorithm: str) -> list[Key]:
    """The keys that a token with this `kid` and this algorithm may have been signed with."""
    return [it for it in keys if algorithm in it.algorithms and (name is None or it.name in (None, name))]
