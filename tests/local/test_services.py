"""The embedded servers by themselves: start, crash, version, who may run them."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest
import redis

from config.local import footing, postgres
from config.local.postgres import EmbeddedPostgres, end_leftovers, processes_in
from config.local.state import LocalServiceError
from config.local.valkey import EmbeddedValkey
from tests.instances import wait_until

IS_ROOT = os.getuid() == 0


@pytest.fixture
def folder():
    """A folder under /tmp that every user may pass through, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="vignette-local-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def make_postgres(folder):
    made = []

    def make(**options):
        server = EmbeddedPostgres(
            cluster=options.pop("cluster", folder / "state" / "postgres"),
            socket_dir=folder / "s",
            log=folder / "postgres.log",
            **options,
        )
        made.append(server)
        return server

    yield make
    for server in made:
        server.stop()


def one_value(url: str, query: str):
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchone()[0]


def test_postgres_starts_with_its_database_and_the_extensions_we_use(make_postgres):
    server = make_postgres(durable=False)
    server.start()
    assert one_value(server.url, "SELECT current_database()") == "vignette"
    assert one_value(server.url, "SHOW server_encoding") == "UTF8"
    with psycopg.connect(server.url) as connection:
        for name in ("vector", "pg_trgm", "citext", "unaccent", "btree_gist"):
            connection.execute(f"CREATE EXTENSION {name}")


def test_no_committed_row_is_lost_when_the_server_is_killed(make_postgres):
    server = make_postgres()
    process = server.start()
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
        os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process = server.spawn()
    wait_until(server.is_ready, "PostgreSQL after kill -9")
    assert one_value(server.url, "SELECT count(*) FROM kept") == 1000


def test_a_pid_file_that_names_a_living_stranger_does_not_block_the_start(make_postgres):
    server = make_postgres()
    server.start()
    server.stop()
    pid_file = server.cluster / "data" / "postmaster.pid"
    # The number was given to another program of the same user since the crash.
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        pid_file.write_text(f"{stranger.pid}\n{server.cluster}/data\n1\n5432\n\n\n")
        os.chown(pid_file, server.footing.uid, server.footing.gid)
        server.start()
        assert one_value(server.url, "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_server_left_by_a_killed_supervisor_is_ended_before_the_next_start(make_postgres):
    server = make_postgres()
    left = server.start()
    data = server.cluster / "data"
    assert left.pid in processes_in(data)
    end_leftovers(data)
    left.wait(1)
    assert processes_in(data) == []
    assert not (data / "postmaster.pid").exists()


def test_data_of_another_major_version_is_refused_and_left_alone(make_postgres):
    server = make_postgres()
    version = server.cluster / "data" / "PG_VERSION"
    version.parent.mkdir(parents=True)
    version.write_text("15\n")
    with pytest.raises(LocalServiceError, match=r"made by PostgreSQL 15, .* installed one is \d+"):
        server.start()
    assert [path.name for path in server.cluster.rglob("*")] == ["data", "PG_VERSION"]


def test_a_killed_first_start_leaves_nothing_that_looks_finished(make_postgres):
    server = make_postgres()
    half_made = server.cluster / "data.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    server.start()
    assert one_value(server.url, "SELECT 1") == 1
    assert not half_made.exists()


def test_postgres_dies_with_the_process_that_started_it(folder):
    code = f"""
import sys, time
from pathlib import Path
from config.local.postgres import EmbeddedPostgres
folder = Path({str(folder)!r})
EmbeddedPostgres(cluster=folder / "c", socket_dir=folder / "s", log=folder / "log").start()
print("up", flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as starter:
        assert starter.stdout.readline() == b"up\n"
        data = folder / "c" / "data"
        assert processes_in(data)
        starter.kill()
    wait_until(lambda: not processes_in(data), "PostgreSQL to end", seconds=5)


@pytest.mark.skipif(not IS_ROOT, reason="only root has to run PostgreSQL as somebody else")
@pytest.mark.parametrize("rung", footing.RUNGS)
def test_every_rung_runs_the_server_as_somebody_who_is_not_root(make_postgres, folder, rung):
    server = make_postgres(durable=False, rungs=[rung], homes=[folder / "homes"])
    (folder / "homes").mkdir()
    server.start()
    assert one_value(server.url, "SELECT 1") == 1
    assert server.footing.rung == rung
    inside = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    real_uid = int(next(line for line in inside.splitlines() if line.startswith("Uid:")).split()[1])
    assert (real_uid == 0) == (rung == "namespace")  # there, root is nobody only from inside


@pytest.mark.skipif(not IS_ROOT, reason="only root has folders that the dropped user cannot enter")
def test_data_behind_a_closed_folder_moves_when_namespaces_are_forbidden(make_postgres, folder):
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    (folder / "homes").mkdir()
    cluster = closed / "state" / "postgres"
    server = make_postgres(
        cluster=cluster, rungs=["direct", "copy"], homes=[folder / "homes"], durable=False
    )
    for way in ("copy", "direct"):  # once the data has moved, nothing stands in the way
        server.start()
        assert server.footing.rung == way
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS runs (at timestamptz DEFAULT now())")
            connection.execute("INSERT INTO runs DEFAULT VALUES")
        server.stop()
    server.start()
    assert cluster.is_symlink()
    assert one_value(server.url, "SELECT count(*) FROM runs") == 2
    assert closed.stat().st_mode & 0o777 == 0o700  # nothing was opened to others


@pytest.mark.skipif(not IS_ROOT, reason="only root has folders that the dropped user cannot enter")
def test_no_way_to_run_is_said_plainly(make_postgres, folder):
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    server = make_postgres(cluster=closed / "postgres", rungs=["direct"])
    with pytest.raises(LocalServiceError, match="PostgreSQL does not run as root"):
        server.start()


def test_missing_binaries_are_said_plainly(make_postgres, monkeypatch):
    monkeypatch.setattr(postgres, "find_spec", lambda name: None)
    with pytest.raises(LocalServiceError, match="set DATABASE_URL"):
        make_postgres().start()


def test_no_acknowledged_key_is_lost_when_valkey_is_killed(folder):
    server = EmbeddedValkey(data=folder / "v", socket_dir=folder / "s", log=folder / "valkey.log")
    process = server.start()
    with redis.Redis.from_url(server.url) as client:
        client.mset({f"key{n}": n for n in range(2000)})
        process.kill()
        process.wait()
        server.start()
        assert client.dbsize() == 2000
    server.stop()
    server.stop()  # twice is harmless
    assert (folder / "s").stat().st_mode & 0o777 == 0o700


def test_a_server_that_cannot_start_gives_its_last_words(folder):
    server = EmbeddedValkey(data=folder / "w", socket_dir=folder / "s", log=folder / "valkey.log")
    (folder / "w" / "appendonlydir").mkdir(parents=True)
    (folder / "w" / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    with pytest.raises(LocalServiceError, match="manifest"):
        server.start()
