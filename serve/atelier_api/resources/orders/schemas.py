"""Roller-shutter orders to plan."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from atelier_api.paging import Page, PageQuery, Row, fields_of, sparse
from atelier_api.resources.parameters import Day, day


class Order(Row):
    """A roller-shutter order to plan, with what has been made of it."""

    order_id: str = Field(description="The ERP's id.", examples=["K000123"])
    order_number: int | None = Field(
        description="Order number; null where the ERP has none that can be used.", examples=[230001]
    )
    extension: str | None = Field(description="Extension of the number.", examples=["A"])
    order_type: int | None = Field(description="The ERP's class of orders.")
    status: str = Field(description="Status as the ERP spells it, repaired.", examples=["PLANIFIEE"])
    status_name: str = Field(
        description="Status as the plant's list of statuses spells it.", examples=["Planifiée"]
    )
    job_name: str | None = Field(
        description="What the customer calls it, often by a name. Not for readers.",
        examples=["Résidence Les Tilleuls"],
    )
    planned_at: datetime | None = Field(description="The latest entry *cde planifiée*.")
    planned_on: date | None = Field(description="Its date.", examples=["2025-05-20"])
    deliver_on: date | None = Field(description="Delivery date.", examples=["2025-06-12"])
    entered_on: date | None = Field(description="Entry date.")
    box_code: str = Field(description="Code of the first shutter accessory.", examples=["SOP180"])
    accessory_count: int = Field(description="Shutter accessories (rows).", ge=0)
    accessory_quantity: float | None = Field(
        description="Sum of their quantities; null where it is too large to be held."
    )
    is_stock_managed: bool = Field(description="Whether it is managed by stock.")
    window_unit_count: int | None = Field(description="Window units.")
    produced_count: int | None = Field(
        description="Pieces in the logs that name it; null while unknown.", ge=0
    )
    first_piece_at: datetime | None = Field(description="First of those pieces.")
    last_piece_at: datetime | None = Field(description="Last of those pieces.")
    last_machine_id: str | None = Field(description="Machine of the last of those pieces.")
    price_eur: float | None = Field(description="Price before tax in EUR. Not for readers.")
    customer_key: str | None = Field(description="Pseudonym of the customer. Not for readers.")


#: Columns that not everybody may see; where they may not, they are left out.
RESTRICTED = ("job_name", "price_eur", "customer_key")


class OrderRow(Order):
    """An order in a list."""

    model_config = sparse("order_id")


class OrderPage(Page):
    """Orders to plan."""

    data: list[OrderRow]


class OrderQuery(PageQuery):
    """Parameters of the list of orders."""

    q: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=100,
            pattern=r"^[^\x00-\x1f\x7f]+$",
            description="Text in the order number with its extension, the box code or (not for readers) the "
            "job name; case and accents do not matter.",
            examples=["230001"],
        ),
    ] = None
    status: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=50,
            pattern=r"^[^\x00-\x1f\x7f]+$",
            description="Only this status, by its name or as the ERP spells it; case and accents aside.",
        ),
    ] = None
    extension: Annotated[
        str | None,
        Field(min_length=1, max_length=5, pattern=r"^[^\x00-\x1f\x7f]+$", description="Only this extension."),
    ] = None
    planned_from: Annotated[Day | None, day("Planned from this day on.")] = None
    planned_to: Annotated[Day | None, day("Planned up to this day.")] = None
    is_stock_managed: Annotated[bool | None, Field(description="Only those that are, or are not.")] = None
    is_begun: Annotated[
        bool | None, Field(description="Only those of which pieces were made, or were not.")
    ] = None
    fields: Annotated[str | None, fields_of(Order)] = None
    sort: Annotated[
        Literal[
            "planned_at",
            "-planned_at",
            "deliver_on",
            "-deliver_on",
            "order_number",
            "-order_number",
            "status",
            "-status",
            "status_name",
            "-status_name",
            "job_name",
            "-job_name",
            "accessory_quantity",
            "-accessory_quantity",
            "produced_count",
            "-produced_count",
            "price_eur",
            "-price_eur",
        ],
        Field(description="Order of the rows; - falls."),
    ] = "planned_at"


class Accessory(Row):
    """A shutter accessory of an order."""

    position: int | None = Field(description="Position of the order; null where it cannot be read.")
    kennung: str | None = Field(description="Part of the ERP's key.")
    znr: int | None = Field(description="Part of the ERP's key; null where it cannot be read.")
    accessory_code: str = Field(description="Code.", examples=["VR1200"])
    accessory_kind: str = Field(description="What its prefix stands for.", examples=["roller shutter"])
    description: str | None = Field(description="Description, mojibake repaired.")
    quantity: float | None = Field(description="Quantity.")


class StatusStretch(Row):
    """A stretch of one status of an order."""

    status_number: int = Field(description="Number in the order's history, from 1.", ge=1)
    status: str | None = Field(description="The status; null while it had none.")
    status_name: str | None = Field(
        description="Its name in the plant's list of statuses; null where it is not there."
    )
    status_from: datetime = Field(description="When a run first saw it.")
    status_to: datetime | None = Field(description="When a run first saw another; null while it lasts.")
    duration_seconds: float | None = Field(description="How long; null while it lasts.", ge=0)
    is_start_known: bool = Field(description="Whether it began under our eyes.")
    is_current: bool = Field(description="Whether it lasts.")


class OrderDetail(Order):
    """An order with its accessories and the history of its status."""

    accessories: list[Accessory] = Field(description="Its shutter accessories.")
    status_history: list[StatusStretch] = Field(description="Its statuses, oldest first.")

    model_config = sparse(
        *(name for name in Order.model_fields if name not in RESTRICTED), "accessories", "status_history"
    )


class OrderSelection(Row):
    """An order of the ERP, and why it is in the list of orders to plan or not."""

    order_id: str = Field(description="The ERP's id.", examples=["K000123"])
    order_number: int | None = Field(description="Order number.", examples=[230001])
    extension: str | None = Field(description="Extension of the number.", examples=["A"])
    status: str | None = Field(description="Status as the ERP spells it, repaired; null when it has none.")
    status_name: str | None = Field(
        description="Its name in the plant's list of statuses; null where it is not there."
    )
    has_planned_note: bool = Field(description="Whether a journal entry says *cde planifiée*.")
    has_open_status: bool = Field(description="Whether orders in its status are to be planned.")
    is_status_known: bool = Field(description="Whether the plant's list of statuses has its status.")
    has_shutter_accessory: bool = Field(description="Whether it has a roller-shutter accessory.")
    is_selected: bool = Field(description="Whether it is in the list.")
    reason: str = Field(
        description="Why, in French.",
        examples=["Absente de la liste : statut inconnu de la liste des statuts."],
    )


class OrderSelectionRow(OrderSelection):
    """An order of the ERP in a list."""

    model_config = sparse("order_id")


class OrderSelectionPage(Page):
    """Orders of the ERP."""

    data: list[OrderSelectionRow]


class OrderSelectionQuery(PageQuery):
    """Parameters of the list of all orders."""

    q: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=100,
            pattern=r"^[^\x00-\x1f\x7f]+$",
            description="Text in the order number with its extension.",
            examples=["230001"],
        ),
    ] = None
    status: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=50,
            pattern=r"^[^\x00-\x1f\x7f]+$",
            description="Only this status, by its name or as the ERP spells it; case and accents aside.",
        ),
    ] = None
    is_selected: Annotated[bool | None, Field(description="Only those in the list, or those not in it.")] = (
        None
    )
    is_status_known: Annotated[
        bool | None, Field(description="Only those whose status is known, or is not.")
    ] = None
    fields: Annotated[str | None, fields_of(OrderSelection)] = None
    sort: Annotated[
        Literal["order_number", "-order_number", "status_name", "-status_name"],
        Field(description="Order of the rows; - falls."),
    ] = "-order_number"
