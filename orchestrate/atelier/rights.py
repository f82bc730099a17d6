"""What each of the warehouse's roles may do (docs/adr/0011): the one table by which `roles` makes it so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atelier.connections import STATE_SCHEMA
from atelier.gdpr.store import SCHEMA, TABLES
from atelier.ops.migrations import SCHEMA as OPS_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The groups, and what each is for.
GROUPS: Final = {
    "loader": "writes raw",
    "transformer": "reads raw, writes seeds, staging, intermediate and marts",
    "reader": "reads the marts: dashboards, Excel, programs",
    "dpo": "reads the marts, raw without its free text, and the proofs: the data protection officer",
    "server": "keeps the users of the API and the dashboard; reads the marts as the reader",
}

RAW: Final = ("raw_ftplogs", "raw_erp")
MODELLED: Final = ("seeds", "staging", "intermediate", "snapshots", "marts")
SERVED: Final = ("serve",)
OWNED: Final = {"loader": RAW, "transformer": MODELLED, "server": SERVED}

#: Every schema of Atelier's. No other one is touched.
SCHEMAS: Final = (*RAW, STATE_SCHEMA, *MODELLED, SCHEMA, *SERVED, OPS_SCHEMA)

#: What the pipeline's user works as: in the pipeline as the first two, in the API as the others.
WORN: Final = ("loader", "transformer", "reader", "server")

#: Schemas that a group may look into without owning them.
VISIBLE: Final = {
    "loader": (SCHEMA,),
    "transformer": (*RAW, STATE_SCHEMA, SCHEMA, OPS_SCHEMA),
    "reader": ("marts",),
    "dpo": (*RAW, "snapshots", "marts", SCHEMA),
}

#: Columns in which people write what they like, about anyone: of all who only read, they are open to the
#: transformer alone.
FREE_TEXT: Final = (
    "raw_erp.a_kopf.kommission",
    "raw_erp.a_logbuch.notiz",
    "raw_erp.a_vorgang.notiztext",
    "raw_ftplogs.log_events.event_name",
    "raw_ftplogs.log_events.details",
    "raw_ftplogs.rejected_lines.line_text",
)

#: What a group may do with the tables of the schema `gdpr`, which belongs to the pipeline's user. The loader
#: adds the orders of an erased customer that it meets; the transformer reads how often lines have changed.
GDPR: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "loader": {
        "suppressed_customers": ("select",),
        "suppressed_orders": ("select", "insert"),
        "cutoffs": ("select",),
    },
    "transformer": {"log_file_editions": ("select",), "history_beginning": ("select",)},
    "dpo": dict.fromkeys(TABLES, ("select",)),
}

#: The same of the schema `ops`: the marts show how runs went, and a build says that it was whole and
#: whether it left any order to plan.
OPS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "transformer": {
        "runs": ("select",),
        "run_steps": ("select",),
        "model_builds": ("select", "insert"),
        "order_list_changes": ("select", "insert"),
    }
}

#: What dbt reads of Meltano's record of runs, to say when each source was last loaded.
RUN_COLUMNS: Final = ("id", "job_name", "state", "started_at", "ended_at")
