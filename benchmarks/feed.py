"""The feed and a like beside bare references of the same run, on a seeded database of its own.

`python benchmarks/feed.py [--clips N] [--users N] [--seconds S] [--connections C]`

Requests go through Django's WSGI handler in this process, from C threads, with real access tokens
and rate limits off; the references are psycopg from C threads of the same process, and an empty
Django view behind the same middleware. So the ratios hold for one Python process, whatever server
stands in front of it. "cpu" is this process's CPU time a call, without PostgreSQL's.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from config.local.postgres import EmbeddedPostgres  # noqa: E402 - the path comes first
from config.local.valkey import EmbeddedValkey  # noqa: E402

KEYSET = """
    SELECT id FROM feed_clip WHERE state = 'published' AND published_at <= %(at)s
    ORDER BY published_at DESC, id DESC LIMIT 21
"""
RAW_LIKE = """
    INSERT INTO feed_like (user_id, clip_id, created_at) VALUES (%(user)s, %(clip)s, now())
    ON CONFLICT DO NOTHING
"""
RAW_COUNT = "UPDATE feed_clip SET like_count = like_count + 1 WHERE id = %(clip)s"
SEED = """
    INSERT INTO accounts_user (id, username, email, password, display_name, bio, is_active,
        is_staff, is_superuser, created_at)
    SELECT uuidv7(), 'user' || n, 'user' || n || '@example.org', '!', 'User ' || n, '', true, false,
        false, now() FROM generate_series(1, %(users)s) AS n;
    INSERT INTO feed_clip (id, author_id, state, state_before_hidden, mark_id, caption, seconds,
        width_px, height_px, engine, engine_is_procedural, media_prefix, remix_allowed, like_count,
        remix_count, created_at, published_at)
    SELECT c.id, u.id, 'published', '', c.n, 'clip number ' || c.n, 5, 360, 640, 'scene', true,
        'clips/' || c.id || '/1/', 'everyone', 0, 0, c.at, c.at
    FROM (SELECT n, uuidv7() AS id, now() - n * interval '1 second' AS at
          FROM generate_series(1, %(clips)s) AS n) AS c
    JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM accounts_user) AS u
        ON u.n = 1 + c.n %% %(users)s;
    INSERT INTO accounts_follow (follower_id, followed_id, created_at)
    SELECT a.id, b.id, now() FROM accounts_user a JOIN accounts_user b
        ON a.id <> b.id AND hashtext(a.username || b.username) %% 10 = 0;
    INSERT INTO accounts_block (blocker_id, blocked_id, created_at)
    SELECT a.id, b.id, now() FROM accounts_user a JOIN accounts_user b
        ON a.id <> b.id AND hashtext(a.username || b.username) %% 100 = 1;
    INSERT INTO feed_hiddenclip (user_id, clip_id, reason, created_at)
    SELECT u.id, c.id, 'not_interested', now()
    FROM accounts_user u JOIN feed_clip c ON hashtext(u.username || c.mark_id) %% 500 = 2;
    ANALYZE;
"""


def main() -> None:
    """Seed, measure and print one line a subject."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=20_000)
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement")
    parser.add_argument("--connections", type=int, default=16)
    asked = parser.parse_args()
    with services():
        Bench(asked.seconds, asked.connections).run(clips=asked.clips, users=asked.users)


