"""What may be asked of the scene engine."""

from dataclasses import replace

from engine.contracts import EngineCapabilities

CAPABILITIES = EngineCapabilities(
    name="scene",
    kind="procedural",
    description=(
        "A procedural scene engine, not a neural model: it understands a vocabulary of things,"
        " places, actions and camera moves, simulates a small physical world and ray-traces it."
    ),
    sizes=("360x640", "640x360", "480x480", "720x1280", "1280x720"),
    min_seconds=1,
    max_seconds=25,
    max_shots=6,
    fps=(24, 30),
    audio=True,
    seed=True,
    procedural=True,
    input_reference=True,
    operations=("extend", "edit", "remix", "characters", "preview"),
    captions=True,
)
# A film that was extended is longer than one that may be asked for at once.
WHOLE_FILM = replace(CAPABILITIES, max_seconds=120, max_shots=24)
MAX_SEED = 2**31 - 1
