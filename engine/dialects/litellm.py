"""A LiteLLM proxy in front of hosted models: https://docs.litellm.ai/docs/videos.

Only OpenAI's own fields: it hands others on to the provider, which refuses them. So no seed, no
frame rate, no negative prompt, and lengths and sizes are the provider's. Ids are long, and differ
between its answers for one video: the first stands. Nothing can be deleted: what is cancelled is
rendered to its end, and paid.
"""

from engine.contracts import VideoRequest
from engine.dialects.dialect import Call
from engine.dialects.offer import Offer
from engine.dialects.reference import refuse_film
from engine.prompts import plain_text


class LiteLLM:
    """JSON, or a form with a picture; lengths as text, of those that the provider has."""

    name = "litellm"
    health_path = "/health/liveliness"
    is_idempotent = False
    can_cancel = False

    def __init__(self, offer: Offer) -> None:
        self.offer = offer

    def create(self, request: VideoRequest, *, idempotency_key: str) -> Call:
        """A JSON object; with a picture a multipart form.

        Raises:
            RequestRejected: it builds on a film.
        """
        refuse_film(request)
        width_px, height_px = self.offer.size_of(request.size)
        fields = {
            "model": self.offer.model,
            "prompt": plain_text(request),
            "size": f"{width_px}x{height_px}",
            "seconds": str(self.offer.seconds_of(request.seconds)),
        }
        if request.input_reference is None:
            return Call("/v1/videos", {"json": fields})
        picture = ("picture.png", request.input_reference, "image/png")
        return Call("/v1/videos", {"data": fields, "files": {"input_reference": picture}})
