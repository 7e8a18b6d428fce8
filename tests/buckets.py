"""A bucket for media: a real S3 server that checks signatures and their expiry."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from config.settings import _S3_MEDIA

NAME = "clips-bucket"
KEY_ID, SECRET = "KEYOFTESTS", "SECRETOFTESTS"
RCLONE = Path(sys.executable).with_name("rclone")


@dataclass(frozen=True)
class Bucket:
    """Where the server is, and the folder behind the bucket."""

    address: str
    folder: Path


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory) -> Iterator[Bucket]:
    """Return a server with one bucket."""
    root = tmp_path_factory.mktemp("s3")
    folder = root / NAME
    folder.mkdir()
    server = subprocess.Popen(
        [
            *(RCLONE, "serve", "s3", root, "--config", ""),
            *("--addr", "127.0.0.1:0", "--auth-key", f"{KEY_ID},{SECRET}"),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        lines = iter(server.stderr.readline, "")
        address = next(
            found[1] for line in lines if (found := re.search(r"\[(http://[^]]+)/\]", line))
        )
        yield Bucket(address, folder)
    finally:
        server.terminate()
        server.wait(10)
        server.stderr.close()


@pytest.fixture
def bucket(s3_server, settings):
    """Keep media in the bucket, empty at first, with what an operator's variables end in."""
    for left in s3_server.folder.iterdir():
        shutil.rmtree(left)
    options = {
        **_S3_MEDIA["OPTIONS"],
        "bucket_name": NAME,
        "endpoint_url": s3_server.address,
        "region_name": "us-east-1",
        "access_key": KEY_ID,
        "secret_key": SECRET,
    }
    settings.STORAGES = {**settings.STORAGES, "default": {**_S3_MEDIA, "OPTIONS": options}}
    yield s3_server
    default_storage.connection.meta.client.close()
