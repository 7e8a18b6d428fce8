"""A server that speaks the dialect of the LiteLLM proxy in front of OpenAI, and renders greys.

Facts, from BerriAI/litellm (`litellm/proxy/video_endpoints/`: `endpoints.py`, `utils.py`,
`ownership.py`; `litellm/types/videos/`: `main.py`, `utils.py`;
`litellm/llms/openai/videos/transformation.py`; its issue 33423) and docs.litellm.ai/docs/videos, as
they were in autumn 2026:

- Every path also answers without `/v1`. All but `/health/liveliness` and `/health/readiness` want a
  key, as `Authorization: Bearer` or `x-litellm-api-key`; else 401. Failures are
  `{"error": {message, type, param, code}}`; `code` is the status as a string, and no param is the
  string "None".
- Requests are JSON or multipart. `model` is a name of the proxy's configuration. Fields are the
  provider's, and what it does not know it refuses: `seconds` is one of its lengths, as a string,
  `size` one of its sizes. `extra_body` is merged into the provider's request. Nothing makes a
  request that is repeated one.
- An id is "video_" and base64 of the provider, the model and the provider's id. The id that a
  status, a remix or an edit answers with names no model, and so differs from the one of `create`
  for the same video; all of them work.
- Videos have `usage`; content is the whole file, whatever `Range` or `variant` say. **There is no
  DELETE**: 405 as FastAPI writes it.
- `/remix`, `/edits`, `/extensions` (`{"video": {"id"}}`) and `/characters` pass to the provider.
- A provider's 404 comes as 404. (Issue 33423 saw 500 for a status; what the newest version answers
  was not found.)

Not imitated: budgets, ownership, other providers, their statuses.
"""

import base64
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.studio import Film, Job, Studio, read_form

FPS = 30
OPEN_PATHS = {"/health/liveliness", "/health/readiness"}
CREATE_FIELDS = {"model", "prompt", "seconds", "size", "input_reference", "user", "characters"}
SORA_SIZES = ("720x1280", "1280x720", "1024x1792", "1792x1024")
SORA_SECONDS = ("4", "8", "12")


