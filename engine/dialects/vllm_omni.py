"""vLLM-Omni (`vllm serve MODEL --omni`): https://docs.vllm.ai/projects/vllm-omni, "Videos API".

It takes forms only, and ignores fields that it does not know. What is not sent is not as one would
think: without `num_frames` and `seconds` it makes one frame, without `fps` it counts frames at 24 a
second and writes them at the model's own rate. So all three are always sent. Deleting stops the
rendering. A failed video comes with an error's HTTP status.
"""

from engine.contracts import VideoRequest
from engine.dialects.dialect import Call
from engine.dialects.offer import Offer
from engine.dialects.reference import film_of
from engine.prompts import plain_text

FORM_FIELD = tuple[str, tuple[None, str]]


class VllmOmni:
    """Forms, lengths as text, frames counted by us, one file as what is built on."""

    name = "vllm-omni"
    health_path = "/health"
    is_idempotent = False
    can_cancel = True

    def __init__(self, offer: Offer) -> None:
        self.offer = offer

    def create(self, request: VideoRequest, *, idempotency_key: str) -> Call:
        """A multipart form; the picture or film is its one file."""
        offer = self.offer
        width_px, height_px = offer.size_of(request.size)
        fields = {
            "model": offer.model,
            "prompt": plain_text(request),
            "size": f"{width_px}x{height_px}",
            "seconds": str(request.seconds),
            "fps": str(offer.fps),
            "num_frames": str(offer.frames_for(request)),
            "negative_prompt": request.negative_prompt,
            "seed": None if request.seed is None else str(request.seed),
            "generate_sound": "true" if offer.audio and request.audio else None,
            "num_inference_steps": None if offer.steps is None else str(offer.steps),
            "guidance_scale": None if offer.guidance is None else str(offer.guidance),
        }
        # A form of text alone is sent as multipart too when each field has no file name.
        parts: list[tuple[str, tuple[str | None, str | bytes]]] = [
            (name, (None, value)) for name, value in fields.items() if value is not None
        ]
        if (film := film_of(request)) is not None:
            parts.append(("input_reference", ("film.mp4", film)))
        elif request.input_reference is not None:
            parts.append(("input_reference", ("picture.png", request.input_reference)))
        return Call("/v1/videos", {"files": parts})
