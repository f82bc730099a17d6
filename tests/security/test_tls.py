"""All three servers by TLS, verified: a whole run works, and whoever is not who he should be gets nothing.

The warehouse's server lets clients in without TLS as well, so that one who fell back to it would be noticed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from atelier.connections import Warehouse, complete
from atelier.errors import AtelierError
from atelier.warehouse import connect
from atelier_demo.factory.logs import make_logs
from atelier_demo.servers import apt
from atelier_demo.servers.packages import Packages
from pipeline.conftest import DAYS, SEED, UNTIL, make_plants_erp
from pipeline.plant import MELTANO, ROOT, Plant
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from security.servers import TlsSite

if TYPE_CHECKING:
    from collections.abc import Callable

    from security.certificates import Authority

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

#: Where psycopg2 and psycopg are in one process, the second does not get to know the reason.
REASON = "certificate verify failed|no SSL error reported"
UNTRUSTED = rf"shows a certificate that is not trusted \(.*(?:{REASON})\): let POSTGRES_TLS_CA"

NOT_THE_NAME = r"not trusted \(.*does not match host name \"localhost\"\): .* POSTGRES_HOST"

MESSAGES = (
    {
        "type": "SCHEMA",
        "stream": "t",
        "schema": {"properties": {"id": {"type": "integer"}}},
        "key_properties": ["id"],
    },
    {"type": "RECORD", "stream": "t", "record": {"id": 1}},
)


def program(variables: dict[str, str], *command: str, said: str = "") -> tuple[int, str]:
    """Run a program of the environment with the variables that the launcher would give it."""
    given = complete(ROOT, variables)
    done = subprocess.run(
        [str(ROOT / ".venv" / "bin" / command[0]), *command[1:]],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(Path.home()), "MELTANO_ENVIRONMENT": "test", **given},
        input=said,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def by_launcher(variables: dict[str, str], _folder: Path) -> str | None:
    status, output = program(variables, "meltano", "--environment=test", "state", "list")
    return output if status else None


def by_meltano(variables: dict[str, str], _folder: Path) -> str | None:
    engine = create_engine(Warehouse.of(variables).system_database_uri)
    try:
        with closing(engine.connect()) as connection:
            connection.execute(text("select 1"))
    except OperationalError as error:
        return str(error)
    return None


def by_loader(variables: dict[str, str], folder: Path) -> str | None:
    config = folder / "config.json"
    names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "database": "DB"}
    values: dict[str, object] = {key: variables[f"POSTGRES_{name}"] for key, name in names.items()}
    values["port"] = int(variables["POSTGRES_PORT"])
    config.write_text(json.dumps({**values, "default_target_schema": "public"}))
    said = "".join(f"{json.dumps(message)}\n" for message in MESSAGES)
    status, output = program(variables, "target-warehouse", "--config", str(config), said=said)
    return output if status else None


def by_dbt(variables: dict[str, str], folder: Path) -> str | None:
    project = str(ROOT / "transform")
    changed = {
        **variables,
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "ATELIER_TRANSFORMER_ROLE": "",
    }
    command = ("debug", "--connection", "--project-dir", project, "--profiles-dir", project)
    status, output = program(changed, "dbt", *command)
    return output if status else None


def by_atelier(variables: dict[str, str], _folder: Path) -> str | None:
    status, output = program(variables, "atelier", "roles")
    return output if status else None


def by_api(variables: dict[str, str], _folder: Path) -> str | None:
    secret = {"API_SECRET_KEY": "k" * 32}
    status, output = program({**variables, **secret}, "atelier-api", "users", "list")
    return output if status else None


CLIENTS = (by_launcher, by_meltano, by_loader, by_dbt, by_atelier, by_api)


def ways_in(site: TlsSite, since: int) -> list[str]:
    """Return the log's lines of the pipeline's sessions since a position."""
    log = site.postgres.log_file.read_text(encoding="utf-8", errors="replace")[since:]
    return re.findall(r"connection authorized: user=atelier .*", log)


@pytest.mark.parametrize("client", CLIENTS)
def test_each_client_of_the_warehouse_comes_by_tls_and_none_trusts_a_stranger(
    client: Callable[[dict[str, str], Path], str | None],
    tls_site: TlsSite,
    tls_variables: dict[str, str],
    authorities: dict[str, Authority],
    tmp_path: Path,
) -> None:
    since = tls_site.postgres.log_size()
    assert client(tls_variables, tmp_path) is None
    sessions = ways_in(tls_site, since)
    assert sessions
    assert all("SSL enabled (protocol=TLSv1.3" in line for line in sessions)

    since = tls_site.postgres.log_size()
    said = client({**tls_variables, "POSTGRES_TLS_CA": str(authorities["stranger"].path)}, tmp_path)
    assert said is not None
    assert re.search(REASON, said)
    assert ways_in(tls_site, since) == []


@pytest.mark.slow  # downloads it
@pytest.mark.skipif(not apt.is_here(), reason="needs apt and a mirror")
def test_a_postgresql_that_was_only_unpacked_speaks_tls(
    tmp_path: Path, authorities: dict[str, Authority]
) -> None:
    packages = Packages(tmp_path / "my packages", use_system=False)
    site = TlsSite(tmp_path / "site", authorities["ours"].server("unpacked"), packages)
    assert site.postgres.programs().is_relative_to(packages.root)
    site.postgres.start()
    try:
        tls = {"POSTGRES_TLS": "required", "POSTGRES_TLS_CA": str(authorities["ours"].path)}
        connect(Warehouse.of({**site.variables(), **tls})).close()
    finally:
        site.postgres.stop()


@pytest.mark.slow  # half a minute, and the clients above are those of a run
def test_a_whole_run_comes_by_tls(tls_site: TlsSite, tls_variables: dict[str, str]) -> None:
    plant = Plant(tls_site, tls_variables, "tls")
    make_logs(plant.logs, seed=SEED, days=DAYS, until=UNTIL)
    make_plants_erp(plant)
    with closing(tls_site.admin_mysql(None)) as connection, connection.cursor() as cursor:
        cursor.execute(f"alter user {tls_variables['MYSQL_USER']}@'%' require ssl")
    since = tls_site.postgres.log_size()
    output = plant.run_well("elt")
    assert "NOT verified" not in output
    sessions = ways_in(tls_site, since)
    assert {"atelier-launcher", "atelier-run"} <= set(
        re.findall(r"application_name=(atelier-[a-z]+)", str(sessions))
    )
    assert all("SSL enabled" in line for line in sessions)
    assert plant.query("select count(*) > 0 from marts.fct_pieces") == [(True,)]
    assert plant.query("select count(*) > 0 from marts.fct_shutter_orders") == [(True,)]


STRANGERS = """
import sys
import %s, psycopg, psycopg2
for library in (psycopg, psycopg2):
    for host, authority in (("127.0.0.1", sys.argv[2]), ("localhost", sys.argv[1])):
        try:
            library.connect(
                host=host, port=sys.argv[3], user="atelier", dbname="atelier", password="",
                sslmode="verify-full", sslrootcert=authority,
            )
        except library.OperationalError as error:
            assert "password" not in str(error), "it went on to the log-in"
            print("refused")
