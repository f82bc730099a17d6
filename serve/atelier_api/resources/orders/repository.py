"""Where orders are read."""

from __future__ import annotations

from atelier_api.listing import Listing
from atelier_api.resources.orders.schemas import (
    RESTRICTED,
    Accessory,
    Order,
    OrderSelection,
    StatusStretch,
)

#: What a search looks at and for: without case and without the accents of French and German. Capitals too:
#: a database with the collation C has no small letter for them.
_PLAIN = "translate(lower({}), 'àâäéèêëîïôöùûüçœæßÀÂÄÉÈÊËÎÏÔÖÙÛÜÇŒÆ', 'aaaeeeeiioouuucoasaaaeeeeiioouuucoa')"
_SEARCHED = _PLAIN.format(
    "concat_ws(' ', orders.order_number || coalesce('/' || nullif(orders.extension, ''), ''), "
    "case when %(sees_job_names)s then orders.job_name end, orders.box_code)"
)

#: The ERP spells one status in many ways: they are found by the name of all, and each by itself.
_STATUS = f"{_PLAIN.format('%(status)s::text')} in ({_PLAIN.format('{name}')}, {_PLAIN.format('{status}')})"

ORDERS = Listing(
    row=Order,
    source=(
        "marts.fct_shutter_orders as orders left join marts.fct_order_progress as progress "
        "on orders.order_id = progress.order_id"
    ),
    key=("order_id",),
    expressions={"order_id": "orders.order_id", "produced_count": "progress.piece_count"},
    conditions={
        "order_id": "orders.order_id = %(order_id)s",
        # strpos, not like: a percent sign is a percent sign.
        "q": f"strpos({_SEARCHED}, {_PLAIN.format('%(q)s::text')}) > 0",
        "status": _STATUS.format(status="orders.status", name="orders.status_name"),
        "extension": "orders.extension = %(extension)s",
        "planned_from": "orders.planned_on >= %(planned_from)s",
        "planned_to": "orders.planned_on <= %(planned_to)s",
        "is_stock_managed": "orders.is_stock_managed = %(is_stock_managed)s",
        "is_begun": "(coalesce(progress.piece_count, 0) > 0) = %(is_begun)s",
    },
    restricted=dict.fromkeys(RESTRICTED, "orders"),
    inner=("sees_job_names",),
)

ACCESSORIES = Listing(
    row=Accessory,
    source="marts.fct_order_accessories",
    key=("position", "kennung", "znr"),
    conditions={"order_id": "order_id = %(order_id)s"},
)

STATUS_HISTORY = Listing(
    row=StatusStretch,
    source="marts.fct_order_status_history",
    key=("status_number",),
    conditions={"order_id": "order_id = %(order_id)s"},
)

#: An order as people say it: 230001/A.
_NAME = "concat(order_number, '/' || nullif(extension, ''))"

SELECTION = Listing(
    row=OrderSelection,
    source="marts.fct_order_selection",
    key=("order_id",),
    conditions={
        "q": f"strpos(upper({_NAME}), upper(%(q)s::text)) > 0",
        "status": _STATUS.format(status="status", name="status_name"),
        "is_selected": "is_selected = %(is_selected)s",
        "is_status_known": "is_status_known = %(is_status_known)s",
    },
)
