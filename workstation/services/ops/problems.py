"""Errors on the wire: one sentence in a problem object of RFC 9457."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from workstation.core.errors import MessagingError, WorkstationError
from workstation.core.redaction import scrub

MEDIA_TYPE = "application/problem+json"

SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "type": "object",
    "description": "RFC 9457; `detail` is one sentence.",
    "properties": {
        "type": {"const": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail"],
}
_REFUSALS = {
    400: "The request is none.",
    401: "There is no valid token.",
    403: "The token's role may not do this.",
    404: "There is no such thing.",
    409: "What is asked does not fit what is.",
    413: "The request is too large.",
    415: "The request is not JSON.",
    422: "The request is malformed.",
    429: "Too many requests; Retry-After tells when to come again.",
    503: "NATS is down, or no engine answers.",
    504: "The engine did not answer in time.",
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status, text in _REFUSALS.items()
}


class Problem(Exception):
    """Ends a request with a status and one sentence."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})


def problem_response(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": scrub(detail)}
    return Response(json.dumps(body), status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Let every error of the app be a problem object."""

    @app.exception_handler(Problem)
    async def on_problem(_: Request, problem: Problem) -> Response:
        return problem_response(problem.status, problem.detail, problem.headers)

    @app.exception_handler(MessagingError)
    async def on_messaging(_: Request, error: MessagingError) -> Response:
        return problem_response(503, str(error))

    @app.exception_handler(WorkstationError)
    async def on_refusal(_: Request, error: WorkstationError) -> Response:
        return problem_response(409, str(error))

    @app.exception_handler(RequestValidationError)
    async def on_malformed(_: Request, error: RequestValidationError) -> Response:
        return problem_response(422, _sentence(error))

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        detail = {
            404: f"There is nothing at {request.url.path[:200]}; /api/v1/openapi.json lists what there is.",
            405: f"{request.method} is not for {request.url.path[:200]}.",
        }.get(error.status_code, f"{error.detail}.".replace("..", "."))
        return problem_response(error.status_code, detail, error.headers)


def _sentence(error: RequestValidationError) -> str:
    """The first thing that is wrong."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body")
    return f"{where[:200] or 'The body'}: {first['msg'][:300].rstrip('.')}."
