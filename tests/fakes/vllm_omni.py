"""A server that speaks the dialect of vLLM-Omni, as strictly, and renders greys.

Facts, from vllm-project/vllm-omni (`vllm_omni/entrypoints/openai/`: `api_server.py`, `stores.py`,
`protocol/videos.py`, `serving_video.py`, `video/generation/helpers.py`; and
`docs/serving/videos_api.md`, `vllm_omni/diffusion/models/wan2_2/pipeline_wan2_2.py`) and
vllm-project/vllm (`vllm/entrypoints/openai/server_utils.py`), as they were in autumn 2026:

- Requests are forms; a JSON body has no field of a form, so its prompt is missing. Unknown fields
  are ignored, empty ones count as absent. `seconds` is a string of digits, `size` is WxH and wins
  over `width` and `height`. `model`, when sent, must be the one that is served.
- Frames are `num_frames`, else seconds * fps (24 when absent), else the engine's default of 1. A
  file is written at the request's `fps`, else at the model's own: without `fps`, a model of 16
  frames a second shows 24 * seconds frames slowly.
- The imitated model is Wan 2.2: sides are floored to multiples of 16, frames n become
  n // 4 * 4 + 1 unless n % 4 is 1. The video object repeats `size` and `seconds` as asked.
  Unlike Wan, it makes sound when `generate_sound` says so.
- Failures have vLLM's shape, `{"error": {message, type, param, code}}` with the HTTP status as an
  integer code, and invalid fields are 400; unknown routes have FastAPI's `{"detail": …}`. With a
  key, paths under /v1 want it as a bearer token; else 401 `{"error": "Unauthorized"}`.
- Progress is 0, then 100. A failed job is answered with the HTTP status that its error names, and
  with the video object as the body. DELETE cancels. Content has no variants; 404 until it is there,
  422 when the job failed. No remix, edits, extensions or characters.

Not imitated: references by URL, LoRA, latent edits, interpolation, `/v1/videos/sync`.
"""

import base64
import binascii
import io
import json
import math
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import av
from PIL import Image, UnidentifiedImageError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from tests.fakes.studio import BearerKey, Film, Job, Studio, read_form

MODEL_FPS = 16
DEFAULT_FPS = 24
MULTIPLE_PX = 16
DEFAULT_SIZE = (832, 480)
REFERENCE_AREA_PX = 1280 * 720
TRUE, FALSE = {"true", "1", "on", "yes", "t", "y"}, {"false", "0", "off", "no", "f", "n"}


@dataclass(frozen=True)
class Number:
    """A field that is a number within limits."""

    kind: type[int] | type[float]
    low: float = -math.inf
    high: float = math.inf


TEXTS = {"prompt", "model", "user", "negative_prompt", "image_reference", "video_reference"}
PATTERNS = {"seconds": r"[1-9]\d*", "size": r"\d+x\d+"}
NUMBERS = {
    "width": Number(int, 1),
    "height": Number(int, 1),
    "num_frames": Number(int, 1),
    "fps": Number(int, 1),
    "num_inference_steps": Number(int, 1, 200),
    "guidance_scale": Number(float, 0, 20),
    "guidance_scale_2": Number(float, 0, 20),
    "true_cfg_scale": Number(float, 0, 20),
    "boundary_ratio": Number(float, 0, 1),
    "flow_shift": Number(float),
    "sound_duration": Number(float, 1e-9),
    "seed": Number(int, -(2**63), 2**63 - 1),
}
SWITCHES = {"generate_sound", "enable_frame_interpolation"}
OBJECTS = {"lora", "extra_params"}


