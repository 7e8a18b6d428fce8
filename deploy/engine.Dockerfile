# The engine image: the generation service alone. No Django, no database, no signing key.
FROM python:3.13-slim-bookworm AS build
WORKDIR /build
COPY engine/requirements.txt ./
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir -r requirements.txt

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --create-home vignette \
 && install -d -o vignette /var/lib/vignette
COPY --from=build /venv /venv
WORKDIR /app
COPY engine engine
COPY transcode transcode
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
EXPOSE 9000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:9000/health', timeout=2)"]
CMD ["python", "-m", "engine", "--engine", "scene", "--host", "0.0.0.0", "--port", "9000", "--state", "/var/lib/vignette"]
