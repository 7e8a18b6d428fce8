"""A server that speaks the dialect of SGLang's diffusion runtime, as strictly, and renders greys.

Facts, from sgl-project/sglang (`python/sglang/multimodal_gen/runtime/entrypoints/`:
`http_server.py` and, in `openai/`, `video_api.py`, `protocol.py`, `utils.py`, `common_api.py`; and
`python/sglang/multimodal_gen/configs/sample/`: `sampling_params.py`, `wan.py`), as they were in
autumn 2026:

- Requests are JSON or multipart. `seconds`, `fps`, `num_frames`, `seed` are integers; JSON may
  carry them as digits in a string, as pydantic does. Unknown fields are ignored; `extra_body` and
  `extra_json` are merged into a JSON body. `model` is repeated, and checked by nobody.
- Frames are `num_frames`, else seconds * fps, of 4 seconds and 24 frames a second. A `size` that
  is none is ignored, without a word: the model's own is made. A size that the model does not
  support is 400. `width` and `height` win over `size`.
- The imitated model makes frames as Wan's text-to-video does: n become (n - 1) // 4 * 4 + 1. The
  video object tells the size that is made, and the seconds of the frames that were asked for.
- Failures are FastAPI's: `{"detail": …}`, 400 for what is in a JSON body, 422 for a form or query.
- A job is `queued` until it is `completed` or `failed`, its progress 0 until it is 100; its error
  has a message and no code. DELETE answers the video with status `deleted` and only forgets it: it
  is rendered all the same. A list has neither cursors nor `has_more`. Content is 404 until it is
  there. No remix, edits, extensions or characters.
- A picture comes as a file `input_reference`, or in JSON as `reference_url`; `input_reference` in
  JSON is a path on the server.

Not imitated: several outputs, cloud storage, upscaling, rounding for several cards. Whether sides
that 8 does not divide are refused, and how a key is asked for, was not found in these files; here
such a job fails, and a key is asked for as SGLang's language server does.
"""

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from tests.fakes.studio import BearerKey, Film, Job, Studio, read_form

DEFAULT_SECONDS, DEFAULT_FPS = 4, 24
INTEGERS = {"seconds", "fps", "num_frames", "seed", "width", "height", "num_inference_steps", "n"}
TEXTS = {"prompt", "model", "size", "negative_prompt", "input_reference", "reference_url"}


