"""Routes of orders."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from atelier_api.auth.dependencies import Reader
from atelier_api.errors import responses
from atelier_api.resources.described import listed, single
from atelier_api.resources.orders.repository import ACCESSORIES, ORDERS, SELECTION, STATUS_HISTORY
from atelier_api.resources.orders.schemas import (
    OrderDetail,
    OrderPage,
    OrderQuery,
    OrderSelectionPage,
    OrderSelectionQuery,
)
from atelier_api.resources.parameters import OrderId
from atelier_api.respond import Answer
from atelier_api.services import ServicesDep

router = APIRouter(tags=["orders"])


@router.get("/shutter-orders", **listed(OrderPage))
async def list_orders(
    request: Request, services: ServicesDep, principal: Reader, query: Annotated[OrderQuery, Query()]
) -> Response:
    """Roller-shutter orders to plan, those planned first on top, with their progress."""
    # A search in what one may not see would give it away letter by letter.
    sees_job_names = "orders" in principal.permissions
    return await Answer(request, services, principal).page(ORDERS, query, sees_job_names=sees_job_names)


@router.get("/order-selection", **listed(OrderSelectionPage))
async def list_order_selection(
    request: Request, services: ServicesDep, principal: Reader, query: Annotated[OrderSelectionQuery, Query()]
) -> Response:
    """All orders of the ERP, and why each is in the list of orders to plan or not."""
    return await Answer(request, services, principal).page(SELECTION, query)


@router.get("/shutter-orders/{order_id}", **single(OrderDetail, responses(404)))
async def get_order(
    request: Request, services: ServicesDep, principal: Reader, order_id: OrderId
) -> Response:
    """One order with its shutter accessories, its progress and the history of its status."""
    answer = Answer(request, services, principal)
    etag, unchanged = await answer.unchanged()
    if unchanged:
        return unchanged
    order = await answer.one(ORDERS, "no roller-shutter order to plan has this id", order_id=order_id)
    order["accessories"] = await answer.all(ACCESSORIES, "position", order_id=order_id)
    order["status_history"] = await answer.all(STATUS_HISTORY, "status_number", order_id=order_id)
    return answer.json(order, etag)
