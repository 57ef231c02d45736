FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /opt/vacancy
COPY requirements/run.txt requirements/run.txt
RUN /opt/vacancy/bin/pip install --no-cache-dir --require-hashes --only-binary :all: \
        -r requirements/run.txt
COPY LICENSE README.md pyproject.toml ./
COPY src src
RUN pip wheel --no-cache-dir --no-deps --wheel-dir dist . \
    && /opt/vacancy/bin/pip install --no-cache-dir --no-deps --no-index --find-links dist vacancy

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Vacancy" \
      org.opencontainers.image.description="Keeps one truthful calendar per rental unit" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 8460 --home-dir /var/lib/vacancy --shell /usr/sbin/nologin vacancy \
    && install -d -o vacancy -g vacancy -m 0700 /var/lib/vacancy \
    && install -d /etc/vacancy
COPY --from=build /opt/vacancy /opt/vacancy
ENV PATH=/opt/vacancy/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=1 \
    MALLOC_TRIM_THRESHOLD_=131072 \
    VACANCY_SERVER__LISTEN=0.0.0.0:8460 \
    VACANCY_SERVER__DATABASE=sqlite:////var/lib/vacancy/vacancy.db \
    VACANCY_SERVER__DATA_DIR=/var/lib/vacancy
USER 8460
WORKDIR /var/lib/vacancy
VOLUME /var/lib/vacancy
EXPOSE 8460
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8460/livez', timeout=4)"]
ENTRYPOINT ["vacancy"]
CMD ["serve", "--config", "/etc/vacancy/vacancy.toml"]
