# The engine image for a card: the diffusers engine over a model folder that you mount. No weights.
FROM python:3.13-slim-bookworm AS build
# Where torch comes from: the index of your driver's CUDA, of those that pytorch.org/get-started
# names. Empty: pip's own index, whose build for Linux is one for CUDA.
ARG TORCH_INDEX=
WORKDIR /build
COPY engine/requirements.txt engine/requirements.txt
COPY requirements-gpu.txt ./
RUN python -m venv /venv \
 && grep -E '^torch==' requirements-gpu.txt > torch.txt \
 && /venv/bin/pip install --no-cache-dir ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} -r torch.txt \
 && /venv/bin/pip install --no-cache-dir -r engine/requirements.txt -r requirements-gpu.txt

FROM python:3.13-slim-bookworm
# Triton, which comes with torch, wants a C compiler for what it compiles.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends g++ \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --create-home vignette \
 && install -d -o vignette /var/lib/vignette
COPY --from=build /venv /venv
WORKDIR /app
COPY engine engine
COPY transcode transcode
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 HF_HUB_OFFLINE=1 \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    ENGINE_MODEL=/model
# ENGINE_LICENCE is given when it runs: accepting it is nobody's but the operator's.
VOLUME /var/lib/vignette
USER 10001
EXPOSE 9000
# Weights are read, and blocks compiled, before it answers.
HEALTHCHECK --interval=10s --timeout=3s --start-period=15m \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:9000/health', timeout=2)"]
CMD ["python", "-m", "engine", "--engine", "diffusers", "--host", "0.0.0.0", "--port", "9000", "--state", "/var/lib/vignette"]