@contextmanager
def services() -> Iterator[None]:
    """Run a durable PostgreSQL and a Valkey for this run, and point Django at them."""
    with tempfile.TemporaryDirectory(prefix="vignette-bench-", dir="/tmp") as name:
        state = Path(name)
        state.chmod(0o755)
        postgres = EmbeddedPostgres(
            cluster=state / "postgres", socket_dir=state / "pg", log=state / "postgres.log"
        )
        valkey = EmbeddedValkey(data=state / "valkey", socket_dir=state, log=state / "valkey.log")
        postgres.start()
        valkey.start()
        os.environ |= {
            "DATABASE_URL": postgres.url,
            "REDIS_URL": valkey.url,
            "VIGNETTE_STATE": str(state / "instance"),
            "RATE_LIMITS": "0",
            "LOG_LEVEL": "ERROR",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        try:
            yield
        finally:
            valkey.stop()
            postgres.stop()


class Bench:
    """One run: a seeded database, its users' tokens, and the measurements."""

    def __init__(self, seconds: float, connections: int) -> None:
        self.seconds, self.connections = seconds, connections

    def run(self, *, clips: int, users: int) -> None:
        """Seed and print every ratio."""
        self.seed(clips, users)
        keyset = self.rate(self.keyset_calls())
        raw_like = self.rate(self.raw_like_calls())
        empty = self.rate(self.calls("/bench/empty"))
        show("bare keyset SQL (psycopg)", keyset)
        show("bare like transaction (psycopg)", raw_like)
        show("empty Django view", empty)
        page = self.rate(self.calls("/api/v1/feed"))
        show("feed latest, 20 cards", page, keyset=keyset, empty=empty)
        show("feed following", self.rate(self.calls("/api/v1/feed?mode=following")), keyset=keyset)
        deep = self.rate(self.calls(f"/api/v1/feed?cursor={self.cursor_of_page(50)}", user=0))
        show("feed latest, page 50", deep, first_page=page)
        clip = f"/api/v1/clips/{self.clip_ids[0]}"
        show("clip detail", self.rate(self.calls(clip)), empty=empty)
        tag = self.request("GET", clip, 0)[1]["ETag"]
        show("clip detail, 304", self.rate(self.calls(clip, user=0, tag=tag)), empty=empty)
        like = self.rate(self.like_calls(self.clip_ids))
        show("like, spread", like, raw_like=raw_like)
        one = self.rate(self.like_calls(self.clip_ids[:1]))
        show("like, all on one clip", one, spread=like)
        self.check_counters()

    def seed(self, clips: int, users: int) -> None:
        """Migrate, fill the tables, and log every user in."""
        import django  # noqa: PLC0415 - the addresses are set only now

        django.setup()
        from django.conf import settings  # noqa: PLC0415
        from django.core.management import call_command  # noqa: PLC0415
        from django.core.wsgi import get_wsgi_application  # noqa: PLC0415
        from django.db import connection  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute(SEED, {"clips": clips, "users": users})
            cursor.execute("SELECT id FROM feed_clip ORDER BY published_at DESC LIMIT 2000")
            self.clip_ids = [row[0] for row in cursor.fetchall()]
            cursor.execute("SELECT id FROM accounts_user")
            self.user_ids = [row[0] for row in cursor.fetchall()]
        from accounts.models import User  # noqa: PLC0415
        from tests.fixtures import tokens_of  # noqa: PLC0415

        self.tokens = [
            tokens_of(user)["access_token"] for user in User.objects.order_by("username")[:64]
        ]
        settings.ROOT_URLCONF = "benchmarks.feed_urls"
        self.application = get_wsgi_application()

    def rate(self, call_of_worker: Callable[[int], Callable[[], object]]) -> dict[str, float]:
        """Return calls per second and latencies in ms, of all workers at once for `seconds`."""
        times: list[list[float]] = [[] for _ in range(self.connections)]
        start = threading.Barrier(self.connections + 1)

        def work(worker: int) -> None:
            call = call_of_worker(worker)
            call()
            start.wait()
            until = time.perf_counter() + self.seconds
            while (began := time.perf_counter()) < until:
                call()
                times[worker].append(time.perf_counter() - began)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(self.connections)]
        for thread in threads:
            thread.start()
        start.wait()
        cpu = time.process_time()
        for thread in threads:
            thread.join()
        cpu = time.process_time() - cpu
        every = sorted(itertools.chain.from_iterable(times))
        return {
            "per_second": len(every) / self.seconds,
            "cpu_ms": cpu / len(every) * 1000,
            "p50_ms": statistics.median(every) * 1000,
            "p99_ms": every[int(len(every) * 0.99)] * 1000,
        }

    def request(
        self, method: str, path: str, user: int, *, tag: str = ""
    ) -> tuple[int, dict[str, str], bytes]:
        """Carry one request through the WSGI handler."""
        route, _, query = path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": route,
            "QUERY_STRING": query,
            "SERVER_NAME": "bench",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_AUTHORIZATION": f"Bearer {self.tokens[user % len(self.tokens)]}",
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(),
            "wsgi.errors": sys.stderr,
        }
        if tag:
            environ["HTTP_IF_NONE_MATCH"] = tag
        answer: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            answer.extend((status, headers))

        response = self.application(environ, start_response)
        body = b"".join(response)
        response.close()
        return int(answer[0][:3]), dict(answer[1]), body

    def calls(self, path: str, *, user: int | None = None, tag: str = "") -> Any:
        """Return workers that get `path`, each as a user of their own unless one is named."""
        wanted = 304 if tag else 200

        def worker(number: int) -> Callable[[], None]:
            def call() -> None:
                who = number if user is None else user
                status, _, body = self.request("GET", path, who, tag=tag)
                if status != wanted:
                    raise RuntimeError(f"{path}: {status} {body[:300]!r}")

            return call

        return worker

    def like_calls(self, clip_ids: list[Any]) -> Any:
        """Return workers that like and take back, by turns, random ones of these clips."""

        def worker(number: int) -> Callable[[], None]:
            chance = random.Random(number)  # noqa: S311 - the same clips in every run
            state = {"method": "DELETE", "clip": clip_ids[0]}

            def call() -> None:
                if state["method"] == "DELETE":
                    state.update(method="PUT", clip=chance.choice(clip_ids))
                else:
                    state["method"] = "DELETE"
                path = f"/api/v1/clips/{state['clip']}/like"
                status, _, body = self.request(state["method"], path, number)
                if status not in {204, 404}:  # 404: across a block
                    raise RuntimeError(f"{path}: {status} {body[:300]!r}")

            return call

        return worker

    def keyset_calls(self) -> Any:
        """Return workers that read the ids of a page, on a connection each."""

        def worker(number: int) -> Callable[[], None]:
            connection = self._connect()
            at = connection.execute("SELECT now()").fetchone()[0]

            def call() -> None:
                if len(connection.execute(KEYSET, {"at": at}).fetchall()) != 21:
                    raise RuntimeError("the reference found no page")

            return call

        return worker

    def raw_like_calls(self) -> Any:
        """Return workers that insert a like and count it, as pgbench would."""

        def worker(number: int) -> Callable[[], None]:
            connection = self._connect()
            chance = random.Random(1000 + number)  # noqa: S311 - as above

            def call() -> None:
                given = {
                    "user": chance.choice(self.user_ids),
                    "clip": chance.choice(self.clip_ids),
                }
                with connection.transaction():
                    inserted = connection.execute(RAW_LIKE, given).rowcount
                    if inserted:
                        connection.execute(RAW_COUNT, given)

            return call

        return worker

    def cursor_of_page(self, number: int) -> str:
        """Return the cursor that leads to a page of the first user's latest feed."""
        import json  # noqa: PLC0415

        cursor = ""
        for _ in range(number - 1):
            body = self.request("GET", f"/api/v1/feed{cursor and '?cursor='}{cursor}", 0)[2]
            cursor = json.loads(body)["next"]
        return cursor

    def check_counters(self) -> None:
        """Return when every counter is the number of its rows.

        Raises:
            RuntimeError: one is not.
        """
        with self._connect() as connection:
            wrong = connection.execute(
                "SELECT count(*) FROM feed_clip c WHERE like_count <> "
                "(SELECT count(*) FROM feed_like l WHERE l.clip_id = c.id)"
            ).fetchone()[0]
        if wrong:
            raise RuntimeError(f"{wrong} like counters are wrong")
        print("every like counter equals its rows")

    def _connect(self) -> Any:
        import psycopg  # noqa: PLC0415

        return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)


def show(name: str, measured: dict[str, float], **references: dict[str, float]) -> None:
    """Print one line: the figures, and the ratio to each reference."""
    ratios = "  ".join(
        f"{measured['per_second'] / reference['per_second']:.2f} x {other}"
        for other, reference in references.items()
    )
    figures = (
        f"{measured['per_second']:7.0f} /s  cpu {measured['cpu_ms']:6.2f} ms  "
        f"p50 {measured['p50_ms']:7.2f} ms  p99 {measured['p99_ms']:7.2f} ms"
    )
    print(f"{name:<34}{figures}  {ratios}")


if __name__ == "__main__":
    main()
