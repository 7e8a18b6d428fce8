"""What a person asks for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Self
from uuid import UUID

from engine.contracts import Shot
from generation.engines.fit import Measures
from generation.models import Job
from generation.selectors.cast import handles_of_cast

SEED_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class RemixOf:
    """The clip that a new one is made from, and the kind of the edge."""

    clip_id: UUID
    kind: str


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """What a person asks for. With shots, `prompt` is empty and `seconds` is their sum."""

    prompt: str
    seconds: int
    size: str | None = None  # None: the engine's first
    engine: str | None = None  # None: the instance's default
    shots: tuple[Shot, ...] = ()
    seed: int | None = None  # None: chosen now and kept in the recipe
    style: str = ""
    negative_prompt: str = ""
    audio: bool = True
    caption: str = ""
    publish: bool = False
    remix_of: RemixOf | None = None
    input_reference: UUID | None = None  # an upload that the clip begins from
    cameos: tuple[str, ...] = ()  # handles; those that the texts mention need not be among them

    def measures(self, *, has_cast: bool) -> Measures:
        """Return what an engine may not be able to do; `has_cast`: whether it is to draw a face."""
        shots = tuple(shot.seconds for shot in self.shots)
        has_picture = self.input_reference is not None
        return Measures(self.size, self.seconds, shots, has_cast=has_cast, has_picture=has_picture)

    def texts(self) -> dict[str, str]:
        """Return every text that policy looks at, by the name of its field."""
        texts = {
            "prompt": self.prompt,
            "caption": self.caption,
            "style": self.style,
            "negative_prompt": self.negative_prompt,
        }
        texts |= {f"shots.{i}.prompt": shot.prompt for i, shot in enumerate(self.shots)}
        texts |= {f"shots.{i}.camera": shot.camera or "" for i, shot in enumerate(self.shots)}
        return {field: text for field, text in texts.items() if text}

    def drawn_texts(self) -> dict[str, str]:
        """Return the texts in which "@handle" is to be drawn: a caption may name anybody."""
        texts = {"prompt": self.prompt}
        texts |= {f"shots.{i}.prompt": shot.prompt for i, shot in enumerate(self.shots)}
        return {field: text for field, text in texts.items() if text}

    def shown_texts(self) -> dict[str, str]:
        """Return the texts that restrictions of likenesses bind: all that say what is shown."""
        return {field: text for field, text in self.texts().items() if field != "negative_prompt"}

    @property
    def fingerprint(self) -> str:
        """Return what tells apart requests that policy reads differently: a hash of their texts."""
        texts = json.dumps(sorted(self.texts().items()), ensure_ascii=False)
        return hashlib.sha256(texts.encode()).hexdigest()

    @property
    def recipe_fingerprint(self) -> str:
        """Return what tells apart requests that are drawn differently; it is no `fingerprint`."""
        recipe = f"{self.fingerprint} {self.seed} {self.size} {self.seconds}"
        if self.cameos:
            recipe += f" {sorted(self.cameos)}"
        if self.input_reference:
            recipe += f" {self.input_reference}"
        return hashlib.sha256(recipe.encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Return the request for a JSON column."""
        kept = asdict(self)
        if self.remix_of is not None:
            kept["remix_of"]["clip_id"] = str(self.remix_of.clip_id)
        if self.input_reference is not None:
            kept["input_reference"] = str(self.input_reference)
        return kept

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """Return the request that `as_json` kept."""
        remix, picture = kept["remix_of"], kept.get("input_reference")
        return cls(
            **kept
            | {
                "shots": tuple(Shot(**shot) for shot in kept["shots"]),
                "remix_of": RemixOf(UUID(remix["clip_id"]), remix["kind"]) if remix else None,
                "input_reference": UUID(picture) if picture else None,
                "cameos": tuple(kept.get("cameos", ())),
            }
        )

    @classmethod
    def of_job(cls, job: Job) -> Self:
        """Return what a job was asked for, its seed and size as they were chosen then."""
        remix = RemixOf(job.parent_id, job.remix_kind) if job.parent_id else None
        return cls(
            prompt=job.prompt,
            seconds=job.seconds,
            size=job.size,
            engine=job.engines_tried[0] if job.engines_tried else job.engine,
            shots=tuple(Shot(**shot) for shot in job.shots),
            seed=job.seed,
            style=job.style,
            negative_prompt=job.negative_prompt,
            audio=job.audio,
            caption=job.caption,
            publish=job.publish,
            remix_of=remix,
            input_reference=job.input_reference,
            cameos=handles_of_cast(job),
        )
