"""`python -m tap_ftplogs` does what `tap-ftplogs` does."""

from __future__ import annotations

from tap_ftplogs.tap import TapFtpLogs

if __name__ == "__main__":
    TapFtpLogs.cli()
