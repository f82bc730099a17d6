# One image for the scheduler, the API and one-off commands; and, as the target `trial`, that of the sources to
# try it on. Built by `docker compose build`; docs/install.md says how, also without the internet.
#
# To pin the base by its digest, as docs/install.md shows:
#   BASE_IMAGE=debian:bookworm-slim@sha256:… in .env
# Bookworm, because its Python 3.11 is the newest that PyPI's tap-mysql runs on.
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${BASE_IMAGE} AS base
SHELL ["/bin/sh", "-eu", "-c"]
# What a site adds: its authorities of certificates, its mirrors of packages. Nothing, unless somebody put it there.
COPY deploy/site/certificates/ /usr/local/share/ca-certificates/
COPY deploy/site/apt/ /etc/apt/sources.list.d/
# pg_dump must not be older than the server that it dumps: Debian's is PostgreSQL 15, and so is compose.yaml's.
ARG POSTGRES_CLIENT=postgresql-client-15
# Debian replaces a version by its security update: a pinned one could not be built again, and would be old.
# hadolint ignore=DL3008
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        ca-certificates "${POSTGRES_CLIENT}" python3 tzdata \
    && update-ca-certificates \
    && apt-get clean \
    && rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log /var/log/alternatives.log \
    && groupadd --gid 10001 atelier \
    && useradd --uid 10001 --gid 10001 --home-dir /var/lib/atelier --no-create-home --shell /usr/sbin/nologin atelier

FROM base AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/atelier
COPY . .
# The index of packages where it is not PyPI; one that wants a log-in comes as the secret `package_index` instead,
# which leaves no trace in the image: docker build --secret id=package_index,src=FILE
ARG UV_DEFAULT_INDEX=""
ENV UV_CACHE_DIR=/root/.cache/uv \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never
RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=secret,id=package_index \
    if [ -s /run/secrets/package_index ]; then UV_DEFAULT_INDEX="$(cat /run/secrets/package_index)"; fi; \
    if [ -n "${UV_DEFAULT_INDEX}" ]; then export UV_DEFAULT_INDEX; else unset UV_DEFAULT_INDEX; fi; \
    python3 setup/bootstrap.py --production \
    && .venv/bin/python -m compileall -q extract/tap_ftplogs extract/tap_mysql load orchestrate serve \
    && rm -rf .local extract/tap_mysql_published/.local demo \
    && find deploy/site -type f ! -name README.md -delete

FROM base AS runtime
ARG VERSION=0.2.0
LABEL org.opencontainers.image.title="Atelier" \
      org.opencontainers.image.description="ELT warehouse for a maker of windows and roller shutters" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}"
COPY --from=build /opt/atelier /opt/atelier
# All that is ever written, each a volume; the rest may be read-only.
RUN install -d -o atelier -g atelier -m 0750 /var/lib/atelier /var/lib/atelier-docs /var/log/atelier /var/backups/atelier
ENV PATH=/opt/atelier/.venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MELTANO_ENVIRONMENT=prod \
    MELTANO_PROJECT_ROOT=/opt/atelier \
    MELTANO_SYS_DIR_ROOT=/var/lib/atelier/meltano \
    DBT_TARGET_PATH=/var/lib/atelier/dbt/target \
    DBT_LOG_PATH=/var/lib/atelier/dbt/logs \
    ATELIER_STATE_DIR=/var/lib/atelier/scheduler \
    ATELIER_DOCS_DIR=/var/lib/atelier-docs/site \
    ATELIER_LOG_DIR=/var/log/atelier \
    BACKUP_DIR=/var/backups/atelier \
    EXPORT_FOLDER=/var/lib/atelier/exports
VOLUME ["/var/lib/atelier", "/var/lib/atelier-docs", "/var/log/atelier", "/var/backups/atelier"]
WORKDIR /opt/atelier
USER 10001:10001
EXPOSE 8000
# The scheduler stops its run first, which takes a while.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=15s --start-period=120s --retries=3 CMD ["atelier", "scheduler", "health"]
CMD ["atelier", "scheduler", "run"]

# The sources to try it on: vsftpd as at the customer's, MariaDB as the ERP, and the factory that fills them.
FROM runtime AS trial
USER 0:0
# hadolint ignore=DL3008
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        mariadb-client-core mariadb-server-core vsftpd \
    && apt-get clean \
    && rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log /var/log/alternatives.log \
    && install -d -o atelier -g atelier -m 0750 /srv/ftp /var/lib/mysql
COPY demo/ /opt/trial/
ENV PYTHONPATH=/opt/trial
VOLUME ["/srv/ftp", "/var/lib/mysql"]
USER 10001:10001
HEALTHCHECK NONE
CMD ["python", "-m", "atelier_demo.trial", "ftp"]

# What is built where nobody names a target.
FROM runtime
