"""What goes wrong with a local server, as one sentence."""

from __future__ import annotations

from atelier.errors import AtelierError


class ServerError(AtelierError):
    """A local server cannot be installed, started or reached: which, why, its log, what to do."""
