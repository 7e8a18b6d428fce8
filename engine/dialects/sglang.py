"""SGLang diffusion (`sglang serve`): https://docs.sglang.io/diffusion/api/openai_api.html.

JSON; a picture is a `data:` URL in `reference_url` (its `input_reference` names a path on the
server). A size that it cannot read becomes the model's default without a word, another that the
model has not is refused. Videos stay `queued` until they are done. Deleting only forgets a video:
the rendering goes on, and the card stays busy with it.
"""

from engine.contracts import VideoRequest
from engine.dialects.dialect import Call
from engine.dialects.offer import Offer
from engine.dialects.reference import refuse_film
from engine.prompts import plain_text
from engine.wire import data_url


class SGLang:
    """JSON, lengths as numbers, frames counted by us, no films."""

    name = "sglang"
    health_path = "/health"
    is_idempotent = False
    can_cancel = True

    def __init__(self, offer: Offer) -> None:
        self.offer = offer

    def create(self, request: VideoRequest, *, idempotency_key: str) -> Call:
        """A JSON object.

        Raises:
            RequestRejected: it builds on a film.
        """
        refuse_film(request)
        offer, picture = self.offer, request.input_reference
        width_px, height_px = offer.size_of(request.size)
        fields = {
            "model": offer.model,
            "prompt": plain_text(request),
            "size": f"{width_px}x{height_px}",
            "seconds": request.seconds,
            "fps": offer.fps,
            "num_frames": offer.frames_for(request),
            "negative_prompt": request.negative_prompt,
            "seed": request.seed,
            "num_inference_steps": offer.steps,
            "guidance_scale": offer.guidance,
            "reference_url": None if picture is None else data_url(picture, "image/png"),
        }
        body = {name: value for name, value in fields.items() if value is not None}
        return Call("/v1/videos", {"json": body})
