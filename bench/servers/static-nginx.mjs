// The settings are those of a guide to fast static files: sendfile, no access log, descriptors kept open.
import { serveNginx } from '../lib/nginx.mjs'
import { host } from '../lib/serve.mjs'
import { folder } from '../lib/static-files.mjs'

await serveNginx(
  (port) => `charset utf-8;
  charset_types text/css;
  open_file_cache max=1000 inactive=60s;
  open_file_cache_valid 1s;
  sendfile on;
  tcp_nopush on;
  types { text/css css; }
  server {
    listen ${host}:${port};
    root ${folder};
    add_header Cache-Control no-cache;
    add_header X-Content-Type-Options nosniff;
  }`,
)