class Refused(Exception):
    """An answer in vLLM's shape."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class VllmOmni:
    """The imitation.

    Args:
        folder: where files go.
        key: `--api-key`; None: open.
        model: the served model's name.
    """

    def __init__(self, folder: Path, *, key: str | None = None, model: str = "grey-omni") -> None:
        self.studio = Studio(folder)
        self.model = model
        self.key = key

    def app(self) -> Starlette:
        """What answers."""
        return Starlette(
            routes=[
                Route("/health", self._health),
                Route("/v1/models", self._models),
                Route("/v1/videos", self._create, methods=["POST"]),
                Route("/v1/videos", self._list, methods=["GET"]),
                Route("/v1/videos/{video_id}", self._retrieve, methods=["GET"]),
                Route("/v1/videos/{video_id}", self._delete, methods=["DELETE"]),
                Route("/v1/videos/{video_id}/content", self._content),
            ],
            middleware=[Middleware(BearerKey, key=self.key, is_guarded=_is_guarded)],
            exception_handlers={Refused: _refused, HTTPException: _unknown_route},
        )

    async def _health(self, _: Request) -> Response:
        return Response()

    async def _models(self, _: Request) -> Response:
        card = {"id": self.model, "object": "model", "created": 0, "owned_by": "vllm"}
        return JSONResponse({"object": "list", "data": [card]})

    async def _create(self, request: Request) -> Response:
        kind = request.headers.get("content-type", "")
        is_form = kind.startswith(("multipart/form-data", "application/x-www-form-urlencoded"))
        form = await read_form(request) if is_form else {}
        sent: dict[str, Any] = {name: value for name, value in form.items() if value != ""}
        reference = sent.pop("input_reference", None)
        if isinstance(reference, str):
            raise _invalid("input_reference", "Value error, Expected UploadFile")
        fields = _read(sent)
        if fields.get("model", self.model) != self.model:
            raise Refused(
                400,
                f"Model mismatch: request specifies '{fields['model']}' but server is running "
                f"'{self.model}'.",
            )
        picture = _reference(fields, reference)
        fields["input_reference"] = reference
        film = _film(fields, picture)
        job = self.studio.add(f"video_gen_{secrets.token_hex(16)}", film, fields)
        return JSONResponse(self._video(job))

    async def _list(self, request: Request) -> Response:
        query = request.query_params
        order, limit = query.get("order", "desc"), query.get("limit")
        if order not in {"asc", "desc"}:
            raise Refused(400, "1 validation error: ('query', 'order') must be 'asc' or 'desc'")
        if limit is not None and not (limit.isdigit() and int(limit) <= 100):
            raise Refused(400, "1 validation error: ('query', 'limit') must be 0 to 100")
        jobs = self.studio.newest_first()
        jobs = jobs if order == "desc" else jobs[::-1]
        if "after" in query:
            ids = [job.id for job in jobs]
            jobs = jobs[ids.index(query["after"]) + 1 :] if query["after"] in ids else []
        page = jobs if limit is None else jobs[: int(limit)]
        data = [self._video(job) for job in page]
        body = {
            "object": "list",
            "data": data,
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
            "has_more": len(page) < len(jobs),
        }
        return JSONResponse(body)

    async def _retrieve(self, request: Request) -> Response:
        job = self._job(request)
        return JSONResponse(self._video(job), status_code=500 if job.status == "failed" else 200)

    async def _delete(self, request: Request) -> Response:
        job = self._job(request)
        self.studio.forget(job.id, is_stopped=True)
        return JSONResponse({"id": job.id, "deleted": True, "object": "video.deleted"})

    async def _content(self, request: Request) -> Response:
        job = self._job(request)
        if job.status == "failed":
            raise Refused(422, "Video generation failed. Check job status for error details.")
        if job.status != "completed":
            raise Refused(404, "Generation is still in-progress")
        return FileResponse(job.file, media_type="video/mp4", filename=f"{job.id}.mp4")

    def _job(self, request: Request) -> Job:
        job = self.studio.get(request.path_params["video_id"])
        if job is None:
            raise Refused(404, "Video not found")
        return job

    def _video(self, job: Job) -> dict[str, Any]:
        is_done = job.status == "completed"
        return {
            "id": job.id,
            "object": "video",
            "model": self.model,
            "prompt": job.fields["prompt"],
            "status": job.status,
            "size": job.fields.get("size"),
            "progress": job.progress,
            "seconds": job.fields.get("seconds", "4"),
            "quality": "default",
            "created_at": job.created_at,
            "completed_at": job.completed_at,
            "expires_at": None,
            "remixed_from_video_id": None,
            "error": {"code": 500, "message": job.error} if job.error else None,
            "media_type": "video/mp4",
            "file_name": f"{job.id}.mp4" if is_done else None,
            "inference_time_s": 0.1 if job.completed_at else None,
            "stage_durations": {},
            "peak_memory_mb": 0.0,
            "action": None,
        }


def _read(sent: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(sent.get("prompt"), str):
        raise Refused(400, "1 validation error: ('body', 'prompt') Field required")
    fields: dict[str, Any] = {name: sent[name] for name in TEXTS & sent.keys()}
    fields |= {name: _matching(name, sent[name]) for name in PATTERNS.keys() & sent.keys()}
    fields |= {name: _number(name, sent[name]) for name in NUMBERS.keys() & sent.keys()}
    fields |= {name: _switch(name, sent[name]) for name in SWITCHES & sent.keys()}
    return fields | {name: _object(sent[name]) for name in OBJECTS & sent.keys()}


def _matching(name: str, text: str) -> str:
    pattern = PATTERNS[name]
    if re.fullmatch(pattern, text, re.ASCII) is None:
        raise _invalid(name, f"String should match pattern '^{pattern}$'")
    return text


def _switch(name: str, text: str) -> bool:
    if text.lower() not in TRUE | FALSE:
        raise _invalid(name, "Input should be a valid boolean")
    return text.lower() in TRUE


def _number(name: str, text: str) -> float:
    number = NUMBERS[name]
    try:
        value = number.kind(text)
    except ValueError:
        raise _invalid(name, f"Input should be a valid {number.kind.__name__}") from None
    if not number.low <= value <= number.high:
        raise _invalid(name, f"Input should be {number.low} to {number.high}")
    return value


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        raise Refused(400, "Invalid JSON in form field.") from None
    if not isinstance(value, dict):
        raise Refused(400, "Invalid JSON in form field: expected dict.")
    return value


def _reference(fields: Mapping[str, Any], upload: bytes | None) -> Image.Image | None:
    # The picture that the clip starts from, if one was sent and is one.
    given = [fields.get("image_reference"), fields.get("video_reference"), upload]
    if sum(each is not None for each in given) > 1:
        raise Refused(
            400, "Provide only one of input_reference, image_reference, or video_reference."
        )
    if (text := fields.get("image_reference")) is not None:
        url = _object(text).get("image_url")
        if url is None:
            raise Refused(400, "Invalid image_reference: file_id is not supported yet.")
        try:
            upload = base64.b64decode(url.partition("base64,")[2], validate=True)
        except binascii.Error:
            raise Refused(400, "Invalid image_reference.") from None
    if upload is None:
        return None
    try:
        with Image.open(io.BytesIO(upload)) as picture:
            picture.load()
            return picture
    except (UnidentifiedImageError, OSError):
        pass
    try:
        with av.open(io.BytesIO(upload)) as clip:
            next(clip.decode(video=0))
    except (av.FFmpegError, IndexError, StopIteration):
        what = "Invalid input_reference: provided content is not a valid image or video."
        raise Refused(400, what) from None
    return None


def _film(fields: Mapping[str, Any], picture: Image.Image | None) -> Film:
    width, height = fields.get("width"), fields.get("height")
    if "size" in fields:
        width, height = map(int, fields["size"].split("x"))
    if not (width and height):
        width, height = _like(picture) if picture else DEFAULT_SIZE
    frames = fields.get("num_frames")
    if frames is None and "seconds" in fields:
        frames = int(fields["seconds"]) * fields.get("fps", DEFAULT_FPS)
    frames = frames or 1
    return Film(
        width_px=max(width // MULTIPLE_PX, 1) * MULTIPLE_PX,
        height_px=max(height // MULTIPLE_PX, 1) * MULTIPLE_PX,
        frames=frames if frames % 4 == 1 else frames // 4 * 4 + 1,
        fps=fields.get("fps", MODEL_FPS),
        has_sound=fields.get("generate_sound", False),
    )


def _like(picture: Image.Image) -> tuple[int, int]:
    aspect = picture.height / picture.width
    return round(math.sqrt(REFERENCE_AREA_PX / aspect)), round(
        math.sqrt(REFERENCE_AREA_PX * aspect)
    )


def _invalid(name: str, what: str) -> Refused:
    return Refused(400, f"1 validation error: ('body', '{name}') {what}")


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    body = {
        "message": error.message,
        "type": HTTPStatus(error.status).phrase,
        "param": None,
        "code": error.status,
    }
    return JSONResponse({"error": body}, status_code=error.status)


async def _unknown_route(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, status_code=error.status_code)


def _is_guarded(path: str) -> bool:
    return path.startswith("/v1")
