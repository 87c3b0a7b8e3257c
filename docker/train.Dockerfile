# Training, exporting, evaluating. Built from the root of the repository:
#
#     docker build -f docker/train.Dockerfile -t polyparse:0.2.0-train .
#
# fastText has no wheels and is compiled in the first stage, whose base brings a compiler; the last stage has none.
ARG BUILD_BASE=python:3.11.14-bookworm
ARG BASE=python:3.11.14-slim-bookworm@sha256:65a93d69fa75478d554f4ad27c85c1e69fa184956261b4301ebaf6dbb0a3543d

FROM ${BUILD_BASE} AS dependencies
ARG EXTRAS=cpu,train,s3,signing
ARG PIP_NO_INDEX
ARG PIP_FIND_LINKS
ENV PIP_CONSTRAINT=/build/requirements/constraints.txt \
    PIP_BUILD_CONSTRAINT=/build/requirements/constraints.txt \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python3 -m venv /opt/pip && python3 -m venv --without-pip /opt/venv
COPY requirements/constraints.txt requirements/
COPY pyproject.toml README.md LICENSE ./
RUN --mount=type=bind,source=.,target=/context \
    /opt/pip/bin/pip --python /opt/venv/bin/python install ".[${EXTRAS}]"

FROM dependencies AS application
COPY polyparse /opt/polyparse/polyparse
COPY train /opt/polyparse/train
COPY model_export /opt/polyparse/model_export
RUN /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/polyparse

FROM ${BASE}
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin polyparse \
    && install --directory --owner=10001 --group=10001 /var/cache/polyparse /runs
COPY --from=dependencies /opt/venv /opt/venv
COPY --from=application /opt/polyparse /opt/polyparse
COPY models /srv/models
WORKDIR /srv
# What each is for: docker/README.md.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/polyparse \
    PYTHONDONTWRITEBYTECODE=1 \
    XDG_CACHE_HOME=/var/cache/polyparse \
    MPLCONFIGDIR=/var/cache/polyparse/matplotlib \
    ORT_DISABLE_TELEMETRY=1 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 10001:10001
# Nothing listens: a training run says itself how it ends, by its exit status.
HEALTHCHECK NONE
ENTRYPOINT ["polyparse"]
CMD ["train", "--list"]
