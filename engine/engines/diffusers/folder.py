"""What a model folder is, told from its configs and the headers of its weights; loads nothing.

A folder is what `DiffusionPipeline.save_pretrained` writes: `model_index.json` names the pipeline
and its components, each with a folder of its own. A safetensors file begins with eight bytes, the
length of a JSON header that names each tensor's type, shape and place
(https://huggingface.co/docs/safetensors, "Format"): enough to count parameters and to see a
download that broke off.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.engines.diffusers.errors import ModelUnusable

Family = Literal["wan", "ltx2"]
PIPELINES: dict[str, Family] = {
    "WanPipeline": "wan",
    "WanImageToVideoPipeline": "wan",
    "WanVACEPipeline": "wan",
    "LTX2Pipeline": "ltx2",
    "LTX2ImageToVideoPipeline": "ltx2",
}
GIB = 1024**3
BYTES_A_PARAMETER = 2  # bfloat16, as the models run on a card
# Besides the weights: activations, and the decoder's work. An estimate that no measurement backs.
RESERVE_BYTES = 8 * GIB
MAX_HEADER_BYTES = 100_000_000  # the format's own limit
MAX_JSON_BYTES = 32_000_000

Fit = Literal["whole", "offload", "no"]


@dataclass(frozen=True, slots=True)
class Component:
    """One network of a pipeline, or a part without weights (tokenizer, scheduler)."""

    name: str
    class_name: str
    config: dict[str, Any]
    parameters: int
    stored_bytes: int


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """What there is to load, and what it needs."""

    path: Path
    family: Family
    pipeline: str  # its class in diffusers
    index: dict[str, Any]  # model_index.json
    components: tuple[Component, ...]

    @property
    def parameters(self) -> int:
        """Parameters of all components."""
        return sum(component.parameters for component in self.components)

    @property
    def card_bytes(self) -> int:
        """Bytes that all components take on a card, in bfloat16."""
        return self.parameters * BYTES_A_PARAMETER

    @property
    def largest_bytes(self) -> int:
        """Bytes that the largest component takes on a card, in bfloat16."""
        return max(component.parameters for component in self.components) * BYTES_A_PARAMETER

    def config(self, component: str) -> dict[str, Any]:
        """The config of a component; empty when the pipeline goes without it."""
        return next((each.config for each in self.components if each.name == component), {})

    def fit(self, memory_bytes: int) -> Fit:
        """How the model goes onto a card with so many bytes.

        Returns:
            whole: all components at once. offload: one at a time, the others wait in the machine's
            main memory. no: not even the largest one alone. Each beside `RESERVE_BYTES`.
        """
        if self.card_bytes + RESERVE_BYTES <= memory_bytes:
            return "whole"
        return "offload" if self.largest_bytes + RESERVE_BYTES <= memory_bytes else "no"


def read_folder(path: Path) -> ModelFolder:
    """Look at a folder without loading weights.

    Raises:
        ModelUnusable: no such folder, no pipeline that we run, or something is missing or broken.
    """
    if not path.is_dir():
        raise ModelUnusable(f"{path} is no folder.")
    index = _read_json(path / "model_index.json")
    pipeline = index.get("_class_name")
    if not isinstance(pipeline, str) or pipeline not in PIPELINES:
        known = ", ".join(PIPELINES)
        raise ModelUnusable(f"{path} is a {pipeline}; this engine runs {known}.")
    components = [
        _read_component(path, name, entry[1])
        for name, entry in sorted(index.items())
        if isinstance(entry, list) and len(entry) == 2 and isinstance(entry[1], str)
    ]
    if not any(component.parameters for component in components):
        raise ModelUnusable(f"{path / 'model_index.json'} names no component with weights.")
    return ModelFolder(path, PIPELINES[pipeline], pipeline, index, tuple(components))


def _read_component(model: Path, name: str, class_name: str) -> Component:
    folder = model / name
    if Path(name).name != name or not folder.is_dir():
        raise ModelUnusable(f"{model} lacks the folder of its component {name!r}.")
    config = folder / "config.json"
    weights = _weight_files(folder)
    if not weights:
        if config.is_file() and not (folder / "preprocessor_config.json").is_file():
            raise ModelUnusable(f"{folder} has no weights as safetensors, the one kind we load.")
        return Component(name, class_name, {}, parameters=0, stored_bytes=0)
    sizes = [file.stat().st_size for file in weights]
    counts = [_count_parameters(file) for file in weights]
    return Component(name, class_name, _read_json(config), sum(counts), sum(sizes))


def _weight_files(folder: Path) -> list[Path]:
    indexes = sorted(folder.glob("*.safetensors.index.json"))
    if not indexes:
        return sorted(folder.glob("*.safetensors"))
    placed = _read_json(indexes[0]).get("weight_map")
    if not isinstance(placed, dict) or not all(isinstance(name, str) for name in placed.values()):
        raise ModelUnusable(f"{indexes[0]} has no weight_map.")
    files = [folder / Path(name).name for name in sorted(set(placed.values()))]
    if missing := [file.name for file in files if not file.is_file()]:
        raise ModelUnusable(f"{folder} lacks {', '.join(missing)}, which its index names.")
    return files


def _count_parameters(file: Path) -> int:
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            header = json.loads(stream.read(length) if length <= MAX_HEADER_BYTES else "")
        tensors = [entry for name, entry in header.items() if name != "__metadata__"]
        end = max((entry["data_offsets"][1] for entry in tensors), default=0)
        parameters: int = sum(math.prod(entry["shape"]) for entry in tensors)
    except (OSError, ValueError, AttributeError, KeyError, TypeError, IndexError):
        raise ModelUnusable(f"{file} is no safetensors file.") from None
    if file.stat().st_size != 8 + length + end:
        raise ModelUnusable(f"{file} is not whole: its header says {8 + length + end} bytes.")
    return parameters


def _read_json(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > MAX_JSON_BYTES:
            raise ModelUnusable(f"{file} is too large to be what its name says.")
        content = json.loads(file.read_bytes())
    except FileNotFoundError:
        raise ModelUnusable(f"{file.parent} has no {file.name}.") from None
    except (OSError, ValueError):
        raise ModelUnusable(f"{file} cannot be read as JSON.") from None
    if not isinstance(content, dict):
        raise ModelUnusable(f"{file} is no JSON object.")
    return content
