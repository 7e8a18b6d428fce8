"""How a model runs on the machine at hand: where its weights lie, how it attends, what is compiled.

`choose` decides from facts alone, `tune` does it. The choices for a card are made from diffusers'
and PyTorch's documentation.
"""

import os
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal

from engine.engines.diffusers import eightbit
from engine.engines.diffusers.caching import cache_steps
from engine.engines.diffusers.errors import ModelUnusable
from engine.engines.diffusers.folder import GIB, Fit, ModelFolder

HOPPER = (9, 0)
# With less than this beside the weights the decoder works in tiles; an estimate for 720p.
ROOMY_BYTES = 24 * GIB
# Lengths that are generated when blocks are compiled: each is compiled once for every size. A clip
# in between is made of the next length and cut, which costs at most a quarter more.
COMPILED_SECONDS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20)
# Ways in which a block is called at one size and length. LTX-2's guidance calls it in four: with a
# batch of two, alone, perturbed, and deaf to the other stream; each with and without a picture.
VARIANTS = 8

Attention = Literal["_flash_3", "native"]  # diffusers' names


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is to run on."""

    device: Literal["cuda", "cpu"]
    name: str
    memory_bytes: int  # of the card; 0 without one
    capability: tuple[int, int]  # CUDA compute capability
    packages: frozenset[str]  # of those that make a difference
    has_compiler: bool  # of C, which Triton's launchers need


@dataclass(frozen=True, slots=True)
class Tuning:
    """How a model runs."""

    device: Literal["cuda", "cpu"]
    fit: Fit
    attention: Attention
    compiles: bool
    tiles: bool
    step_cache: float = 0.0
    fp8: bool = False

    @property
    def dtype(self) -> Any:
        """The torch.dtype of the weights; a CPU computes bfloat16 slowly or by emulation."""
        import torch

        return torch.bfloat16 if self.device == "cuda" else torch.float32


def this_machine() -> Machine:
    """Look at the machine; without a CUDA card its CPU is what there is."""
    import torch

    names = ("flash_attn_interface", "triton")
    packages = frozenset(name for name in names if find_spec(name))
    has_compiler = any(shutil.which(c) for c in (os.environ.get("CC", "cc"), "gcc", "clang"))
    if not torch.cuda.is_available():
        return Machine("cpu", "CPU", 0, (0, 0), packages, has_compiler)
    card = torch.cuda.get_device_properties(0)
    return Machine(
        "cuda",
        card.name,
        card.total_memory,
        (card.major, card.minor),
        packages,
        has_compiler,
    )


def choose(
    folder: ModelFolder,
    machine: Machine,
    *,
    attention_is_masked: bool,
    step_cache: float = 0.0,
    fp8: bool = False,
) -> Tuning:
    """Decide how a model runs on a machine.

    Raises:
        ModelUnusable: the card is too small for it, or has no eight-bit products for `fp8`.
    """
    if fp8 and machine.capability < eightbit.CAPABILITY:
        raise ModelUnusable(
            f"The recipe's fp8 wants a card of compute capability 8.9 or more, not {machine.name}."
        )
    if machine.device == "cpu":  # slow, for trying things out; main memory is not checked
        return Tuning("cpu", "whole", "native", compiles=False, tiles=False, step_cache=step_cache)
    fit = folder.fit(machine.memory_bytes)
    if fit == "no":
        raise ModelUnusable(
            f"{folder.path} does not fit {machine.name}: its largest component alone takes"
            f" {folder.largest_bytes / GIB:.1f} GiB, the card has"
            f" {machine.memory_bytes / GIB:.1f} GiB and some of it is for the work."
        )
    on_card = folder.card_bytes if fit == "whole" else folder.largest_bytes
    return Tuning(
        "cuda",
        fit,
        _attention(machine, is_masked=attention_is_masked),
        compiles="triton" in machine.packages and machine.has_compiler,
        tiles=machine.memory_bytes - on_card < ROOMY_BYTES,
        step_cache=step_cache,
        fp8=fp8,
    )


def _attention(machine: Machine, *, is_masked: bool) -> Attention:
    has_flash_3 = "flash_attn_interface" in machine.packages and machine.capability == HOPPER
    if has_flash_3 and not is_masked:  # FlashAttention takes no mask
        return "_flash_3"
    return "native"  # the best that comes with torch, by benchmarks/gpu.py on an H200


def seconds_generated(seconds: int, tuning: Tuning, max_seconds: int) -> int:
    """The length that is made when `seconds` are asked for, at most `max_seconds`."""
    if not tuning.compiles:
        return seconds
    return min(max_seconds, next((s for s in COMPILED_SECONDS if s >= seconds), max_seconds))


def tune(pipe: Any, tuning: Tuning, *, sizes: int) -> None:
    """Put a pipeline on the card, pick its attention, cache and compile its repeated blocks.

    Compilation itself happens when a shape is first met. Each shape is compiled for itself: a
    kernel for all shapes is slower, and there are few, `sizes` times `COMPILED_SECONDS`.
    """
    import torch

    pipe.set_progress_bar_config(disable=True)
    if tuning.tiles:
        pipe.vae.enable_tiling()
    transformers = [pipe.components.get(name) for name in ("transformer", "transformer_2")]
    if tuning.attention != "native":
        for transformer in filter(None, transformers):
            transformer.set_attention_backend(tuning.attention)
    if tuning.fit == "offload":
        pipe.enable_model_cpu_offload()
    else:
        pipe.to(tuning.device)
    if tuning.compiles:
        # Beyond so many shapes torch would go on without compiled code, and say so only in a log.
        shapes = VARIANTS * sizes * len(COMPILED_SECONDS)
        torch._dynamo.config.recompile_limit = shapes
        torch._dynamo.config.accumulated_recompile_limit = shapes
    for transformer in filter(None, transformers):
        _speed_up(transformer, tuning)


def _speed_up(transformer: Any, tuning: Tuning) -> None:
    if tuning.fp8:
        eightbit.to_eight_bits(transformer)
    if tuning.step_cache:
        cache_steps(transformer, tuning.step_cache, compiles=tuning.compiles)
    elif tuning.compiles:
        transformer.compile_repeated_blocks(dynamic=False)
