# Deskhand in a container. How to run it: docs/containers.md

FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/deskhand/venv
COPY requirements.lock /opt/deskhand/
RUN /opt/deskhand/venv/bin/pip install --require-hashes --only-binary :all: -r /opt/deskhand/requirements.lock
COPY . /opt/deskhand/app
# the user of the second stage cannot write there, so the byte code is made here
RUN /opt/deskhand/venv/bin/pip install --no-deps --no-build-isolation --editable /opt/deskhand/app \
    && /opt/deskhand/venv/bin/python -m compileall -q /opt/deskhand/app

FROM python:3.11-slim
RUN groupadd --gid 10001 deskhand \
    && useradd --uid 10001 --gid 10001 --create-home --no-log-init --shell /usr/sbin/nologin deskhand \
    && install -d -o 10001 -g 10001 /home/deskhand/home /home/deskhand/home/settings /home/deskhand/home/data \
       /home/deskhand/home/knowledge /home/deskhand/home/knowledge/docs
COPY --from=build /opt/deskhand/venv /opt/deskhand/venv
COPY --from=build /opt/deskhand/app /opt/deskhand/app
# onnxruntime would report its use to its makers
ENV PATH=/opt/deskhand/venv/bin:$PATH DESKHAND_HOME=/home/deskhand/home ORT_DISABLE_TELEMETRY=1
VOLUME /home/deskhand/home
WORKDIR /home/deskhand/home
USER 10001:10001
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["deskhand", "health"]
ENTRYPOINT ["deskhand"]
CMD ["run"]