class Sglang:
    """The imitation.

    Args:
        folder: where files go.
        key: None: open.
        sizes: what the model supports, the first of them by default; None: any, 832x480 by default.
    """

    def __init__(
        self, folder: Path, *, key: str | None = None, sizes: tuple[str, ...] | None = None
    ) -> None:
        self.studio = Studio(folder, says_when_it_starts=False)
        self.sizes = sizes
        self.key = key

    def app(self) -> Starlette:
        """What answers."""
        return Starlette(
            routes=[
                Route("/health", self._health),
                Route("/models", self._old_models),
                Route("/v1/models", self._models),
                Route("/v1/videos", self._create, methods=["POST"]),
                Route("/v1/videos", self._list, methods=["GET"]),
                Route("/v1/videos/{video_id}", self._retrieve, methods=["GET"]),
                Route("/v1/videos/{video_id}", self._delete, methods=["DELETE"]),
                Route("/v1/videos/{video_id}/content", self._content),
            ],
            middleware=[Middleware(BearerKey, key=self.key, is_guarded=_is_guarded)],
            exception_handlers={HTTPException: _detail},
        )

    async def _health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _old_models(self, _: Request) -> Response:
        return JSONResponse({"model_path": "grey-sgl", "task_type": "T2V", "num_gpus": 1})

    async def _models(self, _: Request) -> Response:
        card = {"id": "grey-sgl", "object": "model", "created": 0, "owned_by": "sglang"}
        return JSONResponse({"object": "list", "data": [{**card, "task_type": "T2V"}]})

    async def _create(self, request: Request) -> Response:
        if "multipart/form-data" in request.headers.get("content-type", "").lower():
            fields = await _form(request)
        else:
            fields = await _json(request)
        film = self._film(fields)
        is_odd = film.width_px % 8 or film.height_px % 8
        reason = "Height and width must be divisible by 8" if is_odd else None
        job = self.studio.add(str(uuid.uuid4()), film, fields, must_fail=reason)
        return JSONResponse(_video(job))

    async def _list(self, request: Request) -> Response:
        query = request.query_params
        limit = query.get("limit")
        if limit is not None and not (limit.isdigit() and 1 <= int(limit) <= 100):
            raise _invalid("query", "limit", "Input should be 1 to 100")
        jobs = self.studio.newest_first()
        if query.get("order", "").lower() == "asc":
            jobs.reverse()
        if "after" in query:
            ids = [job.id for job in jobs]
            jobs = jobs[ids.index(query["after"]) + 1 :] if query["after"] in ids else []
        jobs = jobs[: int(limit)] if limit else jobs
        return JSONResponse({"data": [_video(job) for job in jobs], "object": "list"})

    async def _retrieve(self, request: Request) -> Response:
        return JSONResponse(_video(self._job(request)))

    async def _delete(self, request: Request) -> Response:
        job = self._job(request)
        self.studio.forget(job.id, is_stopped=False)
        return JSONResponse({**_video(job), "status": "deleted"})

    async def _content(self, request: Request) -> Response:
        job = self._job(request)
        variant = request.query_params.get("variant", "video")
        if variant != "video":
            raise HTTPException(400, f"Unsupported video content variant: {variant!r}")
        if job.status == "queued":
            raise HTTPException(404, "Generation is still in-progress")
        if job.status == "failed":
            raise HTTPException(404, "Video output not found")
        return FileResponse(job.file, media_type="video/mp4", filename=f"{job.id}.mp4")

    def _job(self, request: Request) -> Job:
        job = self.studio.get(request.path_params["video_id"])
        if job is None:
            raise HTTPException(404, "Video not found")
        return job

    def _film(self, fields: Mapping[str, Any]) -> Film:
        fps = _or(fields.get("fps"), DEFAULT_FPS)
        frames = _or(fields.get("num_frames"), fps * _or(fields.get("seconds"), DEFAULT_SECONDS))
        if frames < 1 or fps < 1:
            raise HTTPException(400, f"num_frames must be positive integers, got {frames}")
        width, height = fields.get("width"), fields.get("height")
        asked = _parsed(fields.get("size")) or _parsed((self.sizes or ("832x480",))[0])
        assert asked is not None
        width, height = _or(width, asked[0]), _or(height, asked[1])
        if self.sizes is not None and f"{width}x{height}" not in self.sizes:
            raise HTTPException(
                400,
                f"Unsupported resolution: {width}x{height}. "
                f"Supported resolutions: {', '.join(self.sizes)}",
            )
        return Film(width, height, frames=(frames - 1) // 4 * 4 + 1, fps=fps)


async def _json(request: Request) -> dict[str, Any]:
    try:
        payload = dict(json.loads(await request.body()) or {})
    except (ValueError, TypeError):
        raise HTTPException(400, "request body is not valid JSON") from None
    for name in ("extra_body", "extra_json"):
        extra = payload.pop(name, None)
        payload |= extra if isinstance(extra, dict) else {}
    fields: dict[str, Any] = {}
    for name in TEXTS & payload.keys():
        if not isinstance(payload[name], str | None):
            raise HTTPException(400, f"Invalid request body: {name} should be a valid string")
        fields[name] = payload[name]
    for name in INTEGERS & payload.keys():
        try:
            fields[name] = _integer(payload[name])
        except ValueError:
            what = f"Invalid request body: {name} should be a valid integer"
            raise HTTPException(400, what) from None
    if fields.get("prompt") is None:
        raise HTTPException(400, "Invalid request body: 1 validation error … prompt Field required")
    return fields


async def _form(request: Request) -> dict[str, Any]:
    form = await read_form(request)
    fields: dict[str, Any] = {}
    for name in INTEGERS & form.keys():
        if form[name] == "":
            continue
        try:
            fields[name] = _integer(form[name])
        except ValueError:
            raise _invalid("body", name, "Input should be a valid integer") from None
    if not form.get("prompt"):
        raise HTTPException(400, "prompt is required")
    return fields | {name: form[name] for name in TEXTS & form.keys()}


def _integer(value: Any) -> int | None:
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return int(value)
    raise ValueError


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value


def _parsed(size: str | None) -> tuple[int, int] | None:
    try:
        width, height = (size or "").lower().replace(" ", "").split("x")
        return int(width), int(height)
    except ValueError:
        return None


def _video(job: Job) -> dict[str, Any]:
    asked = job.fields.get("num_frames")
    seconds = round(asked / job.film.fps) if asked else job.fields.get("seconds") or DEFAULT_SECONDS
    is_done = job.status == "completed"
    return {
        "id": job.id,
        "object": "video",
        "model": job.fields.get("model") or "sora-2",
        "status": job.status,
        "progress": job.progress,
        "created_at": job.created_at,
        "size": f"{job.film.width_px}x{job.film.height_px}",
        "seconds": str(seconds),
        "quality": "standard",
        "url": None,
        "remixed_from_video_id": None,
        "completed_at": job.completed_at if is_done else None,
        "expires_at": None,
        "error": {"message": job.error} if job.error else None,
        "file_path": None if job.error else str(job.file),
        "peak_memory_mb": None,
        "inference_time_s": 0.1 if is_done else None,
    }


def _invalid(place: str, name: str, what: str) -> HTTPException:
    # FastAPI's detail of a failed validation is a list; `_detail` writes it as it is.
    detail: Any = [{"loc": [place, name], "msg": what, "type": "value_error"}]
    return HTTPException(422, detail)


async def _detail(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, status_code=error.status_code)


def _is_guarded(path: str) -> bool:
    return path != "/health"
