"""A run in a database where an administrator has set everything that a session relies on otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.hostile import make_hostile
from pipeline.plant import DATA_SCHEMAS, Plant

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def test_the_marts_are_those_of_an_ordinary_database(new_plant: Callable[..., Plant]) -> None:
    plant = new_plant("hostile_settings", evening=True)
    ordinary, hostile = plant.twin("ordinary"), plant.twin("hostile")
    make_hostile(plant.site, hostile.variables)
    hostile.run_well("elt")
    ordinary.run_well("elt")
    # A snapshot says when each run took place.
    compared = tuple(schema for schema in DATA_SCHEMAS if schema != "snapshots")
    assert hostile.lasting(*compared) == ordinary.lasting(*compared)
    # A second run follows incremental models and full tables.
    hostile.run_well("elt")
    hostile.run_well("backup")
    assert hostile.lasting(*compared) == ordinary.lasting(*compared)
    assert not hostile.query(
        "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where n.nspname in ('public', 'hostile')"
    )
