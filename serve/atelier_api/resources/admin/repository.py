"""Where users, keys and the audit log are read: the server's own tables, by its own pool."""

from __future__ import annotations

from atelier_api.listing import Listing
from atelier_api.resources.admin.schemas import ApiKey, AuditEntry, UserAccount

USERS = Listing(
    row=UserAccount,
    source=(
        "(select user_id, username, role, is_active, password_hash is not null as has_password, created_at, "
        "(select max(last_used_at) from serve.sessions as s where s.user_id = u.user_id) as last_seen_at "
        "from serve.users as u) as users"
    ),
    key=("user_id",),
    conditions={"user_id": "user_id = %(user_id)s"},
    labels={"role_label": ("role", "role")},
)

KEYS = Listing(
    row=ApiKey,
    source="serve.api_keys",
    key=("key_id",),
    expressions={"scopes": "array_to_string(scopes, ' ')"},
    conditions={"key_id": "key_id = %(key_id)s"},
)

AUDIT = Listing(
    row=AuditEntry,
    source="serve.audit",
    key=("audit_id",),
    expressions={"details": "details::text"},
    conditions={
        "actor": "actor = %(actor)s",
        "action": "action = %(action)s",
        "day_from": "occurred_at >= %(day_from)s::date",
        "day_to": "occurred_at < %(day_to)s::date + 1",
    },
)
