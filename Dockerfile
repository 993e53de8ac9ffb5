# The product's images, one target each:
#   steps      runs `python -m steps.<step>` in a workflow's pod
#   notebooks  runs `python -m steps.notebooks.run`: the same with papermill, Jupyter's kernel and what draws
#   features   runs `python -m steps.featurestore.apply` and `serve`: Feast, whose numpy is not the others'
#   page       shows the pages of `pipeline serve` on a cluster: the steps' libraries and the whole code
#   serve      answers predictions: Seldon's microservice with steps.serving
#   mlflow     the tracking server
# Libraries come from uv.lock and are a layer of their own, so that a change of our code rebuilds in seconds.

# By digest (python@sha256:…) images come out the same but for what apt and the time of the build bring; with a TAG
# `make images` gives the commit's time.
ARG BASE=python:3.12-slim-bookworm
FROM $BASE AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/opt/venv/bin:$PATH
# Python's image comes without its own library's bytecode (docker-library/python removes *.pyc), and where the root is
# read-only each process would compile it again, 0.6 s and more
RUN python -m compileall -q --invalidation-mode unchecked-hash -x '/(site-packages|ensurepip|idlelib|lib2to3|turtledemo)/' \
    "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
# LightGBM's one library that the slim image lacks, and the time zones that OpenAQ's locations are in
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends libgomp1 tzdata \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/ldconfig/aux-cache /var/log/apt /var/log/dpkg.log \
 && groupadd --gid 8737 pipeline && useradd --uid 8737 --gid 8737 --no-create-home --home-dir /tmp pipeline
WORKDIR /work

FROM base AS locked
# One process compiles all, file after file: what bytecode marks as shared depends on what the process compiled before,
# so that of uv, whose processes share the files as they come, is another with each build
ENV UV_PROJECT_ENVIRONMENT=/opt/venv UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_NO_CACHE=1 \
    COMPILE="python -m compileall -q --invalidation-mode unchecked-hash /opt/venv"
RUN python -m venv /opt/uv && /opt/uv/bin/pip install --quiet --no-cache-dir uv==0.13.9
WORKDIR /app
COPY pyproject.toml uv.lock ./

FROM locked AS steps-libraries
RUN /opt/uv/bin/uv sync --quiet --frozen --no-default-groups --no-install-project --extra steps --extra platform \
 && find /opt/venv -type d -name tests -prune -exec rm -rf {} + && rm -rf /opt/venv/lib/python3.12/site-packages/pyarrow/include \
 && $COMPILE

FROM locked AS notebooks-libraries
RUN /opt/uv/bin/uv sync --quiet --frozen --no-default-groups --no-install-project --extra steps --extra notebooks \
 && find /opt/venv -type d -name tests -prune -exec rm -rf {} + && rm -rf /opt/venv/lib/python3.12/site-packages/pyarrow/include \
 && $COMPILE

FROM locked AS features-libraries
COPY steps/featurestore/locked/pyproject.toml steps/featurestore/locked/uv.lock ./
RUN /opt/uv/bin/uv sync --quiet --frozen --no-install-project \
 && rm -rf /opt/venv/lib/python3.12/site-packages/pyarrow/include && $COMPILE

FROM locked AS serve-libraries
RUN /opt/uv/bin/uv sync --quiet --frozen --no-default-groups --no-install-project --extra serving \
 && find /opt/venv -type d -name tests -prune -exec rm -rf {} + && rm -rf /opt/venv/lib/python3.12/site-packages/pyarrow/include \
 && $COMPILE

FROM locked AS mlflow-libraries
RUN /opt/uv/bin/uv sync --quiet --frozen --no-default-groups --no-install-project --extra tracking \
 && find /opt/venv -type d -name tests -prune -exec rm -rf {} + && $COMPILE

FROM base AS code
COPY steps /app/steps
RUN python -m compileall -q --invalidation-mode unchecked-hash /app/steps

FROM base AS steps
COPY --from=steps-libraries /opt/venv /opt/venv
COPY uv.lock /app/uv.lock
COPY --from=code /app/steps /app/steps
ENV PYTHONPATH=/app STEPS_LOCK=/app/uv.lock HOME=/tmp OMP_NUM_THREADS=1
ARG VERSION=0
LABEL org.opencontainers.image.title="learning-pipelines: steps" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.licenses="Apache-2.0"
USER 8737:8737
CMD ["python", "-m", "steps.plan", "--help"]

FROM code AS whole
COPY pipeline /app/pipeline
COPY manifests /app/manifests
RUN python -m compileall -q --invalidation-mode unchecked-hash /app/pipeline

FROM steps AS page
COPY --from=whole /app/pipeline /app/pipeline
COPY --from=whole /app/manifests /app/manifests
LABEL org.opencontainers.image.title="learning-pipelines: pages"
EXPOSE 2746
ENTRYPOINT ["python", "-m", "pipeline", "serve", "--cluster"]

FROM base AS notebooks
COPY --from=notebooks-libraries /opt/venv /opt/venv
COPY --from=code /app/steps /app/steps
ENV PYTHONPATH=/app HOME=/tmp OMP_NUM_THREADS=1
ARG VERSION=0
LABEL org.opencontainers.image.title="learning-pipelines: notebooks" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.licenses="Apache-2.0"
USER 8737:8737
CMD ["python", "-m", "steps.notebooks.run", "--help"]

FROM base AS features
COPY --from=features-libraries /opt/venv /opt/venv
COPY --from=code /app/steps /app/steps
ENV PYTHONPATH=/app HOME=/tmp OMP_NUM_THREADS=1
ARG VERSION=0
LABEL org.opencontainers.image.title="learning-pipelines: features" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.licenses="Apache-2.0"
USER 8737:8737
EXPOSE 6566
CMD ["python", "-m", "steps.featurestore.apply", "--help"]

FROM base AS serve
COPY --from=serve-libraries /opt/venv /opt/venv
COPY --from=code /app/steps /app/steps
ENV PYTHONPATH=/app HOME=/tmp OMP_NUM_THREADS=1 GRPC_WORKERS=0
ARG VERSION=0
LABEL org.opencontainers.image.title="learning-pipelines: model server" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.licenses="Apache-2.0 AND BUSL-1.1"
USER 8737:8737
EXPOSE 9000
CMD ["seldon-core-microservice", "steps.serving.Predictor", "--service-type", "MODEL"]

FROM base AS mlflow
COPY --from=mlflow-libraries /opt/venv /opt/venv
ENV HOME=/tmp MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false
ARG VERSION=0
LABEL org.opencontainers.image.title="learning-pipelines: tracking server" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.licenses="Apache-2.0"
USER 8737:8737
EXPOSE 5000
CMD ["mlflow", "server", "--host", "0.0.0.0", "--port", "5000", "--workers", "1"]
