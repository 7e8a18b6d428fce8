"""What the models for GPUs cost at their real sizes, beside their floor and plain diffusers.

    python -m benchmarks.gpu [--models wan-1.3b,ltx2-19b] [--tiny] [--json FILE]

Weights are random: times depend on shapes alone. Every model's transformer runs one denoising step
(batch of one) as diffusers runs it by itself, and then in the ways an engine may choose from; the
floor is the step's floating-point operations (counted by PyTorch) at the rate that a large bf16
matrix product reaches in the same run. Then the stages around it: text encoder, decoders, encoding.
Without a CUDA device it says so, and ends well.
"""

import argparse
import gc
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from engine.engines.diffusers.eightbit import CAPABILITY, to_eight_bits
from engine.mp4 import write_mp4

REPEATS = 3
MATRIX = 8192
NEEDED = ("torch", "diffusers", "transformers")


@dataclass(frozen=True, slots=True)
class Model:
    """A transformer by its configuration, and one clip of it by its latents."""

    name: str
    family: str  # "wan" or "ltx2"
    config: dict[str, Any]
    vae: dict[str, Any]
    size: tuple[int, int]  # width, height in px
    frames: int
    fps: int
    latents: tuple[int, int, int, int]  # channels, frames, height, width
    text: tuple[int, int]  # tokens, width
    steps: int  # of the denoising of one clip, as published
    passes: int  # forward passes a step: 2 with guidance


WAN_22_VAE = {
    "base_dim": 160,
    "decoder_base_dim": 256,
    "z_dim": 48,
    "is_residual": True,
    "in_channels": 12,
    "out_channels": 12,
    "patch_size": 2,
    "scale_factor_spatial": 16,
    "latents_mean": [0.0] * 48,
    "latents_std": [1.0] * 48,
}
MODELS = (
    Model(
        "wan-1.3b",
        "wan",
        {"num_attention_heads": 12, "ffn_dim": 8960, "num_layers": 30},
        {},
        size=(832, 480),
        frames=81,
        fps=16,
        latents=(16, 21, 60, 104),
        text=(512, 4096),
        steps=50,
        passes=2,
    ),
    Model(
        "wan-5b",
        "wan",
        {
            "num_attention_heads": 24,
            "ffn_dim": 14336,
            "num_layers": 30,
            "in_channels": 48,
            "out_channels": 48,
        },
        WAN_22_VAE,
        size=(1280, 704),
        frames=121,
        fps=24,
        latents=(48, 31, 44, 80),
        text=(512, 4096),
        steps=50,
        passes=2,
    ),
    Model(
        "ltx2-19b",
        "ltx2",
        {},
        {},
        size=(1280, 704),
        frames=121,
        fps=24,
        latents=(128, 16, 22, 40),
        text=(1024, 3840),
        steps=8,
        passes=1,
    ),
    Model(
        "wan-14b",
        "wan",
        {"num_attention_heads": 40, "ffn_dim": 13824, "num_layers": 40},
        {},
        size=(1280, 720),
        frames=81,
        fps=16,
        latents=(16, 21, 90, 160),
        text=(512, 4096),
        steps=50,
        passes=2,
    ),
)
TINY: dict[str, dict[str, Any]] = {
    "wan": {"num_attention_heads": 2, "attention_head_dim": 16, "ffn_dim": 64, "num_layers": 2},
    "ltx2": {
        "num_attention_heads": 2,
        "attention_head_dim": 16,
        "cross_attention_dim": 32,
        "audio_num_attention_heads": 2,
        "audio_attention_head_dim": 16,
        "audio_cross_attention_dim": 32,
        "num_layers": 2,
    },
}


def main() -> None:
    """Measure what the machine can, print tables, and write them as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", default=",".join(model.name for model in MODELS))
    parser.add_argument("--tiny", action="store_true", help="try the program itself, on any device")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        print(f"nothing measured: {', '.join(missing)} missing (requirements-gpu.txt)")
        return
    import torch

    if not (torch.cuda.is_available() or options.tiny):
        print("nothing measured: there is no CUDA device")
        return
    chosen = [model for model in MODELS if model.name in options.models.split(",")]
    bench = Bench(tiny=options.tiny)
    rows = bench.ceiling()
    for model in chosen:
        rows += bench.transformer(model)
        rows += bench.around(model)
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1))


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement; `floor` is 0 where none is known."""

    what: str
    way: str
    milliseconds: float
    floor_milliseconds: float = 0.0
    memory_gib: float = 0.0
    error: float = 0.0  # of the result, relative to plain diffusers

    def print(self) -> None:
        """Show it at once: a run that is cut off has shown what it had."""
        share = self.floor_milliseconds / self.milliseconds if self.milliseconds else 0.0
        print(
            f"{self.what:22} {self.way:34} {self.milliseconds:10.2f} ms"
            f" {100 * share:5.1f} % of floor {self.memory_gib:6.1f} GiB  error {self.error:.1e}",
            flush=True,
        )


