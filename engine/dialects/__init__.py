"""The dialects of `/v1/videos`, by name."""

from collections.abc import Callable

from engine.dialects.dialect import Dialect
from engine.dialects.litellm import LiteLLM
from engine.dialects.offer import Offer
from engine.dialects.sglang import SGLang
from engine.dialects.vignette import Vignette
from engine.dialects.vllm_omni import VllmOmni

FOREIGN: dict[str, Callable[[Offer], Dialect]] = {
    "vllm-omni": VllmOmni,
    "sglang": SGLang,
    "litellm": LiteLLM,
}
DIALECTS = ("vignette", *FOREIGN)


def dialect_named(name: str, offer: Offer | None) -> Dialect:
    """How a server of this kind is spoken to.

    Raises:
        ValueError: there is no such dialect, or what the server can do is not said.
    """
    if name == "vignette":
        return Vignette()
    if name not in FOREIGN:
        raise ValueError(f"there is no dialect {name!r}; there are {', '.join(DIALECTS)}")
    if offer is None:
        raise ValueError(f"a server of {name} does not say what it can do: `offers` must")
    return FOREIGN[name](offer)
