"""The certificate that HTTPS, WSS and SIP over TLS show; a renewed one is taken up without dropping anybody."""

import ssl
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)


class TlsError(Exception):
    """The certificate or its key is of no use; the text says which file and why."""


class Certificate:
    """`context` goes to the listeners and stays the same; `reload` changes what those who connect from then on see."""

    def __init__(self, cert: Path, key: Path) -> None:
        """Raises TlsError."""
        self.file = self._cert = cert
        self._key = key
        self.context = self._current = self._load()
        self.context.sni_callback = self._choose

    def reload(self) -> None:
        """Read the files again. Raises TlsError, and the old certificate stays."""
        self._current = self._load()

    def _choose(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        # Called at each handshake, with or without a name in it: the place where OpenSSL lets one swap the certificate.
        connection.context = self._current

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self._cert, self._key, password=_no_password)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            raise TlsError(f"cannot use the certificate {self._cert} with the key {self._key}: {error}") from error
        return context


def certificate(cert: Path | None, key: Path | None) -> Certificate | None:
    """The certificate when there is one. Raises TlsError."""
    return None if cert is None or key is None else Certificate(cert, key)


def renew(shown: Certificate | None) -> None:
    """For a signal handler: a renewed certificate is shown from now on; a bad one is logged and not used."""
    if shown is None:
        log.info("no_certificate_to_reload")
        return
    try:
        shown.reload()
    except TlsError as error:
        log.error("certificate_not_reloaded", error=str(error))
    else:
        log.info("certificate_reloaded", file=str(shown.file))


def _no_password() -> str:
    """In place of OpenSSL's own question on the terminal."""
    raise ValueError("the key is protected by a password")
