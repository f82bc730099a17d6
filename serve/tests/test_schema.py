"""The live server against its own description: no failure, no answer that is not declared."""

from __future__ import annotations

import subprocess
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from served import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from served import Served

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def described(served: Served) -> Any:
    """The description, as the server gives it."""
    return schemathesis.openapi.from_url(f"{served.url}/v1/openapi.json", config=SchemathesisConfig())


@pytest.fixture(autouse=True)
def _users_to_change(served: Served) -> Iterator[None]:
    """Let the small numbers that are tried belong to users that no other test needs."""
    with closing(served.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("set role serve_tests_server")
        cursor.execute(
            "insert into serve.users (user_id, username, role, is_active) "
            "select n, 'tried' || n, 'reader', false from generate_series(1, 100) as n"
        )
        connection.commit()
        yield
        cursor.execute("delete from serve.users where user_id <= 100")
        cursor.execute("delete from serve.login_attempts")
        connection.commit()


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_no_answer_is_undeclared(served: Served, described: Any, mode: GenerationMode) -> None:
    headers = {"Authorization": f"Bearer {served.tokens['admin']}"}
    failures = []
    count = 0
    for found in described.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(max_examples=6, derandomize=True, suppress_health_check=list(HealthCheck))
        def send(case: Any) -> None:
            case.call_and_validate(headers=headers)

        try:
            send()
        except Unsatisfiable:
            # There is no wrong way to send nothing.
            assert mode is GenerationMode.NEGATIVE
        except (FailureGroup, AssertionError) as error:
            failures.append(f"{operation.label}: {error!s:.1500}")
        count += 1
    assert count > 30
    assert not failures, "\n\n".join(failures)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_nothing_that_schemathesis_knows_is_wrong(served: Served, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            str(PROGRAM.with_name("schemathesis")),
            "run",
            f"{served.url}/v1/openapi.json",
            f"--header=Authorization: Bearer {served.tokens['admin']}",
            "--max-examples=40",
            "--continue-on-failure",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:]


def test_the_description_is_what_a_generator_likes(served: Served) -> None:
    document = httpx.get(f"{served.url}/v1/openapi.json").json()
    names = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            names.append(operation["operationId"])
            assert operation["description"], where
            assert operation["tags"], where
            for parameter in operation.get("parameters", ()):
                _check_bounds(f"{where} {parameter['name']}", parameter["schema"])
                assert parameter["description"], where
            if path.startswith("/v1"):
                assert {"422", "429", "503"} <= set(operation["responses"]), where
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert set(response["content"]) == {"application/problem+json"}, where
    assert len(set(names)) == len(names)
    for name, model in document["components"]["schemas"].items():
        for field, found in model.get("properties", {}).items():
            assert "default" not in found or name.endswith(("Form", "Query", "NewApiKey", "Change")), (
                name,
                field,
            )
            assert "description" in found or "$ref" in found or name.endswith("Page"), (name, field)


def _check_bounds(where: str, found: dict[str, Any]) -> None:
    kind = found.get("type")
    if kind == "string":
        bounded = {"maxLength", "enum", "const", "format"} & set(found)
        assert bounded, where
    elif kind == "integer":
        assert {"minimum", "maximum"} <= set(found), where
    else:
        assert kind == "boolean" or "enum" in found, (where, found)
