"""How a model is run: its licence, its recipe, the machine's choices, what is remembered."""

import os
import subprocess
import sys

import httpx
import numpy as np
import pytest

from engine.engines.diffusers.engine import DiffusersEngine
from engine.engines.diffusers.errors import LicenceNotAccepted, ModelUnusable
from engine.engines.diffusers.family import (
    Recipe,
    frames_at_least,
    pixels_at_least,
    read_recipe,
)
from engine.engines.diffusers.folder import GIB, PIPELINES
from engine.engines.diffusers.licences import check_accepted, licence_of, licences
from engine.engines.diffusers.prompts import EmbeddingCache
from engine.engines.diffusers.sound import Heard, as_soundtrack
from engine.engines.diffusers.tuning import Machine, Tuning, choose, seconds_generated
from tests.engine.conftest import ROOT, Service
from tests.engine.diffusers.test_folder import sized

USUAL = Recipe(steps=30, guidance=3.0, sizes=("64x64",), max_seconds=5)
ALL = frozenset({"flash_attn_interface", "triton"})
H100 = Machine("cuda", "H100", 80 * GIB, (9, 0), ALL, has_compiler=True)


def test_every_family_has_a_licence_with_its_terms_and_source():
    assert set(PIPELINES.values()) == {name for each in licences() for name in each.families}
    assert licence_of("wan").terms == "commercial use is free"
    assert licence_of("ltx2").terms == (
        "commercial use is free below 10,000,000 USD of yearly revenue"
    )
    for each in licences():
        assert each.source.startswith("https://")
        assert each.notices


@pytest.mark.parametrize("accepted", [None, "", "Apache-2.0", "ltx-2-community"])
def test_another_licence_or_none_is_no_acceptance(accepted):
    with pytest.raises(LicenceNotAccepted) as refused:
        check_accepted(licence_of("ltx2"), accepted)
    assert refused.value.message == (
        "This model comes under the LTX-2 Community License Agreement of 2026-01-05 (commercial use"
        " is free below 10,000,000 USD of yearly revenue;"
        " https://github.com/Lightricks/LTX-2/blob/main/LICENSE): to accept it, start with"
        " --accept-licence LTX-2-Community, or with ENGINE_LICENCE=LTX-2-Community."
    )
    check_accepted(licence_of("ltx2"), "LTX-2-Community")


