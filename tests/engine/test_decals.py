import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from engine.contracts import VideoRequest
from engine.engines.scene.frames.atlas import SIDE
from engine.engines.scene.frames.decals import atlas_of, linear_light, set_text, worn_face
from engine.engines.scene.frames.faces import design_of, draw_face
from engine.engines.scene.frames.pen import DRAWN_PX
from engine.engines.scene.frames.shapes import DECAL
from engine.engines.scene.frames.solids import Solids
from engine.engines.scene.pictures import draw
from engine.engines.scene.production import produce
from engine.engines.scene.scene.solids import Body, Decal, Part
from engine.engines.scene.scene.world import World
from engine.engines.scene.speech.spoken import Mouth
from engine.errors import RequestRejected

BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def ink(text: str, aspect: float = 1.0) -> np.ndarray:
    """Alpha of a text's decal, brought back to the proportions of its sign."""
    image = set_text(text, aspect, BLACK)
    tall = round(DRAWN_PX / aspect)
    return np.asarray(image.resize((DRAWN_PX, tall)).getchannel("A"), float) / 255.0


def alpha(image: Image.Image) -> np.ndarray:
    return np.asarray(image.getchannel("A"), float) / 255.0


def part(decal: Decal, size=(0.5, 0.02, 0.25), colour=(0.9, 0.9, 0.9)) -> Part:
    request = VideoRequest(prompt="a wooden crate", seconds=1, seed=1)
    sample = produce(request, 1, lambda: False).shots[0].world.bodies[0].parts[0]
    return Part(
        shape="box",
        size=size,
        at=np.zeros(3),
        rotation=np.eye(3),
        material=sample.material,
        colour=colour,
        second=colour,
        pattern="plain",
        glow=0.0,
        decal=decal,
    )


def world_of(*parts: Part) -> World:
    request = VideoRequest(prompt="a wooden crate", seconds=1, seed=1)
    place = produce(request, 1, lambda: False).shots[0].world.place
    return World(bodies=tuple(Body("sign", (p,)) for p in parts), place=place)


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def glyph_runs(picture: np.ndarray) -> int:
    """Groups of columns with ink: the letters, where none touches the next."""
    inked = picture.max(axis=0) > 0.5
    return int((np.diff(np.concatenate([[0], inked.astype(int)])) == 1).sum())


