# The package as npm would publish it, then what of it the platform needs; the last stage holds this and nothing else.

# the bundle is the same on every platform, so it is made on that of the builder
FROM --platform=$BUILDPLATFORM node:24-bookworm-slim AS package
WORKDIR /source
COPY package*.json .npmrc ./
# without install scripts: the only one that matters downloads a Node, and there is one here
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund
COPY . .
# `prepare` makes the bundle; what is packed is what `files` in package.json lists
RUN npm pack --pack-destination /tmp && mkdir /package && tar -xzf /tmp/*.tgz -C /package --strip-components=1

FROM node:24-bookworm-slim AS app
WORKDIR /app
COPY --from=package /package .
# the package brings its modules along; SQLite's addons for other platforms are not needed, and a clone may be readable by its owner alone
RUN find . -path '*/prebuilds/*.node' ! -name "linux-$(node -p process.arch).node" -delete \
 && chmod -R a+rX .

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="binauthz-emulator" \
      org.opencontainers.image.description="A local emulator of Google Cloud's attestation and admission stack" \
      org.opencontainers.image.licenses="Apache-2.0"
# A new volume mounted here takes over owner and mode. It is no VOLUME, because without BINAUTHZ_EMULATOR_DATA nothing is kept.
RUN install -d -o node -g node -m 0700 /data
COPY --from=app /app /app
WORKDIR /app
ENV BINAUTHZ_EMULATOR_HOST=0.0.0.0
# by number, so that Kubernetes can see that it is not root
USER 1000:1000
EXPOSE 9080
# node itself is process 1 and ends at SIGTERM; npm or a shell would not pass the signal on
ENTRYPOINT ["node", "/app/bin/binauthz-emulator.js"]
CMD ["start"]
HEALTHCHECK --interval=2s --timeout=5s --start-period=30s --retries=5 \
  CMD ["node", "-e", "require('http').get(`http://127.0.0.1:${process.env.BINAUTHZ_EMULATOR_PORT || 9080}/_emulator/readyz`, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1))"]
