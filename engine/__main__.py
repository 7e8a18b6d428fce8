"""`python -m engine`: run the generation service."""

import argparse
import fcntl
import logging
import os
import socket
import sys
from pathlib import Path

import uvicorn

from engine.errors import EngineError
from engine.parent import die_with_parent
from engine.registry import ENGINES, OPTIONS, make_engine
from engine.server import create_app
from engine.webhooks import read_endpoint

SHUTDOWN_SECONDS = 3


def main() -> None:
    """Serve until SIGTERM or SIGINT; prints `engine ready http://HOST:PORT` once it renders."""
    options = _options()
    if options.parent_death_signal:
        die_with_parent()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    state: Path = options.state
    state.mkdir(parents=True, exist_ok=True)
    lock = (state / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit(f"another engine uses {state}")
    if not os.access(Path(__file__).parent, os.W_OK):
        # numba keeps compiled code beside the source, once for a checkout; it reads this instead.
        os.environ.setdefault("NUMBA_CACHE_DIR", str(state / "compiled"))
    # So that a restart finds what torch compiled for the card.
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(state / "compiled" / "torch"))
    try:
        webhook = read_endpoint(
            os.environ.get("ENGINE_WEBHOOK_URL"), os.environ.get("ENGINE_WEBHOOK_SECRET")
        )
        engine = make_engine(options.engine, **_engine_options(options))
    except EngineError as error:
        sys.exit(error.message)
    listener = socket.create_server((options.host, options.port), backlog=128)
    address = f"http://{options.host}:{listener.getsockname()[1]}"
    print(f"engine {options.engine} is compiling, {address}/health", flush=True)  # noqa: T201
    app = create_app(
        engine,
        state,
        key=os.environ.get("ENGINE_KEY") or None,
        on_ready=lambda: print(f"engine ready {address}", flush=True),  # noqa: T201
        webhook=webhook,
    )
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        server_header=False,
    )
    uvicorn.Server(config).run(sockets=[listener])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m engine", description=main.__doc__)
    parser.add_argument("--engine", choices=sorted(ENGINES), default="scene")
    parser.add_argument(
        "--model", default=os.environ.get("ENGINE_MODEL"), help="diffusers: folder of the model"
    )
    parser.add_argument(
        "--accept-licence",
        dest="licence",
        metavar="ID",
        default=os.environ.get("ENGINE_LICENCE"),
        help="diffusers: the licence of the model, which you accept",
    )
    parser.add_argument(
        "--recipe",
        default=os.environ.get("ENGINE_RECIPE"),
        help="diffusers: TOML file with other steps, guidance, sizes …; docs/engines.md",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8188, help="0: any free port")
    parser.add_argument("--state", type=Path, required=True, help="folder for clips and caches")
    parser.add_argument(
        "--parent-death-signal",
        action="store_true",
        help="end when the parent process ends (Linux)",
    )
    options = parser.parse_args()
    if "model" in OPTIONS.get(options.engine, ()) and not options.model:
        parser.error(f"the {options.engine} engine wants --model FOLDER, or ENGINE_MODEL")
    return options


def _engine_options(options: argparse.Namespace) -> dict[str, str | None]:
    return {name: getattr(options, name) for name in OPTIONS.get(options.engine, ())}


if __name__ == "__main__":
    main()
