"""What a folder is, told without its weights: from configs and headers written by hand."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from engine.engines.diffusers.__main__ import _allowed, described
from engine.engines.diffusers.engine import _family
from engine.engines.diffusers.errors import ModelUnusable
from engine.engines.diffusers.folder import (
    GIB,
    RESERVE_BYTES,
    Component,
    ModelFolder,
    read_folder,
)
from engine.engines.diffusers.licences import licence_of
from tests.engine.conftest import ROOT

INDEX = {
    "_class_name": "WanPipeline",
    "_diffusers_version": "0.42.1",
    "expand_timesteps": False,
    "boundary_ratio": None,
    "image_encoder": [None, None],
    "scheduler": ["diffusers", "UniPCMultistepScheduler"],
    "tokenizer": ["transformers", "T5TokenizerFast"],
    "transformer": ["diffusers", "WanTransformer3DModel"],
    "vae": ["diffusers", "AutoencoderKLWan"],
}


def write_weights(to: Path, *shape: int, missing_bytes: int = 0) -> None:
    elements = math.prod(shape)
    header = {"w": {"dtype": "F32", "shape": shape, "data_offsets": [0, 4 * elements]}}
    encoded = json.dumps({"__metadata__": {"format": "pt"}} | header).encode()
    data = bytes(4 * elements - missing_bytes)
    to.write_bytes(len(encoded).to_bytes(8, "little") + encoded + data)


@pytest.fixture
def model(tmp_path) -> Path:
    for name in ("scheduler", "tokenizer", "transformer", "vae"):
        (tmp_path / name).mkdir()
    (tmp_path / "model_index.json").write_text(json.dumps(INDEX))
    (tmp_path / "scheduler/scheduler_config.json").write_text("{}")
    (tmp_path / "tokenizer/tokenizer_config.json").write_text("{}")
    (tmp_path / "transformer/config.json").write_text('{"patch_size": [1, 2, 2]}')
    (tmp_path / "vae/config.json").write_text('{"scale_factor_spatial": 16}')
    shards = {"a": "part-1.safetensors", "b": "part-2.safetensors"}
    index = tmp_path / "transformer/diffusion_pytorch_model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": shards}))
    for shard in shards.values():
        write_weights(tmp_path / "transformer" / shard, 10, 30)
    write_weights(tmp_path / "vae/diffusion_pytorch_model.safetensors", 100)
    return tmp_path


def test_a_folder_is_known_by_its_headers(model):
    folder = read_folder(model)
    assert (folder.family, folder.pipeline) == ("wan", "WanPipeline")
    assert {each.name: each.parameters for each in folder.components} == {
        "scheduler": 0,
        "tokenizer": 0,
        "transformer": 600,
        "vae": 100,
    }
    assert (folder.parameters, folder.card_bytes, folder.largest_bytes) == (700, 1400, 1200)
    assert folder.config("vae") == {"scale_factor_spatial": 16}
    assert folder.config("image_encoder") == {}


def broken_index(model):
    (model / "model_index.json").write_text("{")


def no_index(model):
    (model / "model_index.json").unlink()


def list_index(model):
    (model / "model_index.json").write_text("[]")


def other_pipeline(model):
    (model / "model_index.json").write_text(json.dumps(INDEX | {"_class_name": "FluxPipeline"}))


def no_vae(model):
    (model / "vae").rename(model / "elsewhere")


def outside(model):
    (model / "model_index.json").write_text(json.dumps(INDEX | {"../vae": ["diffusers", "X"]}))


def pickled(model):
    weights = model / "vae/diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))


def lost_shard(model):
    (model / "transformer/part-2.safetensors").unlink()


def cut_short(model):
    write_weights(model / "transformer/part-2.safetensors", 10, 30, missing_bytes=1)


def pointer(model):  # what git leaves without its large files
    (model / "transformer/part-1.safetensors").write_text("version https://git-lfs…")


def no_weights(model):
    (model / "model_index.json").write_text('{"_class_name": "WanPipeline"}')


@pytest.mark.parametrize(
    ("breaks", "says"),
    [
        (broken_index, "model_index.json cannot be read as JSON"),
        (no_index, "has no model_index.json"),
        (list_index, "model_index.json is no JSON object"),
        (other_pipeline, "is a FluxPipeline; this engine runs WanPipeline, WanImageToVideo"),
        (no_vae, "lacks the folder of its component 'vae'"),
        (outside, r"lacks the folder of its component '\.\./vae'"),
        (pickled, "vae has no weights as safetensors"),
        (lost_shard, "lacks part-2.safetensors, which its index names"),
        (cut_short, "part-2.safetensors is not whole"),
        (pointer, "part-1.safetensors is no safetensors file"),
        (no_weights, "names no component with weights"),
    ],
)
def test_a_broken_folder_says_what_is_amiss(model, breaks, says):
    breaks(model)
    with pytest.raises(ModelUnusable, match=says):
        read_folder(model)


def test_no_folder_is_no_model(tmp_path):
    with pytest.raises(ModelUnusable, match="is no folder"):
        read_folder(tmp_path / "nothing")


def sized(*gib: int) -> ModelFolder:
    parts = tuple(Component(f"c{n}", "C", {}, n * GIB // 2, n * GIB) for n in gib)
    return ModelFolder(Path("model"), "wan", "WanPipeline", {}, parts)


def test_a_model_goes_onto_a_card_whole_in_parts_or_not_at_all():
    model = sized(11, 28)
    assert model.card_bytes == 39 * GIB
    assert model.fit(39 * GIB + RESERVE_BYTES) == "whole"
    assert model.fit(39 * GIB + RESERVE_BYTES - 1) == "offload"
    assert model.fit(28 * GIB + RESERVE_BYTES) == "offload"
    assert model.fit(28 * GIB + RESERVE_BYTES - 1) == "no"


def told(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "engine.engines.diffusers", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_folder_is_described_by_a_command(model):
    licence = licence_of("wan")
    answer = told(str(model), "--card", "24")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.splitlines() == [
        "WanPipeline of the family wan: 0.000 B parameters, 0.0 GiB",
        "  transformer      WanTransformer3DModel                   0.000 B",
        "  vae              AutoencoderKLWan                        0.000 B",
        f"licence Apache-2.0: Apache License 2.0, {licence.source}; its text decides",
        "  use: commercial use is free",
        "  revenue cap: none",
        "  territories: all",
        "  notice: Keep the licence and its notices with the weights when you pass them on.",
        "card of 24 GiB: whole",
    ]
    no_vae(model)
    refused = told(str(model))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == f"{model} lacks the folder of its component 'vae'.\n"


@pytest.mark.parametrize("card", ["0", "-1", "nan", "inf", "large"])
def test_a_card_without_a_size_is_no_card(model, card):
    refused = told(str(model), f"--card={card}")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "argument --card: expected a number of GiB above 0" in refused.stderr


def test_a_card_that_is_too_small_is_told_by_the_exit_code_too(model):
    answer = told(str(model), "--card", "7.5")  # the reserve alone is more
    assert (answer.returncode, answer.stdout.splitlines()[-1]) == (
        1,
        "card of 7.5 GiB: not at all",
    )
    assert answer.stderr == f"{model} does not go onto a card of 7.5 GiB.\n"


def test_a_description_names_the_revenue_cap_and_excluded_territories():
    licence = replace(licence_of("ltx2"), excluded=("Here", "There"))
    assert _allowed(licence)[1:4] == [
        "  use: commercial use is free",
        "  revenue cap: 10,000,000 USD a year",
        "  territories: not Here, There",
    ]


def test_a_description_tells_how_it_goes_onto_each_card():
    assert described(sized(11, 28), (80, 40, 24)).splitlines()[-3:] == [
        "card of 80 GiB: whole",
        "card of 40 GiB: in turns with main memory",
        "card of 24 GiB: not at all",
    ]


@pytest.mark.parametrize(
    ("index", "vae", "traits"),
    [
        ({}, {}, ("wan-2.1", 16, 16, False)),
        ({"boundary_ratio": 0.875}, {}, ("wan-2.2", 16, 16, False)),
        ({"expand_timesteps": True}, {"scale_factor_spatial": 16}, ("wan-2.2", 24, 32, True)),
        ({"_class_name": "WanImageToVideoPipeline"}, {}, ("wan-2.1", 16, 16, True)),
        ({"_class_name": "WanVACEPipeline"}, {}, ("wan-2.1", 16, 16, True)),
    ],
)
def test_the_configs_say_which_wan_it_is(model, index, vae, traits):
    (model / "model_index.json").write_text(json.dumps(INDEX | index))
    (model / "vae/config.json").write_text(json.dumps(vae))
    told = _family(read_folder(model), None).traits
    assert (told.name, told.fps, told.size_step_px, told.takes_picture) == traits
