"""Step caching: steps that would change little are not computed in full.

First-block caching as diffusers has it, after TeaCache (arXiv 2411.19108): a pass runs the first
block, and when what that adds differs from the last full pass by less than a threshold, adds what
the other blocks added then. Conditional and unconditional passes are remembered apart, in memory of
the card; a pipeline forgets both when a clip ends (`maybe_free_model_hooks`), so that none depends
on the one before.
"""

from typing import Any

from engine.engines.diffusers.errors import ModelUnusable
from engine.engines.diffusers.folder import ModelFolder


def check_step_cache(folder: ModelFolder, threshold: float) -> None:
    """Pass when no caching is wanted, or the model can be cached.

    Raises:
        ModelUnusable: it cannot. LTX-2's blocks carry two streams, of which diffusers knows one.
    """
    if threshold and folder.family != "wan":
        raise ModelUnusable(f"The recipe's step_cache works for Wan alone, not for {folder.path}.")


def cache_steps(transformer: Any, threshold: float, *, compiles: bool) -> None:
    """Let a transformer skip blocks; with `compiles`, its blocks are compiled when first met.

    The blocks are compiled inside of what decides: compiled with them, every change of what is
    remembered would compile them again, until torch gives up.
    """
    import torch
    from diffusers.hooks import FirstBlockCacheConfig

    if compiles:
        for block in transformer.blocks:
            block.forward = torch.compile(block.forward, dynamic=False)
    transformer.enable_cache(FirstBlockCacheConfig(threshold=threshold))
