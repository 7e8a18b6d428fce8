"""Talking to the server that is checked: every wait ends, and every surprise is a `Failed`."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn
from urllib.parse import quote

import httpx

from engine.conformance.clips import Clip, read_clip
from engine.conformance.habits import Body, Habits

TERMINAL = {"completed", "failed"}
MAX_CONTENT_BYTES = 1 << 30
POLL_SECONDS = 0.1, 2.0  # the first wait, and the longest
PROMPT = "A red ball rolls over green grass."
SEED = 7


class Failed(Exception):
    """The server does not do what its dialect says."""

    def __init__(self, expected: object, came: object) -> None:
        super().__init__(f"expected {expected}, came {_short(came)}")


def expect(condition: object, expected: object, came: object) -> None:
    """Hold the server to something.

    Raises:
        Failed: the condition is false.
    """
    if not condition:
        raise Failed(expected, came)


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked of the server."""

    url: str
    dialect: Habits
    size: str
    seconds: int
    key: str | None = None
    model: str | None = None
    wait_seconds: float = 900.0  # for one video
    step_seconds: float = 60.0  # for one answer


@dataclass
class Watched:
    """A video that was followed to its end."""

    id: str
    first: dict[str, Any]
    last: dict[str, Any]
    states: list[dict[str, Any]] = field(default_factory=list)


