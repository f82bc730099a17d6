"""FTP over TLS. vsftpd and proftpd want data connections to resume the control connection's session."""

from __future__ import annotations

import socket
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from atelier_demo.servers.base import NoAnswerError
from atelier_demo.servers.site import Site
from atelier_demo.servers.vsftpd import Vsftpd
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tap_ftplogs.check import check_source
from tap_ftplogs.errors import SourceError

from .plant import Plant
from .servers.base import FtpServer, running
from .servers.proftpd import Proftpd
from .servers.pyftpdlib_server import Pyftpdlib

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.integration

LINES = b"20250528 07:02:11|@MachineStart\n" * 20_000
TODAY = "DEM12 (PVC)/20250528.LOG"


def make_certificate(folder: Path, name: str) -> Path:
    """Make a certificate for 127.0.0.1 that signs itself; the file holds its key as well."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


class TlsVsftpd(Vsftpd):
    """A server that plain clients cannot log in to."""

    def probe(self) -> None:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        except OSError:
            raise NoAnswerError from None


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("certificates")
    return {name: make_certificate(folder, name) for name in ("server", "other")}


@pytest.fixture(
    scope="module",
    params=[
        "vsftpd-explicit",
        "vsftpd-implicit",
        "vsftpd-explicit-1.2",
        "proftpd-explicit",
        "pyftpdlib-explicit",
    ],
)
def tls_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, certificates: dict[str, Path]
) -> Iterator[tuple[Vsftpd | FtpServer, str]]:
    """Yield a server that demands TLS, and the tap's `tls` for it."""
    name, mode, *version = request.param.split("-")
    folder = tmp_path_factory.mktemp("tls")
    if name != "vsftpd":
        kind = Proftpd if name == "proftpd" else Pyftpdlib
        for server in running(kind(folder, certificates["server"])):
            yield server, mode
        return
    vsftpd = TlsVsftpd(Site(folder).ftp.site)
    vsftpd.options.update(
        {
            "ssl_enable": "YES",
            "allow_anon_ssl": "YES",
            "force_anon_logins_ssl": "YES",
            "force_anon_data_ssl": "YES",
            "require_ssl_reuse": "YES",
            "ssl_ciphers": "ECDHE-ECDSA-AES256-GCM-SHA384:!TLSv1.3" if version else "HIGH",
            "rsa_cert_file": str(certificates["server"]),
            "implicit_ssl": "YES" if mode == "implicit" else "NO",
        }
    )
    vsftpd.start()
    yield vsftpd, mode
    vsftpd.stop()


def new_plant(tls_server: tuple[Vsftpd | FtpServer, str], tmp_path: Path, **config: Any) -> Plant:
    server, mode = tls_server
    plant = Plant(server, tmp_path.name, tls=mode, read_timeout=10, **config)
    plant.write(TODAY, LINES)
    return plant


def test_files_are_read_over_tls(
    tls_server: tuple[Vsftpd | FtpServer, str], tmp_path: Path, certificates: dict[str, Path]
) -> None:
    plant = new_plant(tls_server, tmp_path, tls_ca_file=str(certificates["server"]))
    for number in range(3):
        plant.write(f"ALU/2025052{number}.LOG", LINES[:64])
    result = plant.run()
    assert result.error is None
    assert len(result.records("log_events")) == 20_006
    plant.append(TODAY, LINES[:32])
    assert plant.run().bytes_sent == 32


def test_a_certificate_of_a_stranger_is_refused(
    tls_server: tuple[Vsftpd | FtpServer, str], tmp_path: Path, certificates: dict[str, Path]
) -> None:
    for trusted in (None, str(certificates["other"])):
        plant_config = new_plant(tls_server, tmp_path / str(bool(trusted)), tls_ca_file=trusted).config
        with pytest.raises(SourceError, match=r"certificate .* is not trusted .*FTP_TLS_CA"):
            check_source(plant_config)


def test_verification_can_be_switched_off_and_that_is_told(
    tls_server: tuple[Vsftpd | FtpServer, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plant = new_plant(tls_server, tmp_path, tls_verify=False)
    assert plant.run().error is None
    assert "NOT verified" in caplog.text


def test_a_server_that_insists_on_tls_is_told(
    tls_server: tuple[Vsftpd | FtpServer, str], tmp_path: Path
) -> None:
    plant = new_plant(tls_server, tmp_path)
    with pytest.raises(SourceError, match="FTP_TLS"):
        check_source({**plant.config, "tls": "off", "connect_timeout": 1})