def command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    ours = {name: v for name, v in os.environ.items() if not name.startswith("ENGINE_")}
    return subprocess.run(
        [sys.executable, "-m", "engine", "--engine", "diffusers", "--port", "0", *arguments],
        cwd=ROOT,
        env=ours | variables,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_service_does_not_start_without_the_licence(folder, tmp_path):
    model = str(folder("wan_text"))
    for refused in (
        command("--model", model, "--state", str(tmp_path)),
        command("--state", str(tmp_path), ENGINE_MODEL=model, ENGINE_LICENCE="MIT"),
    ):
        assert refused.returncode == 1
        assert refused.stdout == ""
        assert refused.stderr.startswith("This model comes under the Apache License 2.0 (")
        assert refused.stderr.endswith("ENGINE_LICENCE=Apache-2.0.\n")
        assert refused.stderr.count("\n") == 1


def test_the_service_does_not_start_without_a_model(tmp_path):
    assert "wants --model FOLDER, or ENGINE_MODEL" in command("--state", str(tmp_path)).stderr
    refused = command("--model", str(tmp_path), "--state", str(tmp_path / "state"))
    assert (refused.returncode, refused.stderr) == (1, f"{tmp_path} has no model_index.json.\n")


def test_the_service_starts_with_model_and_licence(folder, tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("ENGINE_MODEL", str(folder("wan_text")))
    monkeypatch.setenv("ENGINE_LICENCE", "Apache-2.0")
    running = Service(
        tmp_path, key=None, options=("--engine", "diffusers", "--recipe", tiny.recipe(tmp_path))
    )
    try:
        assert httpx.get(f"{running.url}/health").json()["engine"] == "wan-2.1"
        (can,) = httpx.get(f"{running.url}/v1/engines").json()["data"]
        assert (can["sizes"], can["procedural"]) == (["64x64", "48x64"], False)
        assert can["licence"] == "Apache-2.0"
    finally:
        running.stop()


def test_a_recipe_changes_what_it_names(tmp_path):
    file = tmp_path / "recipe.toml"
    file.write_text("steps = 8\nsigmas = [1, 0.5]\n")
    assert read_recipe(file, USUAL) == Recipe(8, 3.0, ("64x64",), 5, (1, 0.5))
    assert read_recipe(None, USUAL) is USUAL


@pytest.mark.parametrize(
    "text",
    [
        "steps = 0",
        "steps = 1.5",
        "steps = true",
        "guidance = 0.5",
        'guidance = "high"',
        "guidance = nan",
        "sizes = []",
        'sizes = "64x64"',
        'sizes = ["64x65"]',
        'sizes = ["64"]',
        "max_seconds = 0",
        "max_shots = 0",
        "sigmas = 1.0",
        "sigmas = [1.0, 0.0]",
        "step_cache = 1",
        "step_cache = -0.1",
        "step_cache = nan",
        "step_cache = true",
        "fp8 = 1",
        "strength = 0",
        "strength = 1.5",
        "step = 3",
        "steps = ",
    ],
)
def test_a_wrong_recipe_is_refused(tmp_path, text):
    file = tmp_path / "recipe.toml"
    file.write_text(text)
    with pytest.raises(ModelUnusable, match=r"The recipe .*recipe\.toml"):
        read_recipe(file, USUAL)


def test_a_recipe_that_is_not_there_is_refused(folder, tmp_path):
    with pytest.raises(ModelUnusable, match="cannot be read"):
        DiffusersEngine(
            model=str(folder("wan_text")),
            licence="Apache-2.0",
            recipe=str(tmp_path / "recipe.toml"),
        )


def test_frames_and_sizes_are_rounded_up_to_what_a_model_makes():
    assert [frames_at_least(n, 4) for n in (1, 16, 17, 18, 80)] == [1, 17, 17, 21, 81]
    assert [frames_at_least(n, 8) for n in (24, 25, 120, 121)] == [25, 25, 121, 121]
    assert [pixels_at_least(n, 32) for n in (704, 720, 736)] == [704, 736, 736]


@pytest.mark.parametrize(
    ("changes", "is_masked", "attention"),
    [
        ({}, False, "_flash_3"),
        ({}, True, "native"),
        ({"packages": frozenset()}, False, "native"),
        ({"capability": (8, 9)}, False, "native"),
        ({"capability": (10, 0)}, False, "native"),
    ],
)
def test_attention_is_what_card_packages_and_model_allow(changes, is_masked, attention):
    machine = replaced(H100, **changes)
    assert choose(sized(20), machine, attention_is_masked=is_masked).attention == attention


def replaced(machine: Machine, **changes) -> Machine:
    return Machine(**{name: getattr(machine, name) for name in machine.__slots__} | changes)


def test_a_short_card_offloads_and_tiles_and_a_smaller_one_is_refused():
    tunings = [
        choose(sized(11, 28), replaced(H100, memory_bytes=n * GIB), attention_is_masked=False)
        for n in (80, 50, 40)
    ]
    assert [(each.fit, each.tiles) for each in tunings] == [
        ("whole", False),
        ("whole", True),
        ("offload", True),
    ]
    small = replaced(H100, name="RTX", memory_bytes=24 * GIB)
    with pytest.raises(ModelUnusable, match=r"does not fit RTX: .* 28\.0 GiB, the card has 24\.0"):
        choose(sized(11, 28), small, attention_is_masked=False)


def test_blocks_are_compiled_where_a_card_a_compiler_and_triton_are():
    without = [{}, {"packages": frozenset()}, {"has_compiler": False}, {"device": "cpu"}]
    machines = [replaced(H100, **changes) for changes in without]
    chosen = [choose(sized(2), each, attention_is_masked=False).compiles for each in machines]
    assert chosen == [True, False, False, False]


def test_compiled_lengths_are_few_and_never_shorter_than_asked():
    compiled = Tuning("cuda", "whole", "native", compiles=True, tiles=False)
    made = [seconds_generated(n, compiled, 20) for n in range(1, 21)]
    assert all(n <= length <= max(n + 1, 1.25 * n) for n, length in enumerate(made, start=1))
    assert len(set(made)) == 11
    assert seconds_generated(7, compiled, 7) == 7
    plain = Tuning("cpu", "whole", "native", compiles=False, tiles=False)
    assert seconds_generated(7, plain, 20) == 7


class Hidden:
    """A tensor as far as the cache looks into one."""

    nbytes = 100

    def cpu(self):
        return self


def test_the_least_recently_used_prompts_are_forgotten():
    encoded: list[str] = []

    def encode(prompt):
        encoded.append(prompt)
        return (Hidden(), Hidden())

    cache = EmbeddingCache(encode, max_bytes=400)
    for prompt in "abacabb":
        cache.get(prompt)
    assert "".join(encoded) == "abcb"
    large = EmbeddingCache(encode, max_bytes=1)
    assert large.get("x") is large.get("x")


def test_sound_becomes_stereo_at_48_khz_of_the_whole_length():
    beat = np.sin(np.arange(24_000) * 2 * np.pi * 440 / 24_000).astype(np.float32)
    for channels in (1, 2):
        sound = np.stack([beat] * channels, axis=1)
        made = as_soundtrack([Heard(sound, 24_000, 0.0, 2)])
        assert (made.shape, made.dtype) == ((96_000, 2), np.float32)
        assert np.array_equal(made[:, 0], made[:, 1])
        heard = np.abs(np.fft.rfft(made[:48_000, 0]))
        assert heard.argmax() == 440
        assert np.abs(made[50_000:]).max() == 0.0
    assert as_soundtrack([Heard(np.stack([beat] * 2, axis=1), 24_000, 0.0, 1)]).shape == (48_000, 2)