class Session:
    """One run against one server; remembers what it made."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.dialect = options.dialect
        self.made: list[str] = []
        headers = {"authorization": f"Bearer {options.key}"} if options.key else {}
        url = options.url.rstrip("/").removesuffix("/v1")
        self.http = httpx.Client(base_url=url, headers=headers, timeout=options.step_seconds)

    def close(self) -> None:
        """Delete what was made, where that is possible, and end."""
        if self.dialect.deleted:
            for video_id in self.made:
                try:
                    self.http.delete(path_of(video_id))
                except httpx.HTTPError:
                    break
        self.http.close()

    # ── requests ───────────────────────────────────────────────────────────────────────

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request, whatever comes.

        Raises:
            Failed: nothing comes.
        """
        try:
            return self.http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise Failed(f"an answer to {method} {path}", type(error).__name__) from error

    def ask_as(self, key: str | None, method: str, path: str) -> httpx.Response:
        """One request with another key, or with none.

        Raises:
            Failed: nothing comes.
        """
        request = self.http.build_request(method, path)
        request.headers.pop("authorization", None)
        if key is not None:
            request.headers["authorization"] = f"Bearer {key}"
        try:
            return self.http.send(request)
        except httpx.HTTPError as error:
            raise Failed(f"an answer to {method} {path}", type(error).__name__) from error

    def ask_json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """One request that must succeed with a JSON object.

        Raises:
            Failed: it does not.
        """
        answer = self.ask(method, path, **options)
        expect(answer.status_code == 200, f"200 for {method} {path}", _told(answer))
        return as_object(answer)

    def fields(self, **changes: Any) -> dict[str, Any]:
        """The fields of an ordinary request in this dialect; a change to None leaves one out."""
        dialect, options = self.dialect, self.options
        fields = {
            "prompt": PROMPT,
            "seconds": dialect.seconds_as[0](options.seconds),
            "size": options.size,
            "model": self.model if dialect.model_is_required else options.model,
            "fps": dialect.fps,
            "seed": SEED if dialect.seed else None,
        }
        if dialect.sound:
            fields[dialect.sound] = True
        return {name: value for name, value in (fields | changes).items() if value is not None}

    def post(
        self,
        fields: Mapping[str, Any],
        *,
        body: Body | None = None,
        path: str = "/v1/videos",
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send fields in one of the dialect's ways, by default its first.

        Raises:
            Failed: nothing comes.
        """
        if (body or self.dialect.bodies[0]) == "json":
            return self.ask("POST", path, json=dict(fields), headers=headers)
        parts = {name: (None, _text(value)) for name, value in fields.items()}
        return self.ask("POST", path, files=parts, headers=headers)

    def create(self, fields: Mapping[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        """Ask for a video; the answer.

        Raises:
            Failed: it is refused, or the answer is no video.
        """
        answer = self.post(self.fields() if fields is None else fields, **options)
        expect(answer.status_code == 200, "200 for a video that is asked for", _told(answer))
        video = as_object(answer)
        expect(isinstance(video.get("id"), str) and video["id"], "an id", video)
        self.made.append(video["id"])
        return video

    def retrieve(self, video_id: str) -> dict[str, Any]:
        """The state of a video.

        Raises:
            Failed: there is none.
        """
        answer = self.ask("GET", path_of(video_id))
        video = as_object(answer)
        # vLLM-Omni answers a failed job with the status of its error, and with the video.
        is_told = answer.status_code == 200 or video.get("status") == "failed"
        expect(is_told, f"200 for GET {path_of(video_id)}", _told(answer))
        return video

    def follow(self, video: dict[str, Any]) -> Watched:
        """Ask for the state of a video until it ends.

        Raises:
            Failed: it does not end in time.
        """
        watched = Watched(video["id"], video, video, [video])
        deadline = time.monotonic() + self.options.wait_seconds
        wait, longest = POLL_SECONDS
        while watched.last.get("status") not in TERMINAL:
            if time.monotonic() > deadline:
                raise Failed(f"an end within {self.options.wait_seconds} s", watched.last)
            time.sleep(wait)
            wait = min(1.2 * wait, longest)
            watched.last = self.retrieve(watched.id)
            watched.states.append(watched.last)
        return watched

    def complete(self, video: dict[str, Any]) -> Watched:
        """Follow a video that must complete.

        Raises:
            Failed: it fails or does not end.
        """
        watched = self.follow(video)
        expect(watched.last["status"] == "completed", "a completed video", watched.last)
        return watched

    @cached_property
    def video(self) -> Watched:
        """One ordinary video, made at the first asking.

        Raises:
            Failed: it cannot be made.
        """
        return self.complete(self.create())

    @cached_property
    def model(self) -> str:
        """The model's name: the one asked for, or the first of the server's.

        Raises:
            Failed: there is none.
        """
        if self.options.model:
            return self.options.model
        models = self.ask_json("GET", "/v1/models").get("data")
        expect(isinstance(models, list) and models, "a model", models)
        return str(models[0].get("id"))  # type: ignore[index]

    def content(self, video_id: str) -> bytes:
        """The MP4 of a video.

        Raises:
            Failed: it cannot be had, or is larger than 1 GiB.
        """
        path = f"{path_of(video_id)}/content"
        deadline = time.monotonic() + self.options.wait_seconds
        data = bytearray()
        try:
            with self.http.stream("GET", path) as answer:
                expect(answer.status_code == 200, f"200 for GET {path}", answer.status_code)
                for piece in answer.iter_bytes():
                    data += piece
                    expect(len(data) < MAX_CONTENT_BYTES, "less than 1 GiB", "more")
                    expect(time.monotonic() < deadline, "content in time", f"{len(data)} bytes")
        except httpx.HTTPError as error:
            raise Failed(f"content of GET {path}", type(error).__name__) from error
        return bytes(data)

    def clip(self, video_id: str) -> Clip:
        """What is in the MP4 of a video.

        Raises:
            Failed: it cannot be had, or is none.
        """
        data = self.content(video_id)
        try:
            return read_clip(data)
        except ValueError as error:
            raise Failed("an MP4 that decodes", str(error)) from error

    def listed(self, **query: Any) -> list[str]:
        """The ids of a page of the list.

        Raises:
            Failed: the answer is no list.
        """
        page = self.ask_json("GET", "/v1/videos", params=query)
        data = page.get("data")
        is_list = isinstance(data, list) and all(isinstance(each, dict) for each in data)
        expect(page.get("object") == "list" and is_list, "a list of videos", page)
        return [str(each.get("id")) for each in data or []]

    def expect_refused(self, answer: httpx.Response, *statuses: int) -> None:
        """Hold the server to a refusal in its dialect's shape; without statuses, to any 4xx.

        Raises:
            Failed: it is none.
        """
        status, shape = answer.status_code, self.dialect.error
        is_right = status in statuses if statuses else 400 <= status < 500
        what = " or ".join(map(str, statuses)) or "a refusal (4xx)"
        expect(is_right, what, _told(answer))
        error = as_object(answer).get(shape.top)
        has_keys = not shape.keys or (isinstance(error, dict) and shape.keys <= error.keys())
        expect(
            error and has_keys,
            f"{{{shape.top!r}: …}} with {sorted(shape.keys) or 'a text'}",
            answer.text,
        )


def path_of(video_id: str) -> str:
    """Where a video is."""
    return f"/v1/videos/{quote(video_id, safe='')}"


def as_object(answer: httpx.Response) -> dict[str, Any]:
    """The body as a JSON object.

    Raises:
        Failed: it is none.
    """
    try:
        body = answer.json()
    except ValueError:
        _no_object(answer)
    return body if isinstance(body, dict) else _no_object(answer)


def _no_object(answer: httpx.Response) -> NoReturn:
    raise Failed("a JSON object", _told(answer))


def _told(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.text}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _short(came: object) -> str:
    text = came if isinstance(came, str) else repr(came)
    text = " ".join(text.split())
    return text if len(text) <= 300 else f"{text[:300]}…"
