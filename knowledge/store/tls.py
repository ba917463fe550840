"""Encrypted connections to a server: whose certificates are trusted, and what is wrong with one."""

import ssl
from pathlib import Path

from settings.errors import IndexAway

_EXPIRED, _NOT_YET_VALID = 10, 9
_OTHER_HOST = (62, 64)
"""Codes of OpenSSL's X509_verify_cert_error_string: host name and IP address that do not match."""


def trusting(ca_file: Path) -> ssl.SSLContext:
    """Trust the certificates that this file's authorities have signed, and no others.

    Raises IndexAway where the file is not there or holds no certificate.
    """
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except ssl.SSLError:
        raise IndexAway(f"{ca_file}, which knowledge.store.ca_file names, holds no certificate in PEM format") from None
    except OSError as error:
        raise IndexAway(
            f"{ca_file}, which knowledge.store.ca_file names, cannot be read: {error.strerror or error}"
        ) from None


def certificate_error(error: BaseException) -> ssl.SSLCertVerificationError | None:
    """The refusal of a certificate that lies below an error of the HTTP client."""
    below: BaseException | None = error
    while below is not None:
        if isinstance(below, ssl.SSLCertVerificationError):
            return below
        below = below.__cause__ or below.__context__
    return None


def what_to_do(refused: ssl.SSLCertVerificationError) -> str:
    """What is wrong with a certificate, and the fix, as the end of a sentence about the server."""
    if refused.verify_code == _EXPIRED:
        return "has a certificate that has expired: renew it there"
    if refused.verify_code == _NOT_YET_VALID:
        return "has a certificate that is not valid yet: correct the clock, there or here"
    if refused.verify_code in _OTHER_HOST:
        return "has a certificate for another host: write the name that it was made for in knowledge.store.url"
    reason = " ".join(refused.verify_message.split())
    return (
        f"has a certificate that is not trusted here ({reason}): name the file with the certificate of the "
        "authority that signed it in knowledge.store.ca_file"
    )