class Bench:
    """Runs on the CUDA device, or with `tiny` models wherever it is."""

    def __init__(self, *, tiny: bool) -> None:
        import torch

        self.torch = torch
        self.tiny = tiny
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.flops_per_second = 0.0
        self.seen: set[str] = set()  # stages that several models share are measured once
        torch.manual_seed(1)
        torch.set_grad_enabled(False)
        name = torch.cuda.get_device_name() if self.device == "cuda" else "the CPU"
        print(f"{name}, torch {torch.__version__}, tiny {tiny}", flush=True)

    def ceiling(self) -> list[Row]:
        """The rate of a large bf16 matrix product on random numbers."""
        side = 256 if self.tiny else MATRIX
        a, b = (self._random(side, side) for _ in range(2))
        seconds, _ = self._timed(lambda: a @ b, repeats=10)
        self.flops_per_second = 2.0 * side**3 / seconds
        print(f"bf16 matrix product: {self.flops_per_second / 1e12:.0f} TFLOP/s")
        return [Row("matrix product", f"bf16 {side}", 1e3 * seconds)]

    def transformer(self, model: Model) -> list[Row]:
        """One forward pass, in each way."""
        from torch.utils.flop_counter import FlopCounterMode

        with self._room():
            network = self._network(model)
            network.set_attention_backend("native")  # diffusers remembers the last, for all models
            inputs = self._inputs(model)

            def step() -> Any:
                return network(**inputs, return_dict=False)[0]

            counter = FlopCounterMode(display=False)
            with counter:
                truth = step().float()
            floor = 1e3 * counter.get_total_flops() / self.flops_per_second
            gib = sum(p.nbytes for p in network.parameters()) / 2**30
            print(f"{model.name}: {counter.get_total_flops() / 1e12:.0f} TFLOP, {gib:.1f} GiB")

            rows = [self._row(model, way, step, truth, floor) for way in self._ways(network)]
        return [row for row in rows if row is not None]

    def _row(
        self, model: Model, way: str, step: Callable[[], Any], truth: Any, floor: float
    ) -> Row | None:
        """Time a step; None when this way is closed to the machine."""
        try:
            result = step()  # compiles, if anything does
            error = float((result.float() - truth).norm() / truth.norm())
            seconds, memory = self._timed(step)
        except Exception as problem:  # noqa: BLE001 - the other ways are still worth having
            print(f"{model.name:22} {way}: not possible: {str(problem)[:120]!r}")
            return None
        row = Row(model.name, way, 1e3 * seconds, floor, memory, error)
        row.print()
        return row

    def around(self, model: Model) -> list[Row]:
        """The text encoder, the decoder and the encoding of the frames."""
        rows: list[Row] = []
        encoder = "umt5-xxl" if model.family == "wan" else "gemma3-12b"
        for name, way, work in (
            (f"text {encoder}", "plain diffusers", self._text),
            (f"decode {model.name}", "plain diffusers", self._decode),
            (f"x264 {model.name}", "write_mp4, CPU", self._encode),
        ):
            if name in self.seen:
                continue
            self.seen.add(name)
            with self._room():
                try:
                    seconds, memory = work(model)
                except Exception as problem:  # noqa: BLE001 - the rest is still worth having
                    print(f"{name}: not measured: {str(problem)[:160]!r}")
                    continue
            rows.append(Row(name, way, 1e3 * seconds, memory_gib=memory))
            rows[-1].print()
        return rows

    # ── models ────────────────────────────────────────────────────────────────────────────

    def _network(self, model: Model) -> Any:
        import diffusers

        kind = {"wan": "WanTransformer3DModel", "ltx2": "LTX2VideoTransformer3DModel"}[model.family]
        config = model.config | (TINY[model.family] if self.tiny else {})
        return self._made(lambda: getattr(diffusers, kind)(**config))

    def _inputs(self, model: Model) -> dict[str, Any]:
        torch, device = self.torch, self.device
        channels, frames, height, width = model.latents
        if self.tiny:
            frames, height, width = 2, 8, 8
        text = self._random(1, *model.text)
        if model.family == "wan":
            return {
                "hidden_states": self._random(1, channels, frames, height, width),
                "timestep": torch.tensor([500], device=device),
                "encoder_hidden_states": text,
            }
        heard = 4 if self.tiny else round(model.frames / model.fps * 25)  # latents a second
        tokens = frames * height * width
        return {
            "hidden_states": self._random(1, tokens, channels),
            "audio_hidden_states": self._random(1, heard, 128),
            "encoder_hidden_states": text,
            "audio_encoder_hidden_states": text,
            "timestep": torch.full((1, tokens), 500.0, device=device),
            "audio_timestep": torch.full((1, heard), 500.0, device=device),
            "num_frames": frames,
            "height": height,
            "width": width,
            "fps": float(model.fps),
            "audio_num_frames": heard,
        }

    def _text(self, model: Model) -> tuple[float, float]:
        transformers = import_module("transformers")
        tokens = 8 if self.tiny else model.text[0]
        if model.family == "wan":
            config = transformers.UMT5Config(
                d_model=4096, d_ff=10240, d_kv=64, num_heads=64, num_layers=24, vocab_size=256384
            )
            if self.tiny:
                config.d_model, config.d_ff, config.num_layers, config.vocab_size = 64, 64, 1, 100
            network = self._made(lambda: transformers.UMT5EncoderModel(config))
        else:
            gemma = transformers.Gemma3TextConfig(
                hidden_size=3840,
                intermediate_size=15360,
                num_hidden_layers=48,
                num_attention_heads=16,
                num_key_value_heads=8,
                head_dim=256,
                vocab_size=262208,
            )
            if self.tiny:
                gemma.hidden_size, gemma.intermediate_size, gemma.vocab_size = 64, 64, 100
                gemma.num_hidden_layers, gemma.layer_types = 1, gemma.layer_types[:1]
            network = self._made(lambda: transformers.Gemma3TextModel(gemma))
        ids = self.torch.randint(0, 90, (1, tokens), device=self.device)
        return self._timed(lambda: network(input_ids=ids, output_hidden_states=True))

    def _decode(self, model: Model) -> tuple[float, float]:
        import diffusers

        kind = {"wan": "AutoencoderKLWan", "ltx2": "AutoencoderKLLTX2Video"}[model.family]
        network = self._made(lambda: getattr(diffusers, kind)(**model.vae))
        channels, frames, height, width = model.latents
        if self.tiny:
            frames, height, width = 2, 4, 4
        latents = self._random(1, channels, frames, height, width)
        return self._timed(lambda: network.decode(latents, return_dict=False)[0], repeats=1)

    def _encode(self, model: Model) -> tuple[float, float]:
        width, height = (64, 64) if self.tiny else model.size
        draw = np.random.default_rng(1)
        # Noise that moves slowly: neither the best nor the worst that an encoder meets.
        wide = draw.integers(0, 255, (height, 2 * width, 3), np.uint8)
        pictures = [np.ascontiguousarray(wide[:, i : i + width]) for i in range(model.frames)]
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            file = Path(folder) / "clip.mp4"
            write_mp4(file, iter(pictures), size=(width, height), fps=model.fps, sound=None)
            return time.perf_counter() - started, 0.0

    # ── ways ──────────────────────────────────────────────────────────────────────────────

    def _ways(self, network: Any) -> Iterator[str]:
        """Turn the network over to each way of running in turn, and name it."""
        yield "plain diffusers"
        for backend in ("_native_flash", "_native_cudnn"):
            if self._attends_by(network, backend):
                yield backend
        network.compile_repeated_blocks(fullgraph=False, dynamic=False)
        for backend in ("native", "_native_cudnn"):
            self.torch.compiler.reset()
            if self._attends_by(network, backend):
                yield f"{backend}, compiled"
        if self._to_fp8(network):
            self.torch.compiler.reset()
            yield f"{backend}, compiled, fp8"

    def _attends_by(self, network: Any, backend: str) -> bool:
        if self.device != "cuda" and backend != "native":
            return False
        try:
            network.set_attention_backend(backend)
        except Exception as problem:  # noqa: BLE001 - what a machine has not got
            print(f"{backend}: {str(problem)[:120]!r}")
            return False
        return True

    def _to_fp8(self, network: Any) -> bool:
        """Let the large linear layers of the blocks multiply in 8 bits, scaled by row."""
        is_able = self.device == "cuda" and self.torch.cuda.get_device_capability() >= CAPABILITY
        if not is_able:
            return False
        to_eight_bits(network)
        return True

    # ── measuring ─────────────────────────────────────────────────────────────────────────

    def _random(self, *shape: int) -> Any:
        return self.torch.randn(*shape, device=self.device, dtype=self.torch.bfloat16)

    def _made(self, make: Callable[[], Any]) -> Any:
        torch = self.torch
        torch.set_default_dtype(torch.bfloat16)
        try:
            with torch.device(self.device):
                network = make()
        finally:
            torch.set_default_dtype(torch.float32)
        return network.eval()

    def _timed(self, work: Callable[[], Any], repeats: int = REPEATS) -> tuple[float, float]:
        """(median seconds, peak GiB) of work that has run once before."""
        torch = self.torch
        is_cuda = self.device == "cuda"
        work()
        if is_cuda:
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
        taken = []
        for _ in range(repeats):
            started = time.perf_counter()
            work()
            if is_cuda:
                torch.cuda.synchronize()
            taken.append(time.perf_counter() - started)
        peak = torch.cuda.max_memory_allocated() / 2**30 if is_cuda else 0.0
        return statistics.median(taken), peak

    @contextmanager
    def _room(self) -> Iterator[None]:
        """Give the device's memory back behind the block."""
        try:
            yield
        finally:
            self.torch.compiler.reset()
            gc.collect()
            if self.device == "cuda":
                self.torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
