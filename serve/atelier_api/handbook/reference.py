"""The description of the API (OpenAPI) as what its page shows."""

from __future__ import annotations

from typing import Any, Final

from atelier_api.handbook.markdown import paragraph

Json = dict[str, Any]

_METHODS: Final = ("get", "post", "put", "patch", "delete")
#: Bounds of a value, as they are shown: what stands before the value.
_BOUNDS: Final = {
    "minimum": "≥ ",
    "exclusiveMinimum": "> ",
    "maximum": "≤ ",
    "exclusiveMaximum": "< ",
    "minLength": "min. length ",
    "maxLength": "max. length ",
    "minItems": "min. items ",
    "maxItems": "max. items ",
    "pattern": "pattern ",
}
_REFERENCE: Final = "#/components/schemas/"


def view(description: Json) -> Json:
    """Return title, description, groups of operations, and schemas.

    Args:
        description: As `openapi.describe` makes it.
    """
    operations = [
        (operation.get("tags", ["system"])[0], _operation(method, path, operation))
        for path, item in description["paths"].items()
        for method, operation in item.items()
        if method in _METHODS
    ]
    return {
        "title": description["info"]["title"],
        "version": description["info"]["version"],
        "summary": description["info"].get("summary", ""),
        "description": paragraph(description["info"].get("description", "")),
        "groups": [
            {
                "name": tag["name"],
                "description": tag.get("description", ""),
                "operations": [shown for name, shown in operations if name == tag["name"]],
            }
            for tag in description["tags"]
            if any(name == tag["name"] for name, _ in operations)
        ],
        "security": [
            {"name": name, "description": paragraph(scheme.get("description", ""))}
            for name, scheme in description["components"].get("securitySchemes", {}).items()
        ],
        "schemas": [
            _schema(name, schema) for name, schema in sorted(description["components"]["schemas"].items())
        ],
    }


def _operation(method: str, path: str, operation: Json) -> Json:
    bodies = operation.get("requestBody", {}).get("content", {})
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "description": paragraph(operation.get("description") or operation.get("summary", "")),
        "needs_login": bool(operation.get("security")),
        "parameters": [_parameter(parameter) for parameter in operation.get("parameters", ())],
        "bodies": [{"type": media, **_kind(content["schema"])} for media, content in bodies.items()],
        "answers": [_answer(status, answer) for status, answer in sorted(operation["responses"].items())],
    }


def _parameter(parameter: Json) -> Json:
    schema = parameter["schema"]
    return {
        "name": parameter["name"],
        "place": parameter["in"],
        "is_required": parameter.get("required", False),
        "description": paragraph(parameter.get("description", schema.get("description", ""))),
        **_kind(schema),
    }


def _answer(status: str, answer: Json) -> Json:
    content = answer.get("content", {})
    return {
        "status": status,
        "description": answer.get("description", ""),
        "contents": [{"type": media, **_kind(one.get("schema", {}))} for media, one in content.items()],
        "headers": list(answer.get("headers", {})),
    }


def _schema(name: str, schema: Json) -> Json:
    required = set(schema.get("required", ()))
    return {
        "name": name,
        "description": paragraph(schema.get("description", "")),
        **_kind(schema),
        "properties": [
            {
                "name": field,
                "is_required": field in required,
                "description": paragraph(described.get("description", "")),
                **_kind(described),
            }
            for field, described in schema.get("properties", {}).items()
        ],
    }


def _kind(schema: Json) -> Json:
    """Return what values a schema takes: words, the schema they link to, bounds, default and example."""
    words, link = _words(schema)
    bounded = _bounded(schema)
    examples = schema.get("examples") or ([schema["example"]] if "example" in schema else [])
    return {
        "words": words,
        "link": link,
        "bounds": [f"{sign}{bounded[name]}" for name, sign in _BOUNDS.items() if name in bounded],
        "default": _shown(schema["default"]) if schema.get("default") is not None else "",
        "example": _shown(examples[0]) if examples else "",
    }


def _bounded(schema: Json) -> Json:
    """Return the part of a schema that has the bounds: of what may be null, the other option."""
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    return options[0] if len(options) == 1 else schema


def _words(schema: Json) -> tuple[str, str]:
    """Return the type in words, and the name of the schema that it is about, or nothing."""
    if reference := schema.get("$ref"):
        name = str(reference).removeprefix(_REFERENCE)
        return name, name
    for combined, between in (("anyOf", " or "), ("oneOf", " or "), ("allOf", " and ")):
        if options := schema.get(combined):
            kinds = [_words(option) for option in options]
            return between.join(words for words, _ in kinds), next((link for _, link in kinds if link), "")
    if "const" in schema:
        return _shown(schema["const"]), ""
    if "enum" in schema:
        return " | ".join(_shown(value) for value in schema["enum"]), ""
    if schema.get("type") == "array":
        words, link = _words(schema.get("items", {}))
        return f"list of {words}", link
    kind = str(schema.get("type", "any"))
    if isinstance(others := schema.get("additionalProperties"), dict):
        words, link = _words(others)
        return f"{kind} of {words}", link
    return (f"{kind} ({schema['format']})" if "format" in schema else kind), ""


def _shown(value: object) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
