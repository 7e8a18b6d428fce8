"""LTX-2: pictures and their sound from one model, from a text, or from a picture and a text."""

from pathlib import Path
from typing import Any

from engine.engines.diffusers.errors import ModelUnusable
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

TEXT_TOKENS = 1024
FPS = 24
OPENING_FRAMES = 17  # 0.7 s of a film tell how things move in it
NEGATIVE_PROMPT = (
    "low quality, blurred, flickering, jerky or implausible motion, deformed bodies, lettering,"
    " logos, sound out of step with the picture, crackling or metallic voices"
)
# Guidance beside the text's, as diffusers 0.42 sets it for LTX-2.3: towards what a perturbed and a
# deaf model would not do, then rescaled. Each costs one more forward pass a step.
GUIDED = {
    "stg_scale": 1.0,
    "modality_scale": 3.0,
    "guidance_rescale": 0.7,
    "audio_guidance_scale": 7.0,
}
PLAIN = {
    "stg_scale": 0.0,
    "modality_scale": 1.0,
    "guidance_rescale": 0.0,
    "audio_guidance_scale": 1.0,
    "audio_stg_scale": 0.0,
    "audio_modality_scale": 1.0,
    "audio_guidance_rescale": 0.0,
}


class Ltx2Family:
    """One LTX-2 model, for texts and for pictures."""

    def __init__(self, folder: ModelFolder, recipe: Path | None) -> None:
        vae, transformer = folder.config("vae"), folder.config("transformer")
        if not vae or not transformer or not folder.config("vocoder"):
            raise ModelUnusable(f"{folder.path} lacks a transformer, vae or vocoder of LTX-2.")
        self._folder = folder
        self.traits = Traits(
            name="ltx-2",
            fps=FPS,
            frame_step=vae.get("temporal_compression_ratio") or 8,
            size_step_px=vae.get("spatial_compression_ratio") or 32,
            has_audio=True,
            needs_picture=False,
            takes_picture=True,
            negative_prompt=NEGATIVE_PROMPT,
            attention_is_masked=True,  # the text's padding
            opening_frames=OPENING_FRAMES,
        )
        self.recipe = read_recipe(
            recipe,
            Recipe(
                steps=30,
                guidance=3.0,
                sizes=("704x1280", "1280x704", "720x1280", "1280x720", "512x768", "768x512"),
                max_seconds=20,
            ),
        )
        self._pipe: Any = None
        self._picture_pipe: Any = None
        self._opening_pipe: Any = None
        self._device = "cpu"

    def load(self, tuning: Tuning) -> None:
        """Read the weights once, for texts, for pictures, and for the ends of films."""
        import diffusers

        self._pipe = diffusers.LTX2Pipeline.from_pretrained(
            self._folder.path,
            dtype=tuning.dtype,
            local_files_only=True,
            use_safetensors=True,
        )
        self._device = tuning.device
        tune(self._pipe, tuning, sizes=len(self.recipe.sizes))
        self._picture_pipe = diffusers.LTX2ImageToVideoPipeline(**self._pipe.components)
        self._opening_pipe = diffusers.LTX2ConditionPipeline(**self._pipe.components)
        for pipe in (self._picture_pipe, self._opening_pipe):
            pipe.set_progress_bar_config(disable=True)

    def encode(self, prompt: str) -> Embedding:
        """All hidden states of Gemma, (1, 1024, layers * width), and which of the tokens count."""
        text, mask, _, _ = self._pipe.encode_prompt(
            prompt, do_classifier_free_guidance=False, max_sequence_length=TEXT_TOKENS
        )
        return text, mask

    def generate(self, ask: Ask, on_step: OnStep) -> Clip:
        """Denoise and decode both pictures and sound."""
        import torch

        recipe = self.recipe
        steps = len(recipe.sigmas) or recipe.steps

        def on_step_end(_: object, step: int, __: object, values: dict[str, Any]) -> dict[str, Any]:
            on_step(step + 1, steps)
            return values

        pipe, begins = self._way(ask)
        text = on_device(ask.text, self._device)
        negative = on_device(ask.negative, self._device) or (None, None)
        made = pipe(
            **begins,
            **(GUIDED if ask.negative else PLAIN),
            prompt_embeds=text[0],
            prompt_attention_mask=text[1],
            negative_prompt_embeds=negative[0],
            negative_prompt_attention_mask=negative[1],
            width=ask.width_px,
            height=ask.height_px,
            num_frames=ask.frames,
            frame_rate=float(FPS),
            num_inference_steps=steps,
            sigmas=list(recipe.sigmas) or None,
            guidance_scale=recipe.guidance,
            # Noise is drawn on the CPU, so a seed means the same on every card.
            generator=torch.Generator("cpu").manual_seed(ask.seed),
            output_type="pt",
            callback_on_step_end=on_step_end,
        )
        return Clip(
            as_frames(made.frames[0]),
            sound=made.audio[0].float().cpu().numpy().T,
            sound_hz=self._pipe.vocoder.config.output_sampling_rate,
        )

    def _way(self, ask: Ask) -> tuple[Any, dict[str, Any]]:
        """The pipeline for how the clip begins, and what it alone takes."""
        from diffusers.pipelines.ltx2.pipeline_ltx2_condition import LTX2VideoCondition

        if ask.opening is None:
            return self._pipe, {}
        if len(ask.opening) == 1:
            return self._picture_pipe, {"image": ask.picture}
        return self._opening_pipe, {"conditions": [LTX2VideoCondition(ask.opening)]}

    def release(self) -> None:
        """Send what waits in main memory back there."""
        self._pipe.maybe_free_model_hooks()
