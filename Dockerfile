FROM node:24-slim
WORKDIR /opt/wardwatch
COPY . .
RUN npm ci --ignore-scripts && npm run build && mkdir -p /var/lib/wardwatch && chown node /var/lib/wardwatch
USER node
ENTRYPOINT ["node", "scripts/wardwatch.mjs"]
