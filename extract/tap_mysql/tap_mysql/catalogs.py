"""Catalogs with all names in lower case: names match without case, as those of columns do in MySQL."""

from __future__ import annotations

from typing import Any

from singer_sdk.singerlib import Catalog


def lowered(catalog: Catalog) -> Catalog:
    """Return a catalog with the names of its streams, columns and keys in lower case."""
    entries: list[dict[str, Any]] = catalog.to_dict()["streams"]
    return Catalog.from_dict({"streams": [_entry(entry) for entry in entries]})


def _entry(entry: dict[str, Any]) -> dict[str, Any]:
    schema = entry.get("schema") or {}
    properties = {name.lower(): value for name, value in schema.get("properties", {}).items()}
    changed = {
        "tap_stream_id": _lower(entry["tap_stream_id"]),
        "schema": {**schema, "properties": properties},
        "metadata": [_metadata(each) for each in entry.get("metadata", ())],
    }
    for name in ("stream", "replication_key", "key_properties"):
        if entry.get(name) is not None:
            changed[name] = _lower(entry[name])
    return {**entry, **changed}


def _metadata(each: dict[str, Any]) -> dict[str, Any]:
    metadata = dict(each["metadata"])
    for name in ("table-key-properties", "replication-key", "valid-replication-keys"):
        if metadata.get(name) is not None:
            metadata[name] = _lower(metadata[name])
    return {"breadcrumb": _lower(list(each["breadcrumb"])), "metadata": metadata}


def _lower(names: Any) -> Any:  # noqa: ANN401 - a name, or a list of names
    return names.lower() if isinstance(names, str) else [name.lower() for name in names]
