"""Signs for this machine, and tells who has signed: certificate and signature go together, as headers."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from anju.service.certs.holder import Holder
from anju.service.certs.own import Own
from anju.service.certs.trust import Refused, Trust, Why
from anju.uplink.signed import CERTIFICATE, SIGNATURE

_MOST_BYTES = 4096


def sign(own: Own, text: bytes) -> dict[str, str]:
    """The headers that say who has signed a text."""
    certificate = own.certificate
    return {
        CERTIFICATE: base64.b64encode(certificate.public_bytes(Encoding.DER)).decode(),
        SIGNATURE: own.key.sign(text).hex(),
    }


def signer(trust: Trust, headers: Mapping[str, str], text: bytes) -> tuple[Holder, x509.Certificate]:
    """Who has signed a text, and by which certificate; Refused says why nobody whom it could be believed of."""
    try:
        raw = base64.b64decode(headers.get(CERTIFICATE, "")[:_MOST_BYTES], validate=True)
        certificate = x509.load_der_x509_certificate(raw)
        signature = bytes.fromhex(headers.get(SIGNATURE, ""))
    except (ValueError, binascii.Error):
        raise Refused(Why.UNSIGNED) from None
    holder = trust.judge(certificate)
    key = certificate.public_key()
    if not isinstance(key, Ed25519PublicKey):
        raise Refused(Why.FOREIGN)
    try:
        key.verify(signature, text)
    except InvalidSignature:
        raise Refused(Why.UNSIGNED) from None
    return holder, certificate
