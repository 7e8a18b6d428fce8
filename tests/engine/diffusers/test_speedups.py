"""What a recipe may add for speed: steps that are not computed in full, eight-bit layers."""

from importlib import import_module

import numpy as np
import pytest

from engine.engines.diffusers.eightbit import CAPABILITY, to_eight_bits
from engine.engines.diffusers.engine import DiffusersEngine
from engine.engines.diffusers.errors import ModelUnusable
from engine.engines.diffusers.folder import GIB
from engine.engines.diffusers.tuning import Machine, Tuning, choose
from engine.errors import RenderCancelled
from tests.engine.diffusers.conftest import LTX
from tests.engine.diffusers.test_clips import BALL, can_compile
from tests.engine.diffusers.test_folder import sized
from tests.engine.diffusers.test_running import H100, replaced

STEPS = 8
CACHED = f'steps = {STEPS}\nguidance = 3\nsizes = ["48x64"]\nstep_cache = '
ADA = Machine("cuda", "RTX 4090", 24 * GIB, (8, 9), frozenset(), has_compiler=False)


def frames(engine, seed: int, on_step=lambda *_: None):
    return engine._generate(BALL, seed, on_step).frames


def counted(make, threshold: float):
    """An engine that computes few steps in full, and how often its last block ran."""
    engine, runs = make("wan_text", CACHED + str(threshold)), []
    engine.warm_up()
    last = engine.family._pipe.transformer.blocks[-1]
    last.attn1.register_forward_hook(lambda *_: runs.append(1))
    return engine, runs


def test_a_cached_clip_skips_blocks_and_stays_near(make):
    engine, runs = counted(make, 0.2)
    plain = make("wan_text", CACHED + "0")
    plain.warm_up()
    drawn = frames(engine, 3).astype(int)
    assert 2 <= len(runs) < 2 * STEPS / 2  # both passes of the first step at least
    full = frames(plain, 3).astype(int)
    assert np.abs(drawn - full).max() > 0
    assert np.abs(drawn - full).mean() < np.abs(full - frames(plain, 4)).mean() / 4


def test_a_clip_is_the_same_before_and_after_another_and_after_one_that_ended_midway(make):
    engine, runs = counted(make, 0.99)  # whatever is remembered, also of another clip, is used
    first = frames(engine, 3)
    count = len(runs)

    def stop(done: int, _: int) -> None:
        if done == 3:
            raise RenderCancelled("midway")

    frames(engine, 4)
    runs.clear()
    assert np.array_equal(frames(engine, 3), first)
    assert len(runs) == count
    with pytest.raises(RenderCancelled):
        frames(engine, 5, stop)
    runs.clear()
    assert np.array_equal(frames(engine, 3), first)
    assert len(runs) == count


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")  # inside torch
@pytest.mark.skipif(not can_compile(), reason="torch.compile wants g++ and Python's headers")
def test_compiled_blocks_are_cached_without_being_compiled_again(make):
    counters = import_module("torch._dynamo.utils").counters
    import_module("torch._dynamo").reset()
    counters.clear()
    compiled = make("wan_text", CACHED + "0.2")
    tuning = Tuning("cpu", "whole", "native", compiles=True, tiles=False, step_cache=0.2)
    compiled.family.load(tuning)
    drawn = frames(counted(make, 0.2)[0], 3).astype(int)
    assert np.abs(drawn - frames(compiled, 3)).max() <= 1
    frames(compiled, 4)
    assert counters["stats"]["unique_graphs"] == 1
    assert not counters["graph_break"]


def test_a_model_that_cannot_be_cached_is_refused_at_the_start(folder, tiny, tmp_path):
    recipe = tiny.recipe(tmp_path, "step_cache = 0.05")
    with pytest.raises(ModelUnusable, match="step_cache works for Wan alone"):
        DiffusersEngine(model=str(folder("ltx2")), licence=LTX, recipe=recipe)


def test_eight_bits_want_a_card_that_has_them():
    for machine in (H100, ADA):
        assert choose(sized(2), machine, attention_is_masked=False, fp8=True).fp8
    ampere = replaced(H100, name="A100", capability=(8, 0))
    processor = replaced(H100, device="cpu", name="CPU", capability=(0, 0))
    for machine in (ampere, processor):
        with pytest.raises(ModelUnusable, match=rf"8\.9 or more, not {machine.name}\."):
            choose(sized(2), machine, attention_is_masked=False, fp8=True)
    assert not choose(sized(2), H100, attention_is_masked=False).fp8


def test_an_engine_whose_recipe_wants_what_the_machine_lacks_does_not_warm_up(make, tiny):
    if tiny.torch.cuda.is_available():
        pytest.skip("this card may have it")
    with pytest.raises(ModelUnusable, match="fp8 wants a card"):
        make("wan_text", "fp8 = true").warm_up()


@pytest.mark.parametrize("bias", [True, False])
def test_eight_bit_layers_multiply_nearly_the_same(tiny, bias):
    torch = tiny.torch
    is_able = torch.cuda.is_available() and torch.cuda.get_device_capability() >= CAPABILITY
    device = "cuda" if is_able else "cpu"  # where PyTorch emulates them
    torch.manual_seed(0)
    layers = torch.nn.ModuleDict(
        {
            "large": torch.nn.Linear(64, 32, bias=bias),
            "narrow": torch.nn.Linear(64, 8),
            "odd": torch.nn.Linear(64, 40),
        }
    ).to(device, torch.bfloat16)
    network = torch.nn.Module()
    network.blocks = torch.nn.ModuleList([layers])
    x = torch.randn(2, 5, 64, device=device, dtype=torch.bfloat16)
    x[0, 0] = 0  # a token of nothing
    x[0, 1] *= 1000  # scales are by token
    with torch.no_grad():
        truth = layers["large"](x).float()
        assert to_eight_bits(network, smallest_side=32) == 1
        made = layers["large"](x)
    assert (made.shape, made.dtype) == (truth.shape, torch.bfloat16)
    assert layers["large"].weight.dtype is torch.float8_e4m3fn
    error = (made.float() - truth).norm(dim=-1) / truth.norm(dim=-1).clamp(min=1e-6)
    assert 0 < error.max() < 0.08
    assert [type(layers[name]) for name in ("narrow", "odd")] == [torch.nn.Linear] * 2