class Refused(Exception):
    """An answer in the proxy's shape."""

    def __init__(
        self, status: int, message: str, *, kind: str | None = None, param: str = "None"
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.kind, self.param = status, message, kind, param


class Litellm:
    """The imitation.

    Args:
        folder: where files go.
        key: the only key.
        model: the only model of the configuration.
        sizes: the provider's, the first of them by default.
        seconds: the provider's lengths, the first of them by default.
    """

    def __init__(
        self,
        folder: Path,
        *,
        key: str = "sk-1234",
        model: str = "sora-2",
        sizes: tuple[str, ...] = SORA_SIZES,
        seconds: tuple[str, ...] = SORA_SECONDS,
    ) -> None:
        self.studio = Studio(folder)
        self.key, self.model, self.sizes, self.seconds = key, model, sizes, seconds
        self.characters: dict[str, str] = {}

    def app(self) -> Starlette:
        """What answers."""
        videos = [
            ("/videos", self._create, "POST"),
            ("/videos", self._list, "GET"),
            ("/videos/edits", self._edit, "POST"),
            ("/videos/extensions", self._extend, "POST"),
            ("/videos/characters", self._create_character, "POST"),
            ("/videos/characters/{character_id}", self._character, "GET"),
            ("/videos/{video_id}", self._retrieve, "GET"),
            ("/videos/{video_id}/content", self._content, "GET"),
            ("/videos/{video_id}/remix", self._remix, "POST"),
            ("/models", self._models, "GET"),
        ]
        return Starlette(
            routes=[
                *(Route(path, self._alive) for path in OPEN_PATHS),
                *(
                    Route(prefix + path, self._guarded(answer), methods=[method])
                    for prefix in ("/v1", "")
                    for path, answer, method in videos
                ),
            ],
            exception_handlers={Refused: _refused, HTTPException: _unknown_route},
        )

    def _guarded(self, answer: Any) -> Any:
        async def checked(request: Request) -> Response:
            given = request.headers.get("x-litellm-api-key") or request.headers.get("authorization")
            if not given:
                raise Refused(401, "Authentication Error, No api key passed in.", kind="auth_error")
            if given.removeprefix("Bearer ") != self.key:
                what = "Authentication Error, Invalid proxy server token passed."
                raise Refused(401, what, kind="token_not_found_in_db", param="key")
            response: Response = await answer(request)
            return response

        return checked

    async def _alive(self, _: Request) -> Response:
        return JSONResponse("I'm alive!")

    async def _models(self, _: Request) -> Response:
        card = {"id": self.model, "object": "model", "created": 0, "owned_by": "openai"}
        return JSONResponse({"object": "list", "data": [card]})

    async def _create(self, request: Request) -> Response:
        fields = await _body(request)
        if fields.get("model") != self.model:
            what = f"Invalid model name passed in model={fields.get('model')}. Call `/v1/models`."
            raise Refused(400, what, kind="invalid_request_error", param="model")
        extra = fields.pop("extra_body", None)
        fields |= json.loads(extra) if isinstance(extra, str) else extra or {}
        for name in fields.keys() - CREATE_FIELDS:
            raise _of_provider(400, f"Unknown parameter: '{name}'.", name)
        seconds = self._choice(fields, "seconds", self.seconds)
        size = self._choice(fields, "size", self.sizes)
        return self._queued(fields, size, int(seconds), model=self.model)

    async def _remix(self, request: Request) -> Response:
        source = self._job(request.path_params["video_id"])
        return self._changed(source, await _body(request), seconds=0)

    async def _edit(self, request: Request) -> Response:
        fields = await _body(request)
        return self._changed(self._named(fields), fields, seconds=0)

    async def _extend(self, request: Request) -> Response:
        fields = await _body(request)
        seconds = self._choice(fields, "seconds", self.seconds)
        return self._changed(self._named(fields), fields, seconds=int(seconds))

    async def _retrieve(self, request: Request) -> Response:
        return JSONResponse(_video(self._job(request.path_params["video_id"])))

    async def _list(self, request: Request) -> Response:
        query = request.query_params
        jobs = self.studio.newest_first()
        jobs = jobs[::-1] if query.get("order") == "asc" else jobs
        if "after" in query:
            ids = [job.id for job in jobs]
            after = _unwrapped(query["after"])
            if after not in ids:
                raise _of_provider(400, f"No video has the id {after!r}.", "after")
            jobs = jobs[ids.index(after) + 1 :]
        page = jobs[: int(query.get("limit", "20"))]
        data = [_video(job, model=self.model) for job in page]
        body = {
            "object": "list",
            "data": data,
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
            "has_more": len(page) < len(jobs),
        }
        return JSONResponse(body)

    async def _content(self, request: Request) -> Response:
        job = self._job(request.path_params["video_id"])
        if job.status != "completed":
            raise _of_provider(404, "Video is not ready yet, use GET /v1/videos/{video_id}.")
        return Response(job.file.read_bytes(), media_type="video/mp4")

    async def _create_character(self, request: Request) -> Response:
        fields = await _body(request)
        if not (fields.get("name") and isinstance(fields.get("video"), bytes)):
            raise _of_provider(422, "Field required", "video")
        character_id = f"char_{secrets.token_hex(8)}"
        self.characters[character_id] = fields["name"]
        return JSONResponse({"id": character_id, "object": "character", "name": fields["name"]})

    async def _character(self, request: Request) -> Response:
        character_id = request.path_params["character_id"]
        if character_id not in self.characters:
            raise _of_provider(404, f"No character has the id {character_id!r}.")
        name = self.characters[character_id]
        return JSONResponse({"id": character_id, "object": "character", "name": name})

    def _named(self, fields: Mapping[str, Any]) -> Job:
        video = fields.get("video")
        return self._job(str(video.get("id", "") if isinstance(video, dict) else video))

    def _job(self, video_id: str) -> Job:
        job = self.studio.get(_unwrapped(video_id))
        if job is None:
            raise _of_provider(404, f"Video with id '{video_id}' not found.")
        return job

    def _choice(self, fields: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str:
        value: str = fields.get(name, choices[0])
        if value not in choices:
            what = f"Invalid value: {value!r}. Supported values are: {', '.join(choices)}."
            raise _of_provider(400, what, name)
        return value

    def _changed(self, source: Job, fields: dict[str, Any], *, seconds: int) -> Response:
        if source.status != "completed":
            raise _of_provider(400, "The source video is not completed.")
        length = source.film.frames // FPS + seconds
        size = f"{source.film.width_px}x{source.film.height_px}"
        return self._queued({**fields, "remixed_from": source.id}, size, length, model=None)

    def _queued(
        self, fields: dict[str, Any], size: str, seconds: int, *, model: str | None
    ) -> Response:
        if not isinstance(fields.get("prompt"), str) or not fields["prompt"]:
            raise _of_provider(400, "Missing required parameter: 'prompt'.", "prompt")
        width, height = map(int, size.split("x"))
        film = Film(width, height, seconds * FPS, FPS, has_sound=True)
        job = self.studio.add(f"video_{secrets.token_hex(16)}", film, fields)
        return JSONResponse(_video(job, model=model))


def wrapped(video_id: str, model: str | None) -> str:
    """A provider's id as the proxy tells it."""
    told = f"litellm:custom_llm_provider:openai;model_id:{model or ''};video_id:{video_id}"
    return f"video_{base64.b64encode(told.encode()).decode()}"


def _unwrapped(video_id: str) -> str:
    encoded = video_id.removeprefix("video_")
    try:
        told = base64.b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except ValueError:  # no base64, or no text in it
        return video_id
    return told.rpartition(";video_id:")[2] if ";" in told else video_id


async def _body(request: Request) -> dict[str, Any]:
    if "form" in request.headers.get("content-type", ""):
        return dict(await read_form(request))
    try:
        fields = json.loads(await request.body())
    except ValueError:
        raise Refused(400, "Invalid JSON payload", kind="invalid_request_error") from None
    if not isinstance(fields, dict):
        raise Refused(400, "Invalid JSON payload", kind="invalid_request_error")
    return fields


def _video(job: Job, model: str | None = None) -> dict[str, Any]:
    film = job.film
    seconds = film.frames // FPS
    source = job.fields.get("remixed_from")
    return {
        "id": wrapped(job.id, model),
        "object": "video",
        "status": job.status,
        "created_at": job.created_at,
        "completed_at": job.completed_at,
        "expires_at": None,
        "error": {"code": "video_generation_failed", "message": job.error} if job.error else None,
        "progress": job.progress,
        "remixed_from_video_id": source,
        "seconds": str(seconds),
        "size": f"{film.width_px}x{film.height_px}",
        "model": job.fields.get("model"),
        "usage": {"duration_seconds": float(seconds)},
    }


def _of_provider(status: int, message: str, param: str = "None") -> Refused:
    kind = {400: "BadRequestError", 404: "NotFoundError"}.get(status, "APIError")
    return Refused(status, f"litellm.{kind}: OpenAIException - {message}", param=param)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    body = {
        "message": error.message,
        "type": error.kind,
        "param": error.param,
        "code": str(error.status),
    }
    return JSONResponse({"error": body}, status_code=error.status)


async def _unknown_route(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, status_code=error.status_code)
