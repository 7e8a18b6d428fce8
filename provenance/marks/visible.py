"""The visible mark: a small badge that says AI made this, and whose clip it is.

EU AI Act (Regulation 2024/1689) Art. 50(4) asks for a disclosure that people notice; Art. 50(2)
is the business of the invisible mark and the manifest.
"""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

AI_LABEL = "AI GENERATED"
_INSTANCE_NAME = "Vignette"
_TEXT_SHARE = 0.036  # of the clip's shorter side: 13 px at 360
_MAX_WIDTH_SHARE = 0.8
_SUPERSAMPLING = 4
_PLATE = (12, 12, 16, 120)
_PILL = (255, 255, 255, 225)
_PILL_TEXT = (16, 16, 20, 255)
_TEXT = (255, 255, 255, 235)


def draw_badge(author_handle: str, width_px: int, height_px: int, to: Path) -> None:
    """Write the badge for a clip of this size as a transparent PNG, overwriting `to`.

    A dark translucent plate keeps the white text legible on any picture; a long handle makes the
    text smaller rather than being cut.
    """
    text_px = min(width_px, height_px) * _TEXT_SHARE * _SUPERSAMPLING
    most_px = width_px * _MAX_WIDTH_SHARE * _SUPERSAMPLING
    badge = _badge(author_handle, text_px)
    if badge.width > most_px:
        badge = _badge(author_handle, text_px * most_px / badge.width)
    size = (max(1, badge.width // _SUPERSAMPLING), max(1, badge.height // _SUPERSAMPLING))
    badge.resize(size, Image.Resampling.LANCZOS).save(to, format="PNG")


def _badge(author_handle: str, text_px: float) -> Image.Image:
    small = ImageFont.load_default(text_px * 0.8)
    large = ImageFont.load_default(text_px)
    handle, instance = f"@{author_handle}", f" · {_INSTANCE_NAME}"
    label_width = small.getlength(AI_LABEL)
    handle_width, instance_width = large.getlength(handle), small.getlength(instance)
    gap = text_px * 0.45
    pill_width, pill_height = label_width + 1.6 * gap, text_px * 1.3
    width = 2 * gap + pill_width + gap + handle_width + instance_width + gap * 0.4
    height = pill_height + 1.3 * gap
    badge = Image.new("RGBA", (round(width), round(height)))
    draw = ImageDraw.Draw(badge)
    middle = height / 2
    draw.rounded_rectangle((0, 0, width - 1, height - 1), radius=height / 2, fill=_PLATE)
    pill = (gap * 0.7, middle - pill_height / 2, gap * 0.7 + pill_width, middle + pill_height / 2)
    draw.rounded_rectangle(pill, radius=pill_height / 2, fill=_PILL)
    draw.text((pill[0] + pill_width / 2, middle), AI_LABEL, _PILL_TEXT, small, anchor="mm")
    x = pill[2] + gap * 0.8
    draw.text((x, middle), handle, _TEXT, large, anchor="lm")
    draw.text((x + handle_width, middle), instance, _TEXT, small, anchor="lm")
    return badge
