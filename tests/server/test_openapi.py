"""The OpenAPI document: valid, complete, and what the server really does."""

import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

ERRORS = {"400", "401", "403", "404", "406", "409", "413", "415", "416", "422", "503"}


@schemathesis.serializer("application/zip")
def zip_serializer(_: schemathesis.SerializationContext, value: Any) -> Any:
    """What is no archive is sent as it is, for the server to refuse."""
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture
def document(reader: Any) -> dict[str, Any]:
    found: dict[str, Any] = reader.client.get("/openapi.json").json
    return found


def test_the_document_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(document).validate()


def test_every_route_of_the_api_is_documented(reader: Any, document: dict[str, Any]) -> None:
    served = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for rule in reader.app.url_map.iter_rules()
        if rule.rule.startswith("/v1/") or rule.rule in {"/healthz", "/readyz"}
    }
    assert set(document["paths"]) == served


def test_every_operation_says_what_it_answers(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            assert operation["summary"], path
            assert operation["operationId"], path
            content = operation["responses"]["200"]["content"]
            assert all(media["schema"] for media in content.values()), path


def test_every_error_is_documented_as_a_problem(document: dict[str, Any]) -> None:
    responses = document["components"]["responses"]
    for operations in document["paths"].values():
        for operation in (v for k, v in operations.items() if k != "parameters"):
            for status, response in operation["responses"].items():
                if status in ERRORS:
                    name = response["$ref"].rsplit("/", 1)[1]
                    assert list(responses[name]["content"]) == ["application/problem+json"]


def test_every_error_of_an_operation_is_in_the_document(document: dict[str, Any]) -> None:
    statuses = {path: set(next(iter(ops.values()))["responses"]) for path, ops in document["paths"].items()}
    assert {"200", "400", "413", "415", "422", "503", "default"} <= statuses["/v1/routines"]
    assert {"200", "304", "404", "406", "422", "503", "default"} <= statuses["/v1/catalog/changes"]
    assert {"200", "206", "302", "304", "404", "406", "416", "default"} <= statuses["/v1/objects/{key}"]


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_the_server_does_what_the_document_says(limber: Any, mode: GenerationMode) -> None:
    """No server error, and only documented statuses, bodies, types and headers; wrong data is refused."""
    limber.publish_model()
    key = limber.client.get("/v1/models/current").json["url"].removeprefix("/v1/objects/")
    paths = {"key": key, "name": key.removeprefix("models/")}
    headers = {"Accept-Encoding": "identity", **limber.token("ml_engineer", seconds=3600)}
    api = schemathesis.openapi.from_wsgi("/openapi.json", limber.app)
    # A protocol too old is told before anything else is looked at.
    api.config.checks.negative_data_rejection.expected_statuses.append("426")
    # The document cannot say which codes the catalogue knows, so well-formed data may be refused.
    not_promised = [CHECKS.get_one("positive_data_acceptance")]
    tried = 0
    for found in api.get_all_operations():
        operation = found.ok()
        if mode.is_negative and not (operation.body.items or operation.query.items):
            continue

        # Generated text never has the slash that a key needs, nor the hash of a file that is there.
        given_path = {name: text for name, text in paths.items() if f"{{{name}}}" in operation.path} or None

        @given(case=operation.as_strategy(generation_mode=mode, path_parameters=given_path))
        @settings(
            max_examples=15,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        def run(case: Any) -> None:
            case.call_and_validate(headers=headers, excluded_checks=not_promised)

        run()
        tried += 1
    assert tried >= (8 if mode.is_negative else 16)
