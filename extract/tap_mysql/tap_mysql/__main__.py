"""`python -m tap_mysql` does what `tap-mysql` does."""

from __future__ import annotations

from tap_mysql.tap import TapMySQL

if __name__ == "__main__":
    TapMySQL.cli()
