"""The checks, in the order in which they run; each is a sentence, and a function that may fail."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.conformance.clips import Clip
from engine.conformance.habits import Body
from engine.conformance.session import (
    PROMPT,
    TERMINAL,
    Failed,
    Session,
    as_object,
    expect,
    path_of,
)

ORDER = ("queued", "in_progress", "completed")
UNKNOWN = "video_that_nobody_made"
SOUND_SLACK_SECONDS = 0.15  # of an encoder's frames


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a server does."""

    sentence: str
    run: Callable[[Session], None]
    is_offered: Callable[[Session], bool]


CHECKS: list[Check] = []
Register = Callable[[Callable[[Session], None]], Callable[[Session], None]]


def has(name: str) -> Callable[[Session], bool]:
    """Whether the dialect offers what it calls so."""
    return lambda session: bool(getattr(session.dialect, name))


def takes(body: Body, kind: type | None = None) -> Callable[[Session], bool]:
    """Whether the dialect takes such bodies, with the seconds as this kind."""

    def is_offered(session: Session) -> bool:
        dialect = session.dialect
        return body in dialect.bodies and (kind is None or kind in dialect.seconds_as)

    return is_offered


def check(sentence: str, is_offered: Callable[[Session], bool] = lambda _: True) -> Register:
    """Make a function one of the checks; they run in the order in which they are written."""

    def register(run: Callable[[Session], None]) -> Callable[[Session], None]:
        CHECKS.append(Check(sentence, run, is_offered))
        return run

    return register


# ── the server ────────────────────────────────────────────────────────────────────────


@check("its health is told")
def _health(session: Session) -> None:
    answer = session.ask("GET", session.dialect.health)
    expect(answer.status_code == 200, f"200 for {session.dialect.health}", answer.status_code)


@check("its models are listed")
def _models(session: Session) -> None:
    body = session.ask_json("GET", "/v1/models")
    data = body.get("data")
    are_models = isinstance(data, list) and data and all("id" in each for each in data)
    expect(body.get("object") == "list" and are_models, "a list of models", body)


@check("a wrong key is refused", lambda session: bool(session.options.key))
def _wrong_key(session: Session) -> None:
    for key in (None, "wrong"):
        for method in ("GET", "POST"):
            answer = session.ask_as(key, method, "/v1/videos")
            came = f"{answer.status_code} {answer.text}"
            expect(answer.status_code in {401, 403}, f"401 or 403 for {method}", came)
            expect("error" in as_object(answer), "an error", answer.text)


# ── asking for a video ────────────────────────────────────────────────────────────────


@check("a video is asked for by JSON, seconds as a string", takes("json", str))
def _created_by_json_with_text(session: Session) -> None:
    fields = session.fields(seconds=str(session.options.seconds))
    _expect_video(session.create(fields, body="json"), session)


@check("a video is asked for by JSON, seconds as a number", takes("json", int))
def _created_by_json_with_a_number(session: Session) -> None:
    fields = session.fields(seconds=session.options.seconds)
    _expect_video(session.create(fields, body="json"), session)


@check("a video is asked for by a form", takes("form"))
def _created_by_form(session: Session) -> None:
    _expect_video(session.create(body="form"), session)


def _expect_video(video: dict[str, Any], session: Session) -> None:
    dialect = session.dialect
    for name, kinds in {
        "id": (str,),
        "created_at": (int,),
        "seconds": (str,),
        "progress": (int,) if dialect.progress else (int, type(None)),
        "model": (str,),
    }.items():
        expect(isinstance(video.get(name), kinds), f"{name!r} as {kinds[0].__name__}", video)
    expect(video.get("object") == "video", "'object' to be 'video'", video)
    expect(video.get("status") in ORDER, f"'status' to be one of {ORDER}", video)
    expect(video.get("error") is None, "'error' to be null", video)
    if dialect.has_size:
        expect(video.get("size") == session.options.size, "the size that was asked for", video)
    asked = str(session.options.seconds)
    expect(video["seconds"] == asked, f"'seconds' to be {asked!r}", video)


@check("a video without a prompt is refused")
def _missing_prompt(session: Session) -> None:
    _expect_no_job(session, session.fields(prompt=None))


@check("bad fields are refused, and no job is made", has("bad_fields"))
def _bad_fields(session: Session) -> None:
    for name, values in session.dialect.bad_fields.items():
        for value in values:
            try:
                _expect_no_job(session, session.fields() | {name: value})
            except Failed as failed:
                raise Failed(f"{name}={value!r} refused", str(failed)) from failed


def _expect_no_job(session: Session, fields: dict[str, Any]) -> None:
    before = session.listed()
    answer = session.post(fields)
    if answer.is_success:
        session.made.append(str(as_object(answer).get("id")))
    session.expect_refused(answer)
    after = session.listed()
    expect(after == before, "no job made", f"{len(after) - len(before)} more in the list")


