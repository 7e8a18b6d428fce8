"""Real services for every test: an embedded PostgreSQL and Valkey of this run's own.

The addresses are fixed before Django's settings are read; the servers start when the first test
needs them, so tests of the pure packages start nothing. A DATABASE_URL or REDIS_URL that is already
set wins. Each worker of a parallel run has its own; a Valkey that is given they would share: give
them none.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.local.postgres import EmbeddedPostgres
from config.local.valkey import EmbeddedValkey
from tests.instances import RunningInstance, start_instance

pytest_plugins = ["tests.fixtures", "tests.buckets", "tests.parallel"]

STATE = Path(tempfile.mkdtemp(prefix="vignette-tests-"))
STATE.chmod(0o755)
POSTGRES = EmbeddedPostgres(
    cluster=STATE / "postgres",
    socket_dir=STATE / "pg",
    log=STATE / "logs" / "postgres.log",
    durable=False,
)
VALKEY = EmbeddedValkey(
    data=STATE / "valkey",
    socket_dir=STATE,
    log=STATE / "logs" / "valkey.log",
    durable=False,
)
EMBEDDED = {"DATABASE_URL", "REDIS_URL"} - set(os.environ)
os.environ.setdefault("DATABASE_URL", POSTGRES.url)
os.environ.setdefault("REDIS_URL", VALKEY.url)
os.environ["VIGNETTE_STATE"] = str(STATE)
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"  # read after this file, not before


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Take back what is set above, so that each worker of a parallel run sets its own.

    With DJANGO_SETTINGS_MODULE in its environment, pytest-django reads the settings before this
    file.
    """
    for name in (*EMBEDDED, "VIGNETTE_STATE", "DJANGO_SETTINGS_MODULE"):
        del os.environ[name]


@pytest.fixture(scope="session")
def services() -> Iterator[None]:
    """Run PostgreSQL and Valkey until the last test is over."""
    if "DATABASE_URL" in EMBEDDED:
        POSTGRES.start()
    if "REDIS_URL" in EMBEDDED:
        VALKEY.start()
    try:
        yield
    finally:
        VALKEY.stop()
        POSTGRES.stop()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(services: None) -> None:
    """Start the services before pytest-django makes the test database."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Let transactional tests empty the books between them; nothing else may."""
    from django.db import connection  # noqa: PLC0415 - settings are set by now

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for table in ("transaction", "posting"):
            cursor.execute(f"ALTER TABLE credits_{table} DISABLE TRIGGER credits_{table}_stays")


@pytest.fixture(autouse=True)
def _empty_valkey() -> None:
    """Start each test with an empty cache, queue and throttle; a given Valkey is left alone."""
    if VALKEY.process is not None:
        from django.core.cache import cache  # noqa: PLC0415 - settings are set by now

        cache.clear()


def pytest_unconfigure() -> None:
    """Leave nothing in the temporary folder."""
    shutil.rmtree(STATE, ignore_errors=True)


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInstance]:
    """A whole instance with an empty feed, shared by the tests of one run."""
    running = start_instance(tmp_path_factory.mktemp("instance") / "state")
    try:
        yield running
    finally:
        running.stop()
