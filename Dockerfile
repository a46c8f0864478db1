# Jackfield in a container. The server, its embedded store and its media process run as one unprivileged user.
#   docker build -t jackfield .
#   docker run --rm --network host -v jackfield-data:/data jackfield
# With the host's network the demo is reachable on this machine only (127.0.0.1), as with `make run`. To serve others,
# give an own site and both addresses: -e JACKFIELD_BIND=0.0.0.0 -e JACKFIELD_ADVERTISE=<address> -e JACKFIELD_SITE=...
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
# The lock with the PostgreSQL driver, so that the image does for either database.
COPY requirements-postgres.lock ./
RUN python -m venv /opt/jackfield \
    && /opt/jackfield/bin/pip install --no-cache-dir --only-binary :all: --require-hashes -r requirements-postgres.lock

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data jackfield \
    && install -d -o jackfield -g jackfield /data
COPY --from=build /opt/jackfield /opt/jackfield
WORKDIR /app
COPY simulator simulator
COPY server server
COPY http_api http_api
COPY agents_ws agents_ws
COPY chat chat
COPY voice voice
COPY sip sip
COPY media media
COPY store store
COPY config config
COPY records records
COPY telemetry telemetry
COPY router router
COPY ivr ivr
COPY frontend frontend
COPY LICENSE README.md ./
# Each start would compile all modules anew: who runs the server may not write here, and nothing changes here afterwards.
RUN python -m compileall -q --invalidation-mode unchecked-hash .
ENV PATH=/opt/jackfield/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    JACKFIELD_DATA_DIR=/data \
    JACKFIELD_LOG_FORMAT=json
USER jackfield
VOLUME /data
EXPOSE 8080/tcp 5060/tcp 5060/udp 16384-18383/udp
STOPSIGNAL SIGINT
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["python", "-m", "server.probe"]
ENTRYPOINT ["python", "-m", "server"]
CMD ["run"]
