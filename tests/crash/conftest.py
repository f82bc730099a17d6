"""Plants whose sources grow, from the fixtures of the other whole runs."""

from __future__ import annotations

from pipeline.conftest import new_plant

__all__ = ["new_plant"]
