# The page for many visitors, on a machine of one's own or as a Hugging Face Space: docs/hosting.md.
FROM python:3.11-slim

# What is fetched while this is built stays here; whatever writes later finds its place under /tmp.
ENV FACELENS_CACHE=/opt/cache/facelens HF_HOME=/opt/cache/hub HOME=/tmp
RUN useradd --uid 1000 --no-create-home facelens

WORKDIR /opt/facelens
COPY binder/requirements.txt binder/
RUN pip install --no-cache-dir -r binder/requirements.txt

COPY . .
# Another network than that of binder/model.txt: --build-arg MODEL=owner/repo@revision
ARG MODEL
RUN if [ -n "$MODEL" ]; then echo "$MODEL" > binder/model.txt; fi \
    && binder/postBuild \
    && mkdir -p /opt/cache \
    && chown -R facelens /opt/cache

USER 1000
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["python", "-c", "\
import os, urllib.request as web; \
path = os.path.join('/', os.environ.get('FACELENS_PREFIX', ''), 'voila/static/favicon.ico'); \
web.urlopen('http://127.0.0.1:7860' + path, timeout=5)"]
ENTRYPOINT ["/opt/facelens/binder/start"]
CMD ["facelens", "dashboard", "--host", "0.0.0.0", "--port", "7860"]
