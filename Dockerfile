# syntax=docker/dockerfile:1
#
# Images, each for linux/amd64 and linux/arm64:
#
#   docker build --target cpu  -t funasr-webui:cpu .     about 1.7 GB; runs anywhere (the default target)
#   docker build --target cuda -t funasr-webui:cuda .    about 6 GB; needs an NVIDIA driver and its container toolkit
#   docker build --target cluster -t funasr-webui:cluster .            the first one for several machines: docs/scaling.md
#   docker build --target cluster-cuda -t funasr-webui:cluster-cuda .  the second one likewise
#
# Packages come from the lock in requirements/. Behind a mirror: --build-arg PIP_INDEX_URL=... and TORCH_INDEX=...

ARG PYTHON=3.13
FROM python:${PYTHON}-slim-bookworm AS python
ARG PIP_INDEX_URL=https://pypi.org/simple


FROM python AS wheel
WORKDIR /build
COPY requirements/install.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/install.txt
COPY pyproject.toml README.md LICENSE ./
COPY app/ app/
COPY static/ static/
COPY templates/ templates/
COPY models/builtin/ models/builtin/
COPY models/builtin-large/ models/builtin-large/
RUN python -m hatchling build -t wheel -d /dist


# Each target has an environment without pip, filled from outside.
FROM python AS packages
WORKDIR /build
RUN python -m venv --without-pip /opt/funasr-webui
COPY requirements/ requirements/


FROM packages AS packages-cpu
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip --python /opt/funasr-webui install --no-cache-dir --no-deps --index-url "${TORCH_INDEX}" -r requirements/torch-cpu.txt \
    && pip --python /opt/funasr-webui install --no-cache-dir --no-deps --require-hashes -r requirements/run.txt
COPY --from=wheel /dist/ /dist/
RUN pip --python /opt/funasr-webui install --no-cache-dir --no-deps --no-index /dist/*.whl


FROM packages AS packages-cuda
RUN pip --python /opt/funasr-webui install --no-cache-dir --no-deps --require-hashes -r requirements/torch.txt -r requirements/run.txt
COPY --from=wheel /dist/ /dist/
RUN pip --python /opt/funasr-webui install --no-cache-dir --no-deps --no-index /dist/*.whl


# What several machines share: a database on a server, an object store, Ray.
FROM packages-cpu AS packages-cluster
RUN pip --python /opt/funasr-webui install --no-cache-dir --no-deps --require-hashes -r requirements/postgresql.txt -r requirements/s3.txt -r requirements/cluster.txt


FROM packages-cuda AS packages-cluster-cuda
RUN pip --python /opt/funasr-webui install --no-cache-dir --no-deps --require-hashes -r requirements/postgresql.txt -r requirements/s3.txt -r requirements/cluster.txt


FROM python AS runtime
# tini hands signals on and reaps what ended processes leave behind.
# Debian keeps one version of it at a time, so a pinned one would break the build one day.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 1000 funasr \
    && useradd --uid 1000 --gid 1000 --create-home funasr \
    && install -d -o funasr -g funasr /data /logs /models
COPY docker/healthcheck.py /opt/
ENV PATH=/opt/funasr-webui/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    FUNASR_HOST=0.0.0.0 \
    FUNASR_PORT=7860 \
    FUNASR_DATA_DIR=/data \
    FUNASR_LOG_DIR=/logs \
    FUNASR_MODELS_DIR=/models
WORKDIR /home/funasr
USER 1000:1000
VOLUME ["/data", "/logs", "/models"]
EXPOSE 7860
HEALTHCHECK --interval=10s --timeout=10s --start-period=2m \
    CMD ["python", "/opt/healthcheck.py"]
ENTRYPOINT ["tini", "--", "funasr-webui"]
CMD ["serve"]


FROM runtime AS runtime-cuda
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility


FROM runtime-cuda AS cuda
COPY --from=packages-cuda /opt/funasr-webui /opt/funasr-webui


FROM runtime AS cluster
COPY --from=packages-cluster /opt/funasr-webui /opt/funasr-webui
USER 0
RUN ln -s /opt/funasr-webui/bin/ray /usr/local/bin/ray  # KubeRay starts it from a login shell, whose PATH is its own
USER 1000:1000


FROM runtime-cuda AS cluster-cuda
COPY --from=packages-cluster-cuda /opt/funasr-webui /opt/funasr-webui
USER 0
RUN ln -s /opt/funasr-webui/bin/ray /usr/local/bin/ray  # KubeRay starts it from a login shell, whose PATH is its own
USER 1000:1000


FROM runtime AS cpu
COPY --from=packages-cpu /opt/funasr-webui /opt/funasr-webui
