"""Makes the warehouse of a release for the test of upgrades: run by that release's own Python.

See README.md beside this file. It works on the release's own code, factory and servers; only this script is
of today.
"""

from __future__ import annotations

import json
import lzma
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

RELEASE = Path.cwd()
sys.path[:0] = [str(RELEASE), str(RELEASE / "tests")]

from atelier_demo.factory.logs import make_logs  # noqa: E402 # the release's own
from atelier_demo.servers.postgres import installations  # noqa: E402
from atelier_demo.servers.settings import dotenv, write_private  # noqa: E402
from atelier_demo.servers.site import Site  # noqa: E402
from pipeline.conftest import SEED, UNTIL, erp_connection, make_plants_erp  # noqa: E402
from pipeline.personal import gdpr_well  # noqa: E402
from pipeline.plant import Plant  # noqa: E402

#: Of people and customers that are made up, for tests alone.
FACTS: dict[str, object] = {
    "pseudonym_key": "of the warehouses that tests upgrade",
    "user": "chef.atelier",
    "password": "a password of the release before",
    # Few, so that the file stays small.
    "days": 2,
}
EARLIER_STATUS = "En production"


def make(folder: Path) -> None:
    """Write `warehouse.dump.xz` and `facts.json`."""
    site = Site(RELEASE / ".local" / "fixture")
    variables = {**site.up(), "PSEUDONYM_KEY": str(FACTS["pseudonym_key"])}
    try:
        plant = Plant(site, variables, "upgrade")
        # Noon of the last day: the upgraded pipeline has to read on where this one stopped.
        make_logs(plant.logs, seed=SEED, days=int(str(FACTS["days"])), until=UNTIL)
        make_plants_erp(plant)
        order, customer = remember(plant)
        gdpr_well(plant, "erase", CUSTOMER=customer, REQUESTED_BY="DPO", REFERENCE="RGPD-1")
        add_user(plant, folder)
        dump(plant, folder / "warehouse.dump.xz")
        facts = {**FACTS, "order_with_a_past": order, "erased_customer": customer}
        (folder / "facts.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    finally:
        site.down()


def remember(plant: Plant) -> tuple[str, str]:
    """Run twice, so that an order has a past; return it, and the number of another order's customer."""
    plant.run_well("elt")
    orders = [row[0] for row in plant.query("select order_id from marts.fct_shutter_orders order by 1")]
    with closing(erp_connection(plant)) as erp, erp.cursor() as cursor:
        cursor.execute("select aufstatus, kundennr from a_kopf where id = %s", (orders[0],))
        status, customer = cursor.fetchone()  # type: ignore[misc] # it is there
        cursor.execute(
            "select kundennr from a_kopf where kundennr <> %s and id in %s limit 1", (customer, orders)
        )
        (other,) = cursor.fetchone()  # type: ignore[misc] # it is there
        for now in (EARLIER_STATUS, status):
            cursor.execute("update a_kopf set aufstatus = %s where id = %s", (now, orders[0]))
            erp.commit()
            plant.run_well("elt")
    return orders[0], str(other)


def add_user(plant: Plant, folder: Path) -> None:
    """Let a person log in to the API."""
    env_file = folder / "env"
    write_private(env_file, dotenv(plant.variables))
    program = [str(RELEASE / ".venv" / "bin" / "atelier-api"), "--env-file", str(env_file)]
    subprocess.run(
        [*program, "users", "add", str(FACTS["user"]), "--password-stdin"],
        input=str(FACTS["password"]),
        text=True,
        check=True,
    )
    env_file.unlink()


def dump(plant: Plant, file: Path) -> None:
    """Dump the warehouse as an administrator of that time would have."""
    programs = installations()
    words = ["--format=custom", "--compress=none", "--no-owner", "--no-privileges"]
    place = {name: plant.variables[f"POSTGRES_{name}"] for name in ("HOST", "PORT", "USER", "PASSWORD")}
    done = subprocess.run(
        [str(programs[max(programs)] / "pg_dump"), *words, f"--dbname={plant.variables['POSTGRES_DB']}"],
        env={**os.environ, **{f"PG{name}": value for name, value in place.items()}},
        stdout=subprocess.PIPE,
        check=True,
    )
    file.write_bytes(lzma.compress(done.stdout, preset=9 | lzma.PRESET_EXTREME))


if __name__ == "__main__":
    make(Path(sys.argv[1]).resolve())
