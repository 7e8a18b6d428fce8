# The worker image: finishes clips (marks, packaging, signing). Bundles its own ffmpeg by pip.
FROM python:3.13-slim-bookworm AS build
WORKDIR /build
COPY requirements.txt ./
COPY engine/requirements.txt engine/requirements.txt
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir -r requirements.txt

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --create-home vignette \
 && install -d -o vignette /var/lib/vignette
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 VIGNETTE_STATE=/var/lib/vignette
USER 10001
CMD ["celery", "-A", "config", "worker", "--pool", "threads", "--concurrency", "4", "--loglevel", "INFO"]
