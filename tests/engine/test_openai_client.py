"""Every method of OpenAI's client for videos, unmodified, that `test_operations.py` has not."""

import asyncio
import base64
import io

import av
import httpx
import openai
import pytest
from PIL import Image

from tests.engine.examples import GreyEngine
from tests.engine.grey import SIZE, key, picture, until
from tests.fakes.engine import served

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")


def made(official, **fields):
    return official.videos.create_and_poll(
        prompt="a", **{"seconds": "1", "size": SIZE, "poll_interval_ms": 20, **fields}
    )


def test_a_video_without_any_option_is_made_with_the_defaults(official):
    video = official.videos.create(prompt="a")
    assert (video.seconds, video.size, video.model) == ("3", SIZE, "grey")
    assert (video.object, video.status, video.error) == ("video", "queued", None)
    assert video.prompt == "a"


# By its types, version 3.51 takes `input_reference={"image_url": …}`; by its code, files alone.
def by_url(url: str) -> dict:
    return {"extra_body": {"input_reference": {"image_url": url}}}


@pytest.mark.parametrize(
    "fields",
    [
        {"input_reference": picture()},
        {"input_reference": io.BytesIO(picture())},
        {"input_reference": ("a.png", picture(), "image/png")},
        by_url(f"data:image/png;base64,{base64.b64encode(picture()).decode()}"),
    ],
)
def test_a_reference_may_be_bytes_a_file_or_a_data_url(official, running, fields):
    assert made(official, **fields).status == "completed"
    assert running.engine.asked[0].input_reference == picture()


@pytest.mark.parametrize(
    "fields",
    [
        {"input_reference": b"text"},
        by_url("https://a.test/a.png"),
        {"extra_body": {"input_reference": {"file_id": "file_1"}}},
    ],
)
def test_a_reference_that_is_no_picture_or_only_a_name_is_refused(official, running, fields):
    with pytest.raises(openai.BadRequestError) as refused:
        official.videos.create(prompt="a", **fields)
    assert refused.value.param == "input_reference"
    assert official.videos.list().data == []


def test_a_list_pages_itself_by_its_cursor_in_both_orders(official):
    ids = [made(official).id for _ in range(5)]
    assert [video.id for video in official.videos.list(limit=2)] == ids[::-1]
    assert [video.id for video in official.videos.list(limit=2, order="asc")] == ids
    assert [video.id for video in official.videos.list(after=ids[3])] == ids[2::-1]
    page = official.videos.list(limit=2)
    assert (page.has_more, page.last_id, page.has_next_page()) == (True, ids[3], True)
    assert not official.videos.list(limit=5).has_next_page()


def test_every_variant_downloads_whole_or_in_a_stream(official, tmp_path):
    video = made(official)
    with av.open(io.BytesIO(official.videos.download_content(video.id).read())) as clip:
        assert clip.streams.video[0].frames == 24
    still = official.videos.download_content(video.id, variant="thumbnail").read()
    assert Image.open(io.BytesIO(still)).format == "WEBP"
    with official.videos.with_streaming_response.download_content(
        video.id, variant="spritesheet"
    ) as answer:
        answer.stream_to_file(tmp_path / "sheet.jpg")
    assert Image.open(io.BytesIO((tmp_path / "sheet.jpg").read_bytes())).format == "JPEG"


def test_poll_goes_on_from_any_state_and_tells_a_failure(official, running):
    running.engine.may_render.clear()
    video = official.videos.create(prompt="a", seconds="1")
    running.engine.may_render.set()
    assert official.videos.poll(video.id, poll_interval_ms=20).status == "completed"
    assert official.videos.poll(video.id).completed_at >= video.created_at


def test_deleting_is_final(official):
    video = made(official)
    gone = official.videos.delete(video.id)
    assert (gone.id, gone.deleted, gone.object) == (video.id, True, "video.deleted")
    for ask in (official.videos.retrieve, official.videos.delete):
        with pytest.raises(openai.NotFoundError) as missing:
            ask(video.id)
        assert missing.value.code == "video_not_found"


def test_the_same_idempotency_key_is_the_same_video(official):
    header = {"Idempotency-Key": key()}
    first, second = (official.videos.create(prompt="a", extra_headers=header) for _ in range(2))
    assert first.id == second.id
    with pytest.raises(openai.ConflictError):
        official.videos.create(prompt="b", extra_headers=header)


@pytest.mark.parametrize("fields", [{"audio": False}, {"generate_sound": False}])
def test_sound_is_left_out_by_either_name(official, running, fields):
    official.videos.create(prompt="a", extra_body=fields)
    made(official, extra_body=dict.fromkeys(fields, True) | {"audio": True})
    until(lambda: len(running.engine.asked) == 2)
    assert [request.audio for request in running.engine.asked] == [False, True]


def test_models_are_told_and_what_is_not_there_is_not_found(official):
    assert official.models.retrieve("grey").owned_by == "vignette"
    with pytest.raises(openai.NotFoundError):
        official.models.retrieve("sora-2")
    with pytest.raises(openai.BadRequestError) as refused:
        official.videos.create(prompt="a", model="sora-2")
    assert refused.value.code == "model_not_found"


def test_what_is_not_ready_conflicts(official, running):
    running.engine.may_render.clear()
    video = official.videos.create(prompt="a", seconds="1")
    with pytest.raises(openai.ConflictError) as early:
        official.videos.download_content(video.id)
    assert early.value.code == "video_not_ready"
    with pytest.raises(openai.ConflictError):
        official.videos.remix(video.id, prompt="invert")


def test_a_wrong_key_is_an_authentication_error(tmp_path):
    with served(GreyEngine(), tmp_path, key="right") as running:
        until(lambda: httpx.get(running.url + "/health").status_code == 200)
        options = {"base_url": f"{running.url}/v1", "max_retries": 0}
        with openai.OpenAI(api_key="wrong", **options) as client:
            with pytest.raises(openai.AuthenticationError) as denied:
                client.videos.list()
            assert denied.value.code == "invalid_api_key"
        with openai.OpenAI(api_key="right", **options) as client:
            assert client.videos.list().data == []


def test_the_asynchronous_client_does_the_same(running):
    async def story() -> tuple[str | None, list[str], bytes]:
        async with openai.AsyncOpenAI(base_url=f"{running.url}/v1", api_key="any") as client:
            video = await client.videos.create_and_poll(
                prompt="a", seconds="1", size=SIZE, poll_interval_ms=20
            )
            edited = await client.videos.remix(video.id, prompt="invert")
            edited = await client.videos.poll(edited.id, poll_interval_ms=20)
            listed = [each.id async for each in client.videos.list(limit=1)]
            content = await client.videos.download_content(edited.id)
            await client.videos.delete(video.id)
            return edited.remixed_from_video_id, listed, content.content

    source, listed, content = asyncio.run(story())
    assert (len(listed), listed[1]) == (2, source)
    assert content[4:8] == b"ftyp"
