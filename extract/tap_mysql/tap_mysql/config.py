"""The settings as the SDK and Meltano know them."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_mysql import settings

CONFIG_SCHEMA = th.PropertiesList(
    th.Property(
        "host", th.StringType, required=True, title="Host", description="Name or address of the MySQL server"
    ),
    th.Property("port", th.IntegerType, default=settings.DEFAULT_PORT, title="Port", description="Its port"),
    th.Property("user", th.StringType, required=True, title="User", description="User to log in as"),
    th.Property(
        "password", th.StringType, secret=True, title="Password", description="Its password; any characters"
    ),
    th.Property(
        "database",
        th.StringType,
        required=True,
        title="Database",
        description="The database whose tables and views are read",
    ),
    th.Property(
        "tls",
        th.StringType,
        default="off",
        allowed_values=list(settings.TLS_MODES),
        title="TLS",
        description="`off`, or `required`: a server that does not speak TLS is refused",
    ),
    th.Property(
        "tls_ca_file",
        th.StringType,
        title="CA file",
        description="PEM file of the authority that signed the certificate, unless a public one did",
    ),
    th.Property(
        "tls_verify",
        th.BooleanType,
        default=True,
        title="Verify TLS",
        description="Whether the server's certificate and the name in it are verified; without it anyone on "
        "the way can read and change the data, and every run says so",
    ),
    th.Property(
        "public_key_file",
        th.StringType,
        title="Public key file",
        description="PEM file with the server's own key (`public_key.pem`), by which MySQL 8 gets the "
        "password of a user of `caching_sha2_password` without TLS; a key that it sends is never used",
    ),
    th.Property(
        "timezone",
        th.StringType,
        default=settings.DEFAULT_TIMEZONE,
        title="Time zone",
        description="Offset from UTC, such as `+00:00`, that values of the type TIMESTAMP are told with; or "
        "`server`: they are told as the server shows them to everyone, without an offset. DATETIME has none "
        "and is told as written",
    ),
    th.Property(
        "binary_as_text",
        th.BooleanType,
        default=False,
        title="Binary as text",
        description="Whether columns of binary types are told as texts (UTF-8, else cp1252) and not as "
        "hexadecimal digits; one that holds something else fails the run",
    ),
    th.Property(
        "table_reads",
        th.BooleanType,
        default=False,
        title="Table reads",
        description="Whether there is a stream `table_reads` with one record per table and run: rows "
        "counted, rows emitted, oddities, the moment that was read",
    ),
    th.Property(
        "connect_timeout",
        th.NumberType,
        default=settings.DEFAULT_CONNECT_TIMEOUT,
        title="Connect time-out",
        description="Seconds to wait for a connection",
    ),
    th.Property(
        "read_timeout",
        th.NumberType,
        default=settings.DEFAULT_READ_TIMEOUT,
        title="Read time-out",
        description="Seconds to wait for an answer or the next rows; a big table takes time to be counted",
    ),
    th.Property(
        "lock_timeout",
        th.NumberType,
        default=settings.DEFAULT_LOCK_TIMEOUT,
        title="Lock time-out",
        description="Seconds to wait for a table that another session of the server has locked",
    ),
    th.Property(
        "time_limit",
        th.NumberType,
        default=settings.DEFAULT_TIME_LIMIT,
        title="Time limit",
        description="Seconds that all that is read over one connection may take",
    ),
    th.Property(
        "attempts",
        th.IntegerType,
        default=settings.DEFAULT_ATTEMPTS,
        title="Attempts",
        description="How often the log-in is tried, with growing pauses; once rows are read, a lost "
        "connection fails the run",
    ),
).to_dict()
