"""Secrets that lie in files, as containers get them: `X_FILE` names the file that holds the variable X."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: The services of an installation: one for runs, alerts and backups, and the server of the API.
PIPELINE: Final = "pipeline"
API: Final = "api"
SERVICES: Final = (PIPELINE, API)

#: Every variable whose value must not be shown, with the services that get it.
SECRETS: Final[Mapping[str, frozenset[str]]] = {
    "POSTGRES_PASSWORD": frozenset(SERVICES),
    "MYSQL_PASSWORD": frozenset({PIPELINE}),
    "FTP_PASSWORD": frozenset({PIPELINE}),
    "PSEUDONYM_KEY": frozenset({PIPELINE}),
    "API_SECRET_KEY": frozenset({API}),
    "SMTP_PASSWORD": frozenset({PIPELINE}),
    "ALERT_WEBHOOK_SECRET": frozenset({PIPELINE}),
}

SUFFIX: Final = "_FILE"

_LARGEST_BYTES: Final = 65536


def foreign(service: str) -> list[str]:
    """Return the variables of secrets that a service must not get, by value or by file."""
    names = [name for name, services in SECRETS.items() if service not in services]
    return [variable for name in names for variable in (name, name + SUFFIX)]


def merged(root: Path, *layers: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of several layers, each of which wins over those before it.

    Of a secret, the strongest layer that names it decides, be it by its value or by a file. What is read from
    a file stands in the result as if it had been given as a value, and nothing names the file any more:
    programs that are started with the result find one of both.

    Args:
        root: The folder from which a file's relative path counts.
        layers: Variables, the weakest layer first.

    Raises:
        AtelierError: A layer has both the secret and its file, or a file cannot be used.
    """
    variables = {name: value for layer in layers for name, value in layer.items()}
    for name in SECRETS:
        file = name + SUFFIX
        for layer in reversed(layers):
            if layer.get(file):
                if layer.get(name):
                    raise AtelierError(f"{name} and {file} are both set: keep one of them")
                variables[name] = _content(file, root / layer[file])
            elif not layer.get(name):
                continue
            break
        if file in variables:
            variables[file] = ""
    return variables


def _content(variable: str, path: Path) -> str:
    """Return the secret in a file, without the line end that editors put there."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise AtelierError(
            f"{variable} names {path}, which cannot be read ({error.strerror}): correct the path, or let "
            "this user read the file"
        ) from None
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = ""
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret or "\0" in secret or len(content) > _LARGEST_BYTES:
        raise AtelierError(
            f"{variable} names {path}, which holds no secret: write it there as one line of UTF-8 text"
        )
    return secret
