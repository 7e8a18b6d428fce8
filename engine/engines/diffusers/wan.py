"""Wan 2.1 and 2.2 (arXiv 2503.20314): silent clips from a text, or from a picture and a text."""

from pathlib import Path
from typing import Any

from PIL import Image

from engine.engines.diffusers.family import (
    Ask,
    Clip,
    Embedding,
    OnStep,
    Recipe,
    Traits,
    as_frames,
    on_device,
    read_recipe,
)
from engine.engines.diffusers.folder import ModelFolder
from engine.engines.diffusers.tuning import Tuning, tune

TEXT_TOKENS = 512
NEGATIVE_PROMPT = (
    "garish colours, over-exposed, grey haze, blurred details, low quality, compression artefacts,"
    " frozen picture, subtitles, lettering, deformed hands, extra or fused fingers, extra limbs,"
    " distorted faces, cluttered background, people walking backwards"
)
PORTRAIT_AND_LANDSCAPE = ("480x832", "832x480", "720x1280", "1280x720")
SMALL_VAE = ("704x1280", "1280x704")  # what Wan 2.2 TI2V-5B was trained on


class WanFamily:
    """One Wan model; which, its configs say.

    - a 16-channel text model (2.1; 2.2 A14B with two transformers), 16 fps;
    - a picture model, whose pipeline is WanImageToVideoPipeline, 16 fps;
    - 2.2 TI2V-5B (`expand_timesteps`), which takes both, 24 fps.
    """

    def __init__(self, folder: ModelFolder, recipe: Path | None) -> None:
        self._folder = folder
        self._is_5b = bool(folder.index.get("expand_timesteps"))
        self.traits = _traits(folder)
        self.recipe = read_recipe(
            recipe,
            Recipe(
                steps=50,
                guidance=5.0,
                sizes=SMALL_VAE if self._is_5b else PORTRAIT_AND_LANDSCAPE,
                max_seconds=5,
            ),
        )
        self._pipe: Any = None
        self._picture_pipe: Any = None
        self._film_pipe: Any = None
        self._device = "cpu"

    def load(self, tuning: Tuning) -> None:
        """Read the weights; a model for both texts and pictures is in memory once."""
        import diffusers
        import torch

        pipeline = getattr(diffusers, self._folder.pipeline)
        # As diffusers' guide to Wan has it: these two lose too much in bfloat16.
        precise = {"vae", "image_encoder"} & set(self._folder.index)
        self._pipe = pipeline.from_pretrained(
            self._folder.path,
            dtype={"default": tuning.dtype} | dict.fromkeys(precise, torch.float32),
            local_files_only=True,
            use_safetensors=True,
        )
        self._device = tuning.device
        tune(self._pipe, tuning, sizes=len(self.recipe.sizes))
        if self._is_5b and not self.traits.needs_picture:
            self._picture_pipe = diffusers.WanImageToVideoPipeline(
                **self._pipe.components, expand_timesteps=True
            )
            self._picture_pipe.set_progress_bar_config(disable=True)
        else:
            self._picture_pipe = self._pipe
        if self.traits.takes_film:
            self._film_pipe = self._make_film_pipe()

    def _make_film_pipe(self) -> Any:
        """Video-to-video with the same networks: noise a film, and denoise it by another prompt."""
        import diffusers

        parts = self._pipe.components
        second, boundary = parts.get("transformer_2"), self._folder.index.get("boundary_ratio")
        transformer = parts["transformer"]
        if second is not None and boundary is not None:
            begins = boundary * parts["scheduler"].config.num_train_timesteps
            transformer = TwoNetworks(transformer, second, begins)
        names = ("tokenizer", "text_encoder", "vae", "scheduler")
        pipe = diffusers.WanVideoToVideoPipeline(
            **{name: parts[name] for name in names}, transformer=transformer
        )
        # It reckons with 8; the VAE of 5B makes a latent of 16 pixels a side.
        pipe.vae_scale_factor_spatial = self._pipe.vae_scale_factor_spatial
        pipe.set_progress_bar_config(disable=True)
        return pipe

    def encode(self, prompt: str) -> Embedding:
        """The hidden states of UMT5, (1, 512, width)."""
        text, _ = self._pipe.encode_prompt(
            prompt, do_classifier_free_guidance=False, max_sequence_length=TEXT_TOKENS
        )
        return (text,)

    def generate(self, ask: Ask, on_step: OnStep) -> Clip:
        """Denoise and decode."""
        import torch

        pipe, more, steps = self._way(ask)
        text, negative = on_device(ask.text, self._device), on_device(ask.negative, self._device)

        def on_step_end(_: object, step: int, __: object, values: dict[str, Any]) -> dict[str, Any]:
            on_step(step + 1, steps)
            return values

        made = pipe(
            **more,
            prompt_embeds=text[0],
            negative_prompt_embeds=negative[0] if negative else None,
            width=ask.width_px,
            height=ask.height_px,
            num_inference_steps=self.recipe.steps,
            guidance_scale=self.recipe.guidance,
            # Noise is drawn on the CPU, so a seed means the same on every card.
            generator=torch.Generator("cpu").manual_seed(ask.seed),
            output_type="pt",
            callback_on_step_end=on_step_end,
        )
        return Clip(as_frames(made.frames[0]))

    def _way(self, ask: Ask) -> tuple[Any, dict[str, Any], int]:
        """The pipeline for what is asked, what it alone takes, and the steps that it will go."""
        steps = self.recipe.steps
        if ask.film is not None:
            repeated = max(1, round(steps * self.recipe.strength))
            strength = min(1.0, (repeated + 0.5) / steps)  # the pipeline rounds down
            video = [Image.fromarray(frame) for frame in ask.film]
            return self._film_pipe, {"video": video, "strength": strength}, repeated
        if ask.picture is None:
            return self._pipe, {"num_frames": ask.frames}, steps
        return self._picture_pipe, {"image": ask.picture, "num_frames": ask.frames}, steps

    def release(self) -> None:
        """Send what waits in main memory back there."""
        self._pipe.maybe_free_model_hooks()


def _traits(folder: ModelFolder) -> Traits:
    vae, transformer = folder.config("vae"), folder.config("transformer")
    is_5b = bool(folder.index.get("expand_timesteps"))
    needs_picture = folder.pipeline == "WanImageToVideoPipeline"
    patch = transformer.get("patch_size") or (1, 2, 2)
    is_2_2 = is_5b or folder.index.get("boundary_ratio") is not None
    return Traits(
        name="wan-2.2" if is_2_2 else "wan-2.1",
        fps=24 if is_5b else 16,
        frame_step=vae.get("scale_factor_temporal") or 4,
        size_step_px=(vae.get("scale_factor_spatial") or 8) * patch[-1],
        has_audio=False,
        needs_picture=needs_picture,
        takes_picture=needs_picture or is_5b,
        negative_prompt=NEGATIVE_PROMPT,
        attention_is_masked=False,
        takes_film=not needs_picture,
    )


class TwoNetworks:
    """A14B as one network: the first for much noise, from a timestep on, the second for less.

    Pipelines that know one transformer take it as theirs.
    """

    def __init__(self, first: Any, second: Any, begins: float) -> None:
        self._first, self._second, self._begins = first, second, begins
        self.config = first.config

    @property
    def dtype(self) -> Any:
        """The torch.dtype of both."""
        return self._first.dtype

    def __call__(self, *, timestep: Any, **inputs: Any) -> Any:
        """Run the network that the timestep is for."""
        network = self._first if timestep.max() >= self._begins else self._second
        return network(timestep=timestep, **inputs)