# ── a video ───────────────────────────────────────────────────────────────────────────


@check("a video completes and has its shape")
def _object_shape(session: Session) -> None:
    _expect_video(session.video.last, session)
    if session.dialect.id_is_kept:
        told = session.video.last["id"]
        expect(told == session.video.id, f"the id {session.video.id!r} again", told)


@check("its status only moves forward")
def _status_moves_forward(session: Session) -> None:
    seen = [state.get("status") for state in session.video.states]
    known = [status for status in seen if status in ORDER]
    expect(known == seen, f"only {ORDER}", seen)
    expect(sorted(known, key=ORDER.index) == known, "only forward", seen)
    if not session.dialect.in_progress:
        expect("in_progress" not in seen, "no 'in_progress'", seen)


@check("its progress only grows")
def _progress_grows(session: Session) -> None:
    told = [state.get("progress") for state in session.video.states]
    numbers = [each for each in told if isinstance(each, int)]
    expect(sorted(numbers) == numbers, "numbers that only grow", told)
    expect(all(0 <= each <= 100 for each in numbers), "0 to 100", told)
    if session.dialect.progress:
        expect(numbers[-1:] == [100], "100 at the end", told)


@check("its content is a video of the size and length asked for")
def _content(session: Session) -> None:
    clip = session.clip(session.video.id)
    _expect_clip(clip, session, seconds=session.options.seconds)
    if session.dialect.sound:
        _expect_sound(clip)


@check("a silent video is silent", has("sound"))
def _silence(session: Session) -> None:
    silent = session.fields(**{str(session.dialect.sound): False})
    clip = session.clip(session.complete(session.create(silent)).id)
    expect(clip.sound_seconds == 0, "no sound", f"{clip.sound_seconds} s of it")


def _expect_clip(clip: Clip, session: Session, *, seconds: int) -> None:
    dialect = session.dialect
    size = f"{clip.width_px}x{clip.height_px}"
    expect(size == session.options.size, f"pictures of {session.options.size}", size)
    expect(clip.rate > 0, "a frame rate", clip.rate)
    if dialect.fps:
        expect(clip.rate == dialect.fps, f"{dialect.fps} frames a second", clip.rate)
    asked = round(seconds * clip.rate)
    is_right = abs(clip.frames - asked) <= dialect.frame_slack
    expect(is_right, f"{asked} frames (±{dialect.frame_slack})", clip.frames)


def _expect_sound(clip: Clip) -> None:
    pictures = clip.frames / clip.rate
    is_right = abs(clip.sound_seconds - pictures) <= SOUND_SLACK_SECONDS
    expect(is_right, f"sound of {pictures:.2f} s", f"{clip.sound_seconds:.2f} s")


@check("a range of the content is that range", has("ranges"))
def _ranges(session: Session) -> None:
    whole = session.content(session.video.id)
    path = f"{path_of(session.video.id)}/content"
    answer = session.ask("GET", path, headers={"range": "bytes=10-109"})
    expect(answer.status_code == 206, "206 for a range", answer.status_code)
    expect(answer.content == whole[10:110], "those 100 bytes", f"{len(answer.content)} bytes")
    told = answer.headers.get("content-range")
    expect(told == f"bytes 10-109/{len(whole)}", "a Content-Range that says so", told)


@check("stills of a video are pictures", has("variants"))
def _stills(session: Session) -> None:
    for variant in session.dialect.variants:
        path = f"{path_of(session.video.id)}/content"
        answer = session.ask("GET", path, params={"variant": variant})
        kind = answer.headers.get("content-type", "")
        is_image = answer.status_code == 200 and kind.startswith("image/") and answer.content
        expect(is_image, f"a picture for variant={variant}", f"{answer.status_code} {kind}")


@check("content that is not there yet is refused")
def _not_yet(session: Session) -> None:
    video = session.create()
    answer = session.ask("GET", f"{path_of(video['id'])}/content")
    if answer.status_code == 200:  # it was quick: then it must be there
        session.complete(video)
    else:
        session.expect_refused(answer)


@check("an unknown id is 404")
def _unknown(session: Session) -> None:
    session.expect_refused(session.ask("GET", path_of(UNKNOWN)), 404)
    session.expect_refused(session.ask("GET", f"{path_of(UNKNOWN)}/content"), 404)
    if session.dialect.deleted:
        session.expect_refused(session.ask("DELETE", path_of(UNKNOWN)), 404)


# ── several ───────────────────────────────────────────────────────────────────────────