def matches(picture: np.ndarray, letter: str) -> float:
    """Best correlation of a letter of the same font with its place in the picture."""
    rows, columns = np.nonzero(picture > 0.5)
    tight = picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    canvas = Image.new("L", (400, 400))
    pen = ImageDraw.Draw(canvas)
    pen.text((100, 100), letter, font=ImageFont.load_default(160), fill=255, stroke_width=7)
    drawn = np.asarray(canvas, float) / 255.0
    rows, columns = np.nonzero(drawn > 0.5)
    glyph = drawn[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    wanted = np.asarray(
        Image.fromarray((glyph * 255).astype(np.uint8)).resize(tight.shape[::-1]), float
    )
    return float(np.corrcoef(tight.ravel(), wanted.ravel())[0, 1])


@pytest.mark.parametrize("letter", ["A", "E", "H", "R", "W", "7"])
def test_a_letter_on_a_sign_is_that_letter(letter):
    scores = {other: matches(ink(letter), other) for other in "AEHRW7"}
    assert max(scores, key=scores.get) == letter
    assert scores[letter] > 0.9


@pytest.mark.parametrize(("text", "letters"), [("HI", 2), ("STOP", 4), ("HELLO", 5), ("MUSEUM", 6)])
def test_a_word_has_as_many_letters_as_it_should(text, letters):
    assert glyph_runs(ink(text, aspect=2.0)) == letters


def test_words_fill_their_sign_and_stay_inside_it():
    for text, aspect in (("STOP", 1.0), ("Lemonade 5 cents", 1.5), ("Vignette", 3.0), ("A", 1.0)):
        picture = ink(text, aspect)
        rows, columns = np.nonzero(picture > 0.5)
        height, width = picture.shape
        assert 0.04 * width < columns.min() < columns.max() < 0.96 * width
        assert 0.02 * height < rows.min() < rows.max() < 0.98 * height
        assert max(np.ptp(columns) / width, np.ptp(rows) / height) > 0.5


def test_a_long_text_is_broken_into_lines():
    picture = ink("the quick brown fox jumps over the lazy dog")
    inked = picture.max(axis=1) > 0.5
    lines = int((np.diff(np.concatenate([[0], inked.astype(int)])) == 1).sum())
    assert lines >= 3


def test_words_are_dark_on_pale_and_pale_on_dark():
    pale, dark = Decal("text", "PALE"), Decal("text", "DARK")
    atlas = atlas_of(
        world_of(part(pale, colour=(0.9, 0.9, 0.9)), part(dark, colour=(0.02, 0.02, 0.02)))
    )
    on_pale, on_dark = (atlas.images[atlas.index[decal][0]] for decal in (pale, dark))
    assert on_pale[on_pale[..., 3] > 0.9][:, :3].mean() < 0.1
    assert on_dark[on_dark[..., 3] > 0.9][:, :3].mean() > 0.8


def test_empty_text_and_letters_without_a_glyph_are_no_error():
    for text in ("", "   ", "日本語", "🎈", "x" * 500):
        assert set_text(text, 1.5, BLACK).size == (DRAWN_PX, DRAWN_PX)


@pytest.mark.parametrize("name", ["woman", "man", "girl", "robot", "dog"])
def test_each_mouth_looks_different_and_eyes_close(name):
    design = design_of(name)
    faces = [np.asarray(draw_face(design, m, blink=False), int) for m in Mouth]
    for i, a in enumerate(faces):
        for b in faces[i + 1 :]:
            assert np.abs(a - b).max() > 60
    below = np.s_[DRAWN_PX * 2 // 3 :]
    for face in faces[1:]:  # only the mouth moves
        assert (face[: DRAWN_PX // 2] == faces[0][: DRAWN_PX // 2]).all()
    closed = np.asarray(draw_face(design, Mouth.CLOSED, blink=True), int)
    assert np.abs(closed[: DRAWN_PX // 2] - faces[0][: DRAWN_PX // 2]).max() > 60
    assert np.abs(closed[below] - faces[0][below]).max() < 60


def test_open_mouths_are_larger_than_small_ones():
    design = design_of("woman")

    def opening(mouth: Mouth) -> int:
        face = np.asarray(draw_face(design, mouth, blink=False), int)
        lower = face[DRAWN_PX * 6 // 10 :]
        dark = (lower[..., 3] > 200) & (lower[..., 0] < 110) & (lower[..., 1] < 60)
        return int(dark.sum())

    assert opening(Mouth.CLOSED) < opening(Mouth.SMALL) < opening(Mouth.OPEN)
    assert opening(Mouth.SMALL) < opening(Mouth.ROUND)


def test_faces_leave_the_skin_free_and_have_eyes_with_highlights():
    face = np.asarray(draw_face(design_of("woman"), Mouth.CLOSED, blink=False))
    assert (face[..., 3] < 10).mean() > 0.5
    white = (face[..., :3].min(axis=2) > 245) & (face[..., 3] > 200)
    left, right = white[:, : DRAWN_PX // 2].sum(), white[:, DRAWN_PX // 2 :].sum()
    assert min(left, right) > 40
    assert max(left, right) < 1.8 * min(left, right)


def test_the_same_name_has_the_same_face_and_others_have_others():
    assert design_of("Ana") == design_of("Ana")
    assert len({design_of(f"person {i}") for i in range(12)}) > 8
    assert [design_of(n).nature for n in ("woman 2", "man", "little girl", "robot", "dog 1")] == [
        "woman", "man", "child", "robot", "animal"
    ]  # fmt: skip


def test_a_lent_face_has_a_soft_oval_edge_and_a_chin_that_goes_down():
    y, x = np.mgrid[0:256, 0:256]
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[..., 0], stripes[..., 1] = y, x
    face = Image.fromarray(stripes)
    closed, opened = worn_face(face, Mouth.CLOSED), worn_face(face, Mouth.OPEN)
    edge = alpha(closed)
    assert edge[128, 128] == 1.0
    assert edge[4, 4] == edge[0, 128] == 0.0
    assert 0.02 < ((edge > 0.05) & (edge < 0.95)).mean() < 0.5
    a, b = np.asarray(closed, int), np.asarray(opened, int)
    assert (a[:170] == b[:170]).all()
    # What was at the chin is seen lower; the mouth between is dark.
    assert b[230, 60, 0] < a[230, 60, 0] - 3
    assert b[196, 128].tolist()[0] < 120


def test_an_atlas_holds_every_decal_once_in_linear_light():
    lent = Decal("face", "@ana", png(Image.new("RGB", (200, 300), (188, 188, 188))))
    drawn, text = Decal("face", "woman"), Decal("text", "OPEN")
    atlas = atlas_of(world_of(part(lent), part(drawn), part(text), part(text)))
    assert [len(atlas.index[d]) for d in (lent, drawn, text)] == [5, 10, 1]
    assert atlas.images.shape == (16, SIDE, SIDE, 4)
    assert atlas.images.dtype == np.float32
    middle = atlas.images[atlas.index[lent][0], SIDE // 2, SIDE // 2]
    assert middle == pytest.approx((0.503, 0.503, 0.503, 1.0), abs=0.01)  # sRGB 188 is half light


def test_a_world_without_decals_has_an_empty_atlas():
    request = VideoRequest(prompt="a red ball", seconds=1, seed=1)
    assert atlas_of(produce(request, 1, lambda: False).shots[0].world).index == {}


def test_a_picture_fills_its_board_without_being_squeezed():
    image = Image.new("RGB", (400, 100), BLACK)
    ImageDraw.Draw(image).ellipse((150, 0, 250, 100), fill=WHITE)
    decal = Decal("image", image=png(image))
    board = part(decal, size=(1.0, 0.02, 0.5))  # twice as wide as high
    atlas = atlas_of(world_of(board))
    bright = atlas.images[atlas.index[decal][0]][..., 0] > 0.5
    rows, columns = np.nonzero(bright)
    assert 2.0 * np.ptp(columns) / np.ptp(rows) == pytest.approx(1.0, abs=0.06)


def test_bytes_that_are_no_picture_are_rejected():
    for data in (b"", b"not a picture", png(Image.new("RGB", (64, 64)))[:60]):
        with pytest.raises(RequestRejected):
            atlas_of(world_of(part(Decal("face", "@ana", data))))


def test_transparent_pixels_lend_no_colour():
    image = Image.new("RGBA", (DRAWN_PX, DRAWN_PX), (0, 255, 0, 0))
    ImageDraw.Draw(image).rectangle((0, 0, DRAWN_PX, 101), fill=(255, 0, 0, 255))
    light = linear_light(image)
    edge = light[(light[..., 3] > 0.01) & (light[..., 3] < 0.99)]
    assert edge.size == 0 or edge[:, 1].max() < 0.01


@pytest.mark.parametrize("style", ["", ", cartoon", ", watercolour", ", oil painting"])
def test_the_words_of_a_sign_are_read_in_a_frame(style):
    prompt = f'A street sign that says "VIGNETTE" in the snow{style}'
    film = produce(VideoRequest(prompt, seconds=1, size="640x360", seed=25), 25, lambda: False)
    frame = cv2.cvtColor(next(iter(draw(film, frames=[12]))), cv2.COLOR_RGB2GRAY)
    canvas = Image.new("L", (1400, 300), 255)
    font = ImageFont.load_default(200)
    ImageDraw.Draw(canvas).text((100, 20), "VIGNETTE", font=font, fill=0, stroke_width=8)
    rows, columns = np.nonzero(np.asarray(canvas) < 128)
    word = np.asarray(canvas)[
        rows.min() - 20 : rows.max() + 20, columns.min() - 20 : columns.max() + 20
    ]
    found = 0.0
    for width in range(80, 320, 8):
        size = (width, round(width * word.shape[0] / word.shape[1]))
        small = cv2.resize(word, size, interpolation=cv2.INTER_AREA)
        found = max(found, float(cv2.matchTemplate(frame, small, cv2.TM_CCOEFF_NORMED).max()))
    assert found > 0.6


def corner_lift(name: str, expression: str) -> float:
    """How much higher the corners of a silent mouth are than its middle, half heads."""
    face = draw_face(design_of(name), Mouth.CLOSED, blink=False, expression=expression)
    below = alpha(face)[int(0.67 * DRAWN_PX) :, int(0.25 * DRAWN_PX) : int(0.75 * DRAWN_PX)] > 0.6
    columns = np.nonzero(below.any(axis=0))[0]
    rows = [float(np.nonzero(below[:, x])[0].max()) for x in columns]
    edge = max(2, len(rows) // 8)
    middle = rows[len(rows) // 2 - edge : len(rows) // 2 + edge]
    return float(np.mean(middle) - np.mean([*rows[:edge], *rows[-edge:]])) / (0.5 * DRAWN_PX)


@pytest.mark.parametrize("name", ["woman", "girl", "robot"])
def test_corners_of_the_mouth_go_up_in_a_smile_and_down_in_grief(name):
    def lift(expression: str) -> float:
        if name != "robot":
            return corner_lift(name, expression)
        lamps = lit(name, expression)[int(0.64 * DRAWN_PX) :]
        rows, columns = np.nonzero(lamps)
        aside = np.abs(columns - 0.5 * DRAWN_PX) > 0.1 * DRAWN_PX
        return (rows[~aside].mean() - rows[aside].mean()) / (0.5 * DRAWN_PX)

    assert lift("smiling") > 0.04
    assert lift("laughing") > 0.04
    assert lift("sad") < -0.04
    assert lift("angry") < -0.03


def lit(name: str, expression: str) -> np.ndarray:
    """Where a robot's lamps are."""
    face = draw_face(design_of(name), Mouth.CLOSED, blink=False, expression=expression)
    return np.asarray(face)[..., 1] > 200


def test_a_laugh_shows_teeth_and_grief_tears():
    def share(expression: str | None, colour: tuple[int, int, int]) -> float:
        face = draw_face(design_of("woman"), Mouth.CLOSED, blink=True, expression=expression)
        rgba = np.asarray(face, int)
        near = np.abs(rgba[..., :3] - colour).max(axis=2) < 12
        return float((near & (rgba[..., 3] > 200)).mean())

    teeth, tears = (250, 247, 240), (168, 214, 246)
    assert share(None, teeth) == share("sad", teeth) == 0.0
    assert share("laughing", teeth) > 0.008
    assert share("sad", tears) == 0.0
    assert share("crying", tears) > 0.001


def test_an_angry_brow_comes_down_inside_and_a_sad_one_goes_up():
    def inner_brow(expression: str | None) -> float:
        design = design_of("girl")
        image = draw_face(design, Mouth.CLOSED, blink=True, expression=expression)
        u, top = int((0.5 - 0.09) * DRAWN_PX), int(0.4 * DRAWN_PX)
        column = alpha(image)[:top, u - 3 : u + 3].max(axis=1) > 0.6
        return float(np.nonzero(column)[0].mean())

    assert inner_brow("angry") > inner_brow(None) + 4
    assert inner_brow("sad") < inner_brow(None) - 4


def test_a_laughing_mouth_opens_and_closes_and_a_sad_one_does_not():
    for said, moves in (("laughing", True), ("sad", False)):
        film = produce(VideoRequest(prompt=f"a {said} woman", seconds=1), 1, lambda: False)
        shot = film.shots[0]
        solids = Solids(shot.world, shot.motion, atlas_of(shot.world), {})
        shown = {int(solids.at(frame)[:, DECAL].max()) % len(Mouth) for frame in range(0, 16, 2)}
        assert (len(shown) > 1) == moves
