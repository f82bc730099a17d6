"""What must hold before anything is loaded: the sources answer, and are what the pipeline expects.

A run that finds a source broken ends here, with raw and marts as they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_ftplogs.check import check_source as look_at_logs
from tap_ftplogs.errors import SourceError as FtpError

from atelier.connections import FTP_VARIABLES, port, require
from atelier.erp_source import check_erp, check_erp_published
from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def check_logs(variables: Mapping[str, str]) -> str:
    """Check the FTP server: log-in, root folder, at least one machine folder.

    Returns:
        A sentence that says what is there.

    Raises:
        AtelierError: Something is missing or refuses.
    """
    require(variables, FTP_VARIABLES, "the FTP server of the machine logs")
    config: dict[str, object] = {
        "host": variables["FTP_HOST"],
        "user": variables["FTP_USER"],
        "password": variables["FTP_PASSWORD"],
        "tls": variables.get("FTP_TLS") or "off",
        "tls_ca_file": variables.get("FTP_TLS_CA") or None,
        "root": variables.get("FTP_ROOT") or "/",
        "plant_timezone": variables.get("PLANT_TIMEZONE") or "Europe/Paris",
        "after_load": variables.get("FTP_AFTER_LOAD") or "keep",
        "tls_verify": variables.get("FTP_TLS_VERIFY"),
        "archive_folder": variables.get("FTP_ARCHIVE_FOLDER"),
        "connections": variables.get("FTP_CONNECTIONS"),
        "time_limit": variables.get("FTP_TIME_LIMIT"),
    }
    if variables.get("FTP_PORT"):
        config["port"] = port(variables, "FTP_PORT")
    try:
        return str(look_at_logs(config))
    except FtpError as error:
        raise AtelierError(str(error)) from None


CHECKS: dict[str, Callable[[Mapping[str, str]], str]] = {
    "logs": check_logs,
    "erp": check_erp,
    "erp-published": check_erp_published,
}
