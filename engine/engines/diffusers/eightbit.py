"""Eight-bit linear layers (float8_e4m3fn), for cards that multiply such numbers.

Weights are scaled by output row when the layers are replaced, activations by token as they come
(arXiv 2209.05433 on the format). Norms, embeddings, attention and small layers stay as they are.
"""

from functools import cache
from typing import Any

CAPABILITY = (8, 9)  # CUDA compute capability from which cards have such products
LARGEST = 448.0  # of float8_e4m3fn
SMALLEST_SIDE = 1024  # below it, scaling costs more than the product saves
SIDE_STEP = 16  # the products want sides of multiples


def to_eight_bits(transformer: Any, *, smallest_side: int = SMALLEST_SIDE) -> int:
    """Replace the large linear layers of a transformer's blocks; answers how many.

    The model is in bfloat16.
    """
    import torch

    eight_bit_linear = _eight_bit_linear()
    blocks = getattr(transformer, "blocks", None) or transformer.transformer_blocks
    large = [
        (owner, name, layer)
        for owner in list(blocks.modules())
        for name, layer in owner.named_children()
        if isinstance(layer, torch.nn.Linear)
        and min(layer.weight.shape) >= smallest_side
        and all(side % SIDE_STEP == 0 for side in layer.weight.shape)
    ]
    for owner, name, layer in large:
        setattr(owner, name, eight_bit_linear(layer))
    return len(large)


@cache
def _eight_bit_linear() -> type[Any]:
    """The layer's class; a function, since torch is imported only when a model is loaded."""
    import torch

    def scaled(rows: Any) -> tuple[Any, Any]:
        scale = rows.abs().amax(1, keepdim=True).float().clamp(min=1e-12) / LARGEST
        return (rows / scale).to(torch.float8_e4m3fn), scale

    class EightBitLinear(torch.nn.Module):  # type: ignore[misc]
        def __init__(self, layer: Any) -> None:
            super().__init__()
            weight, scale = scaled(layer.weight.detach())
            self.register_buffer("weight", weight)
            self.register_buffer("scale", scale.t().contiguous())
            self.bias = layer.bias  # a Parameter, or None

        def forward(self, x: Any) -> Any:
            rows, scale = scaled(x.reshape(-1, x.shape[-1]))
            out = torch._scaled_mm(  # PyTorch's only door to such products
                rows,
                self.weight.t(),
                scale_a=scale,
                scale_b=self.scale,
                bias=self.bias,
                out_dtype=torch.bfloat16,
                use_fast_accum=True,
            )
            return out.reshape(*x.shape[:-1], -1)

    return EightBitLinear