"""


@pytest.mark.parametrize("first", ["psycopg", "psycopg2"])
def test_two_copies_of_libpq_in_a_process_both_verify(
    first: str, tls_variables: dict[str, str], authorities: dict[str, Authority]
) -> None:
    """Their wheels bring an OpenSSL each, of which the second one uses a half of the first."""
    arguments = [str(authorities[name].path) for name in ("ours", "stranger")]
    done = subprocess.run(
        [sys.executable, "-c", STRANGERS % first, *arguments, tls_variables["POSTGRES_PORT"]],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["refused"] * 4


def refusal(variables: dict[str, str]) -> str:
    with pytest.raises(AtelierError) as caught:
        connect(Warehouse.of(variables)).close()
    return str(caught.value)


def test_a_run_says_in_one_sentence_that_the_certificate_is_not_trusted(
    tls_variables: dict[str, str], authorities: dict[str, Authority]
) -> None:
    strange = {**tls_variables, "POSTGRES_TLS_CA": str(authorities["stranger"].path)}
    # Also by the authorities of the system.
    for variables in (strange, {**tls_variables, "POSTGRES_TLS_CA": ""}):
        assert re.search(UNTRUSTED, refusal(variables))
    status, output = program(strange, str(MELTANO), "--environment=test", "run", "transform")
    assert status == 1
    last = output.strip().splitlines()[-1]
    assert last.startswith("atelier: failed: the warehouse, database atelier at 127.0.0.1:")
    assert re.search(UNTRUSTED, last)


def test_the_name_in_the_certificate_counts(tls_variables: dict[str, str], tmp_path: Path) -> None:
    # The server listens on 127.0.0.1 alone, which localhost is, too: but the certificate does not say so.
    said = refusal({**tls_variables, "POSTGRES_HOST": "localhost"})
    assert re.search(NOT_THE_NAME, said)
    output = by_api({**tls_variables, "POSTGRES_HOST": "localhost"}, tmp_path)
    assert output is not None
    assert re.search(NOT_THE_NAME, output)


def test_a_server_without_tls_is_refused(servers: dict[str, str]) -> None:
    variables = {**servers, "POSTGRES_TLS": "required"}
    for verify in ("true", "false"):
        said = refusal({**variables, "POSTGRES_TLS_VERIFY": verify})
        assert "does not speak TLS: turn it on there (ssl = on), or set POSTGRES_TLS to off" in said


def test_verification_can_be_switched_off_and_each_run_says_so(
    tls_site: TlsSite, tls_variables: dict[str, str]
) -> None:
    variables = {**tls_variables, "POSTGRES_TLS_VERIFY": "false", "POSTGRES_TLS_CA": ""}
    since = tls_site.postgres.log_size()
    # A step that ends soon, whatever it finds.
    _, output = program(variables, str(MELTANO), "--environment=test", "run", "atelier:report-problems")
    assert "atelier: warning: the certificate of 127.0.0.1:" in output
    assert "is NOT verified: anyone on the way can read and change the data" in output
    sessions = ways_in(tls_site, since)
    assert sessions
    assert all("SSL enabled" in line for line in sessions)


def test_a_server_that_insists_on_tls_is_reached_without_being_verified(
    tls_site: TlsSite, tls_variables: dict[str, str]
) -> None:
    since = tls_site.postgres.log_size()
    connect(Warehouse.of({**tls_variables, "POSTGRES_TLS": "off"})).close()
    assert "SSL enabled" in ways_in(tls_site, since)[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"POSTGRES_TLS": "on"}, "POSTGRES_TLS is 'on': set it to off or required"),
        ({"POSTGRES_TLS_VERIFY": "maybe"}, "POSTGRES_TLS_VERIFY is 'maybe': set it to true or false"),
        (
            {"POSTGRES_TLS_CA": "/gone.pem"},
            "POSTGRES_TLS_CA names /gone.pem, which cannot be used (No such file",
        ),
        ({"POSTGRES_TLS_CA": str(ROOT / "README.md")}, "which cannot be used (it holds no certificate)"),
    ],
)
def test_what_makes_no_sense_is_named(change: dict[str, str], said: str) -> None:
    with pytest.raises(AtelierError) as caught:
        complete(ROOT, {"POSTGRES_TLS": "required", **change})
    assert said in str(caught.value)


def test_libpq_is_told_to_verify() -> None:
    given = complete(ROOT, {"POSTGRES_TLS": "required"})
    assert given["PGSSLMODE"] == "verify-full"
    assert Path(given["PGSSLROOTCERT"]).is_absolute()
    assert "PGSSLMODE" not in complete(ROOT, {})