@check("videos are listed, in both orders and after one")
def _listing(session: Session) -> None:
    made = [session.create()["id"] for _ in range(2)]
    newest = session.listed(limit=100)
    expect(set(made) <= set(newest), f"{made} in the list", newest)
    oldest = session.listed(limit=100, order="asc")
    expect(oldest == newest[::-1], "the other order with order=asc", oldest)
    page = session.listed(limit=1)
    expect(page == newest[:1], f"{newest[:1]} with limit=1", page)
    after = session.listed(limit=1, after=newest[0])
    expect(after == newest[1:2], f"{newest[1:2]} after {newest[0]}", after)


@check("a list is read page by page", has("cursor"))
def _cursor(session: Session) -> None:
    session.create()
    session.create()
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 1}
    while True:
        page = session.ask_json("GET", "/v1/videos", params=query)
        ids = [each["id"] for each in page["data"]]
        ends = page.get("first_id"), page.get("last_id")
        expect(ends == (ids[0], ids[-1]), "first_id and last_id of the page", page)
        expect(not set(ids) & set(seen), "no video twice", ids)
        seen += ids
        if not page.get("has_more") or len(seen) > 1000:
            break
        query["after"] = page["last_id"]
    listed = session.listed(limit=100)
    expect(seen[:100] == listed, "every video, page by page", f"{len(seen)} of {len(listed)}")


@check("a deleted video is gone", has("deleted"))
def _deletion(session: Session) -> None:
    video = session.complete(session.create())
    _expect_deleted(session, video.id)


@check("deleting cancels a job that runs", has("cancels"))
def _cancelling(session: Session) -> None:
    video = session.create()
    deadline = time.monotonic() + session.options.wait_seconds
    while (state := session.retrieve(video["id"]))["status"] not in {"in_progress", *TERMINAL}:
        expect(time.monotonic() < deadline, "a job that begins", state)
        time.sleep(0.05)
    _expect_deleted(session, video["id"])
    session.complete(session.create())  # the next is not held up


def _expect_deleted(session: Session, video_id: str) -> None:
    body = session.ask_json("DELETE", path_of(video_id))
    expected = dict(session.dialect.deleted or {})
    expect(expected.items() <= body.items(), expected, body)
    session.expect_refused(session.ask("GET", path_of(video_id)), 404)
    expect(video_id not in session.listed(limit=100), "it gone from the list", "it is in it")


@check("the same seed makes the same pictures", has("seed"))
def _same_seed(session: Session) -> None:
    again = session.clip(session.complete(session.create()).id)
    first = session.clip(session.video.id)
    expect(again.pictures_sha256 == first.pictures_sha256, "the same pictures", "others")


@check("the same idempotency key makes one video", has("idempotency"))
def _same_key(session: Session) -> None:
    headers = {"idempotency-key": f"conformance-{time.time_ns()}"}
    first, second = (session.create(headers=headers)["id"] for _ in range(2))
    expect(first == second, f"{first} again for the same key", second)
    other = session.post(session.fields(prompt="Something else."), headers=headers)
    session.expect_refused(other, 409)


# ── what builds on a video ────────────────────────────────────────────────────────────


@check("a video is remixed", has("remix"))
def _remix(session: Session) -> None:
    path = f"{path_of(session.video.id)}/remix"
    _expect_made(session, path, {"prompt": "At night."}, seconds=session.options.seconds)


@check("a video is edited", has("edits"))
def _edit(session: Session) -> None:
    fields = {"prompt": "At night.", "video": {"id": session.video.id}}
    _expect_made(session, "/v1/videos/edits", fields, seconds=session.options.seconds)


@check("a video is extended", has("extensions"))
def _extension(session: Session) -> None:
    seconds = session.options.seconds
    fields = {"prompt": PROMPT, "seconds": str(seconds), "video": {"id": session.video.id}}
    _expect_made(session, "/v1/videos/extensions", fields, seconds=2 * seconds)


def _expect_made(session: Session, path: str, fields: dict[str, Any], *, seconds: int) -> None:
    video = session.complete(session.create(fields, path=path, body="json"))
    told = video.last.get("seconds")
    expect(told == str(seconds), f"'seconds' to be {str(seconds)!r}", told)
    _expect_clip(session.clip(video.id), session, seconds=seconds)


@check("characters are kept", has("characters"))
def _characters(session: Session) -> None:
    file = ("ada.mp4", session.content(session.video.id), "video/mp4")
    made = session.ask_json(
        "POST", "/v1/videos/characters", data={"name": "Ada"}, files={"video": file}
    )
    expect(made.get("name") == "Ada" and isinstance(made.get("id"), str), "Ada with an id", made)
    path = f"/v1/videos/characters/{made['id']}"
    told = session.ask_json("GET", path)
    expect(told.get("name") == "Ada", "Ada again", told)
    session.expect_refused(session.ask("GET", f"{path}x"), 404)
    if session.dialect.forgets_characters:
        session.ask_json("DELETE", path)
        session.expect_refused(session.ask("GET", path), 404)
