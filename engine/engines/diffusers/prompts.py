"""What the text encoder made of recent prompts, so that a remix or a second take does not wait."""

from collections import OrderedDict
from collections.abc import Callable

from engine.engines.diffusers.family import Embedding

# LTX-2's hidden states of all layers take 0.4 GB a prompt, Wan's 4 MB.
MAX_BYTES = 2 * 1024**3


class EmbeddingCache:
    """The least recently used is forgotten first; embeddings lie in main memory."""

    def __init__(self, encode: Callable[[str], Embedding], *, max_bytes: int = MAX_BYTES) -> None:
        self._encode = encode
        self._max_bytes = max_bytes
        self._known: OrderedDict[str, Embedding] = OrderedDict()

    def get(self, prompt: str) -> Embedding:
        """What the encoder makes of the prompt; encodes it when it is not known."""
        if prompt in self._known:
            self._known.move_to_end(prompt)
            return self._known[prompt]
        made = tuple(tensor.cpu() for tensor in self._encode(prompt))
        self._known[prompt] = made
        while len(self._known) > 1 and self._size_bytes > self._max_bytes:
            self._known.popitem(last=False)
        return made

    @property
    def _size_bytes(self) -> int:
        return sum(tensor.nbytes for known in self._known.values() for tensor in known)
