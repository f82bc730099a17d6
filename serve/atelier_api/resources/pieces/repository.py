"""Where pieces are read."""

from __future__ import annotations

from atelier_api.listing import Listing
from atelier_api.resources.pieces.schemas import Piece

PIECES = Listing(
    row=Piece,
    source=(
        "marts.fct_pieces as pieces inner join marts.fct_sessions as sessions "
        "on pieces.session_id = sessions.session_id"
    ),
    key=("piece_id",),
    expressions={name: f"pieces.{name}" for name in ("session_id", "machine_id")}
    | {"production_date": "sessions.production_date"},
    conditions={
        "machine_id": "pieces.machine_id = %(machine_id)s",
        "session_id": "pieces.session_id = %(session_id)s",
        "order_number": "pieces.order_number = %(order_number)s",
        "production_date_from": "sessions.production_date >= %(production_date_from)s",
        "production_date_to": "sessions.production_date <= %(production_date_to)s",
    },
)
