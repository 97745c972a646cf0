"""TLS between machines of one estate: 1.3 alone, both show their certificates, no other authority is known.

Whether a certificate was revoked is judged by `trust`, where it can be told; its dates refuse nobody; OpenSSL sees to the rest.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable

from cryptography.hazmat.primitives.serialization import Encoding

from anju.service.certs.own import Own
from anju.service.certs.trust import Why

_NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL; `ssl` has no name for it."""
_WHY = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": Why.MISSING,
    "CERTIFICATE_VERIFY_FAILED": Why.FOREIGN,
    "UNSUPPORTED_PROTOCOL": Why.OLD_TLS,
    "WRONG_VERSION_NUMBER": Why.OLD_TLS,
}


def client_context(own: Own) -> ssl.SSLContext:
    """To call the duty room. Its name is in its certificate, and judged there: no host's name is asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    return _equipped(context, own)


def server_context(own: Own, refused: Callable[[Why], object]) -> ssl.SSLContext:
    """To be called by concentrators; `refused` is told of each handshake that ended because of who called."""
    context = _equipped(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), own)
    context.verify_mode = ssl.CERT_REQUIRED

    class Watched(ssl.SSLObject):
        """A connection that tells why it did not come to be: asyncio keeps that to itself."""

        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except ssl.SSLError as error:
                why = _WHY.get(error.reason or "")
                if why is not None:
                    refused(why)
                raise

    context.sslobject_class = Watched
    return context


def renew(context: ssl.SSLContext, own: Own) -> None:
    """Show from now on what has been renewed; OSError: what was shown is shown still."""
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(own.path)  # one that fails may leave a context half changed
    context.load_cert_chain(own.path)


def _equipped(context: ssl.SSLContext, own: Own) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_flags |= _NO_CHECK_TIME
    context.load_verify_locations(cadata=own.authority.public_bytes(Encoding.PEM).decode("ascii"))
    context.load_cert_chain(own.path)
    return context
