"""Roles, scopes and what each may."""

from __future__ import annotations

from typing import Final, Literal, get_args

Role = Literal["reader", "planner", "dpo", "admin"]
Scope = Literal["marts", "orders", "exports", "metrics"]

#: Each role may what the one before it may, and more.
PERMISSIONS: Final[dict[str, frozenset[str]]] = {
    "reader": frozenset({"marts"}),
    "planner": frozenset({"marts", "orders", "exports"}),
    "dpo": frozenset({"marts", "orders", "exports", "audit"}),
    "admin": frozenset({"marts", "orders", "exports", "audit", "users", "keys", "metrics"}),
}

#: What each permission is, for the description of the API.
MEANINGS: Final = {
    "marts": "read the marts, but for customers, job names and prices of orders",
    "orders": "see customers, job names and prices of orders",
    "exports": "get lists as csv and xlsx",
    "metrics": "read /metrics",
    "audit": "read the audit log",
    "users": "manage users",
    "keys": "manage API keys",
}

ROLES: Final[tuple[str, ...]] = get_args(Role)
SCOPES: Final[tuple[str, ...]] = get_args(Scope)
