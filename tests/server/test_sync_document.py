"""What the OpenAPI document says of syncing is what an account with a token meets."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from server.replication.envelope import PROTOCOL
from tests.server.accounts import new_account


@pytest.fixture(scope="module")
def document(reader: Any) -> dict[str, Any]:
    found: dict[str, Any] = reader.client.get("/openapi.json").json
    return found


def test_every_status_of_a_sync_is_documented(document: dict[str, Any]) -> None:
    said = set(document["paths"]["/v1/sync"]["post"]["responses"])
    assert {"200", "400", "401", "403", "406", "413", "415", "422", "426", "429", "503"} <= said
    said = set(document["paths"]["/v1/sync/digest"]["get"]["responses"])
    assert {"200", "401", "403", "422", "429", "503"} <= said


def test_the_forms_of_request_and_answer_are_there(document: dict[str, Any]) -> None:
    operation = document["paths"]["/v1/sync"]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    request = document["components"]["schemas"][body]
    assert set(request["properties"]) == {
        "device", "protocol", "request", "cursors", "patches", "model", "health", "limit",
    }  # fmt: skip
    assert set(request["required"]) == {"device", "protocol"}
    answer = document["components"]["schemas"]["SyncAnswer"]
    assert {"results", "account", "catalog", "model", "next_sync_after_s", "live"} <= set(
        answer["properties"]
    )
    assert "quota_bytes" in document["components"]["schemas"]["SyncError"]["properties"]["code"]["enum"]
    coding = next(each for each in operation["parameters"] if each.get("name") == "Content-Encoding")
    assert coding["schema"]["enum"] == ["zstd", "br", "gzip", "identity"]


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("path", "method"), [("/v1/sync", "POST"), ("/v1/sync/digest", "GET")])
def test_an_account_meets_what_the_document_says(
    reader: Any, mode: GenerationMode, path: str, method: str
) -> None:
    token = reader.token("member", subject=str(new_account(reader)), seconds=3600)
    sent = {**token, "Accept-Encoding": "identity"} | (
        {"Content-Encoding": "identity"} if method == "POST" else {}
    )
    api = schemathesis.openapi.from_wsgi("/openapi.json", reader.app)
    # A protocol too old is told before anything else is looked at.
    api.config.checks.negative_data_rejection.expected_statuses.append("426")
    operation = api[path][method]
    # A cursor is opaque: the document cannot say which text is one.
    tolerated = CHECKS.get_one("negative_data_rejection")
    not_promised = [CHECKS.get_one("positive_data_acceptance")]

    @given(case=operation.as_strategy(generation_mode=mode, headers=sent))
    @settings(
        max_examples=20,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    def run(case: Any) -> None:
        # What a newer protocol may hold more is left aside, which no schema can say.
        protocol = case.body.get("protocol") if isinstance(case.body, dict) else None
        newer = [tolerated] if type(protocol) is int and protocol > PROTOCOL else []
        case.call_and_validate(headers=sent, excluded_checks=[*not_promised, *newer])

    run()
