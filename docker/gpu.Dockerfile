# Serving on CUDA. Built from the root of the repository:
#
#     docker build -f docker/gpu.Dockerfile -t polyparse:0.2.0-gpu .
#
# CUDA's libraries are those of requirements/gpu.txt, which onnxruntime-gpu asks for: a base with CUDA inside would bring
# them a second time, at another version. The driver comes from the host (NVIDIA Container Toolkit).
ARG BASE=python:3.11.14-slim-bookworm@sha256:65a93d69fa75478d554f4ad27c85c1e69fa184956261b4301ebaf6dbb0a3543d

FROM ${BASE} AS dependencies
ARG EXTRAS=gpu,s3,signing
ARG PIP_NO_INDEX
ARG PIP_FIND_LINKS
ENV PIP_CONSTRAINT="/build/requirements/constraints.txt /build/requirements/gpu.txt" \
    PIP_BUILD_CONSTRAINT=/build/requirements/constraints.txt \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ONLY_BINARY=:all:
WORKDIR /build
RUN python3 -m venv /opt/pip && python3 -m venv --without-pip /opt/venv
COPY requirements/constraints.txt requirements/gpu.txt requirements/
COPY pyproject.toml README.md LICENSE ./
# The project without its packages: what it depends on, its version and its command. A change of code leaves this layer alone.
RUN --mount=type=bind,source=.,target=/context \
    /opt/pip/bin/pip --python /opt/venv/bin/python install ".[${EXTRAS}]" \
    && ln -s "$(/opt/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/nvidia" /opt/venv/nvidia

FROM dependencies AS application
COPY polyparse /opt/polyparse/polyparse
COPY service /opt/polyparse/service
# The root file system will be read-only: what is not compiled now would be compiled at every start.
RUN /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/polyparse

FROM ${BASE}
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin polyparse \
    && install --directory --owner=10001 --group=10001 /var/cache/polyparse
COPY --from=dependencies /opt/venv /opt/venv
COPY --from=application /opt/polyparse /opt/polyparse
COPY models /srv/models
WORKDIR /srv
# What each is for: docker/README.md.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/polyparse \
    PYTHONDONTWRITEBYTECODE=1 \
    XDG_CACHE_HOME=/var/cache/polyparse \
    ORT_DISABLE_TELEMETRY=1 \
    MALLOC_ARENA_MAX=2 \
    OMP_NUM_THREADS=1 \
    OPENBLAS_NUM_THREADS=1 \
    POLYPARSE_HOST=0.0.0.0 \
    LD_LIBRARY_PATH=/opt/venv/nvidia/cu13/lib:/opt/venv/nvidia/cudnn/lib \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 10001:10001
EXPOSE 8080
# Liveness: whoever is unhealthy is started anew, which helps against a process that hangs and never against one that is busy.
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/health/live', timeout=4)"]
ENTRYPOINT ["polyparse"]
CMD ["serve", "--device", "cuda"]
