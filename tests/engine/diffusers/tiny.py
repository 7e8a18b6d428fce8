"""Wan and LTX-2 model folders with random weights, small enough for a CPU: real files, real shapes.

Compression of time and space, patches and frame rules are those of the real models.
"""

import json
import threading
from pathlib import Path

import diffusers
import torch
from diffusers.pipelines.ltx2 import LTX2TextConnectors, LTX2Vocoder
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import (
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    PreTrainedTokenizerFast,
    UMT5Config,
    UMT5EncoderModel,
)

WORDS = ["<pad>", "</s>", "<unk>", "a", "red", "blue", "ball", "falls", "runs"]
QUICK = 'steps = 3\nsizes = ["64x64", "48x64"]\nmax_seconds = 2\n'
ONE_PASS = "guidance = 1\n"


def recipe(folder: Path, text: str = QUICK) -> str:
    """A recipe file for tests."""
    file = folder / "recipe.toml"
    file.write_text(text)
    return str(file)


def wan_text(to: Path) -> Path:
    """Like Wan 2.1 T2V: 16 fps, sizes in steps of 16."""
    return _wan(to, in_channels=4)


def wan_picture(to: Path) -> Path:
    """Like Wan 2.2 I2V A14B: latents, mask and picture are its channels."""
    return _wan(to, in_channels=4 + 4 + 4, pipeline="WanImageToVideoPipeline", boundary_ratio=0.9)


def wan_two(to: Path) -> Path:
    """Like Wan 2.2 T2V A14B: one network for much noise, another for less."""
    return _wan(to, in_channels=4, boundary_ratio=0.9)


def wan_both(to: Path) -> Path:
    """Like Wan 2.2 TI2V-5B in what it takes: a text with or without a picture, 24 fps."""
    return _wan(to, in_channels=4, expand_timesteps=True)


def wan_vace(to: Path) -> Path:
    """Like Wan 2.1 VACE: a film in two halves and an 8x8 mask lead every other layer."""
    lead = {"vace_layers": [0], "vace_in_channels": 4 + 4 + 8 * 8}
    return _wan(to, in_channels=4, pipeline="WanVACEPipeline", network=lead)


def _wan(
    to: Path,
    *,
    in_channels: int,
    pipeline: str = "WanPipeline",
    network: dict | None = None,
    **config,
) -> Path:
    torch.manual_seed(0)
    vae = diffusers.AutoencoderKLWan(
        base_dim=4,
        z_dim=4,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        latents_mean=[0.0] * 4,
        latents_std=[1.0] * 4,
    )

    def transformer() -> torch.nn.Module:
        kind = diffusers.WanVACETransformer3DModel if network else diffusers.WanTransformer3DModel
        return kind(
            patch_size=(1, 2, 2),
            num_attention_heads=2,
            attention_head_dim=12,
            in_channels=in_channels,
            out_channels=4,
            text_dim=16,
            freq_dim=16,
            ffn_dim=32,
            num_layers=2,
            rope_max_seq_len=64,
            **(network or {}),
        )

    encoder = UMT5EncoderModel(
        UMT5Config(vocab_size=len(WORDS), d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    )
    parts = {
        "tokenizer": _tokenizer(),
        "text_encoder": encoder,
        "vae": vae,
        "scheduler": diffusers.UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
        ),
        "transformer": transformer(),
        "transformer_2": transformer() if "boundary_ratio" in config else None,
    }
    getattr(diffusers, pipeline)(**parts, **config).save_pretrained(to)
    return to


def ltx2(to: Path) -> Path:
    """Like LTX-2: 24 fps, sizes in steps of 32, sound at 24 kHz."""
    torch.manual_seed(0)
    gemma = Gemma3ForConditionalGeneration(
        Gemma3Config(
            text_config={
                "vocab_size": len(WORDS),
                "hidden_size": 32,
                "intermediate_size": 32,
                "num_hidden_layers": 2,
                "num_attention_heads": 2,
                "num_key_value_heads": 1,
                "head_dim": 16,
                "sliding_window": 64,
            },
            vision_config={
                "hidden_size": 16,
                "intermediate_size": 16,
                "num_hidden_layers": 1,
                "num_attention_heads": 2,
                "image_size": 28,
                "patch_size": 14,
            },
            mm_tokens_per_image=4,
            image_token_index=2,
            boi_token_index=2,
            eoi_token_index=2,
        )
    )
    heads = {
        f"{stream}_connector_{name}": value
        for stream in ("video", "audio")
        for name, value in {
            "num_attention_heads": 4,
            "attention_head_dim": 8,
            "num_layers": 1,
            "num_learnable_registers": None,
        }.items()
    }
    audio_vae = diffusers.AutoencoderKLLTX2Audio(
        base_channels=8,
        ch_mult=(1, 1, 1),
        num_res_blocks=1,
        resolution=32,
        latent_channels=2,
        mel_bins=16,
    )
    diffusers.LTX2Pipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=diffusers.AutoencoderKLLTX2Video(
            latent_channels=4,
            block_out_channels=(8, 16, 32, 64),
            decoder_block_out_channels=(8, 16, 32),
            layers_per_block=(1, 1, 1, 1, 1),
            decoder_layers_per_block=(1, 1, 1, 1),
            spatial_compression_ratio=32,
            temporal_compression_ratio=8,
        ),
        audio_vae=audio_vae,
        text_encoder=gemma,
        tokenizer=_tokenizer(),
        connectors=LTX2TextConnectors(
            caption_channels=32,
            text_proj_in_factor=3,
            connector_rope_base_seq_len=32,
            rope_double_precision=False,
            rope_type="split",
            **heads,
        ),
        transformer=diffusers.LTX2VideoTransformer3DModel(
            in_channels=4,
            out_channels=4,
            num_attention_heads=2,
            attention_head_dim=8,
            cross_attention_dim=16,
            audio_in_channels=8,
            audio_out_channels=8,
            audio_num_attention_heads=2,
            audio_attention_head_dim=4,
            audio_cross_attention_dim=8,
            num_layers=2,
            caption_channels=32,
            rope_double_precision=False,
            rope_type="split",
        ),
        vocoder=LTX2Vocoder(
            in_channels=32,
            hidden_channels=32,
            upsample_kernel_sizes=[12, 10, 8, 4],
            upsample_factors=[6, 5, 4, 2],
            resnet_kernel_sizes=[3],
            resnet_dilations=[[1, 3, 5]],
        ),
    ).save_pretrained(to)
    return to


def _tokenizer() -> PreTrainedTokenizerFast:
    words = Tokenizer(WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )


def with_index(folder: Path, **changes) -> None:
    """Change model_index.json."""
    file = folder / "model_index.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


class Starved:
    """A family whose next clip fills the card; the one after that does not."""

    def __init__(self, family) -> None:
        self._family = family
        self._is_full = True

    def __getattr__(self, name: str):
        return getattr(self._family, name)

    def generate(self, ask, on_step):
        if self._is_full:
            self._is_full = False
            on_step(1, 3)
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB.")
        return self._family.generate(ask, on_step)


class Stepped:
    """A family that waits after each denoising step until the test lets it go on."""

    def __init__(self, family) -> None:
        self._family = family
        self.steps = 0
        self.may_go_on = threading.Event()

    def __getattr__(self, name: str):
        return getattr(self._family, name)

    def generate(self, ask, on_step):
        def waiting(done: int, of: int) -> None:
            self.steps += 1
            assert self.may_go_on.wait(20)
            on_step(done, of)

        return self._family.generate(ask, waiting)
