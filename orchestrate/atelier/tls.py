"""How sessions with PostgreSQL are protected: the variables POSTGRES_TLS…, in libpq's words (docs/adr/0022).

Whatever talks to the warehouse does so through libpq, which reads its settings from the environment too: what
is put there holds for Meltano, the loader, dbt and PostgreSQL's own programs without their knowing.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Final

from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Mapping

MODES: Final = ("off", "required")

#: libpq's parameters and the environment variables that mean the same.
ENVIRONMENT: Final = {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "gssencmode": "PGGSSENCMODE"}

#: Variables that name the file of an authority, for each of the three servers.
AUTHORITIES: Final = ("POSTGRES_TLS_CA", "MYSQL_TLS_CA", "FTP_TLS_CA")

#: Where systems keep all their authorities in one file.
_SYSTEM_AUTHORITIES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)

_TRUE: Final = ("true", "1", "yes", "on")
_FALSE: Final = ("false", "0", "no", "off")


def parameters(variables: Mapping[str, str]) -> dict[str, str]:
    """Return libpq's parameters for the warehouse.

    `off` gives none: libpq's own default stands, which encrypts where the server can, verifies nothing, and
    so still reaches a server that insists on TLS.

    Raises:
        AtelierError: A variable makes no sense, or names a file that holds no authority.
    """
    mode = (variables.get("POSTGRES_TLS") or "off").strip().lower()
    if mode not in MODES:
        raise AtelierError(f"POSTGRES_TLS is {variables['POSTGRES_TLS']!r}: set it to {' or '.join(MODES)}")
    if mode == "off":
        return {}
    # Kerberos would take the place of TLS, and verify something else.
    without_kerberos = {"gssencmode": "disable"}
    if not verified(variables):
        return {"sslmode": "require", **without_kerberos}
    return {"sslmode": "verify-full", "sslrootcert": _authority(variables), **without_kerberos}


def verified(variables: Mapping[str, str]) -> bool:
    """Tell whether the certificate of the warehouse has to be right.

    Raises:
        AtelierError: POSTGRES_TLS_VERIFY is neither true nor false.
    """
    text = (variables.get("POSTGRES_TLS_VERIFY") or "true").strip().lower()
    if text not in (*_TRUE, *_FALSE):
        raise AtelierError(f"POSTGRES_TLS_VERIFY is {text!r}: set it to true or false")
    return text in _TRUE


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return libpq's parameters as environment variables."""
    return {ENVIRONMENT[name]: value for name, value in given.items()}


def placed(root: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the files of the authorities by their whole paths: programs work in folders of their own."""
    return {name: str(root / variables[name]) for name in AUTHORITIES if variables.get(name)}


def _authority(variables: Mapping[str, str]) -> str:
    named = variables.get("POSTGRES_TLS_CA")
    if named:
        try:
            ssl.create_default_context(cafile=named)
        except (ssl.SSLError, OSError) as error:
            reason = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
            raise AtelierError(
                f"POSTGRES_TLS_CA names {named}, which cannot be used ({reason}): let it name a PEM file "
                "with the authority that signed the certificate of the warehouse's server"
            ) from None
        return str(Path(named).absolute())
    # libpq's `system` asks the OpenSSL that it was built with, and in a wheel that one knows no authority.
    found = (ssl.get_default_verify_paths().cafile, *_SYSTEM_AUTHORITIES)
    for path in found:
        if path and Path(path).is_file():
            return path
    raise AtelierError(
        "the system keeps its certificate authorities in no file that is known: let POSTGRES_TLS_CA name a "
        "PEM file with the authority that signed the certificate of the warehouse's server"
    )
