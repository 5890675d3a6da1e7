// nginx answers from its configuration, and the long text from a file that stays open. Its Server header is its own,
// and its identifiers have as many characters as a UUID; it reads no body, so that there is no /length.
import { items, jsonType, textType } from '../../lib/contract.mjs'
import { serveNginx } from '../../lib/nginx.mjs'
import { host } from '../../lib/serve.mjs'
import { textFile } from '../../lib/tls-files.mjs'
import { files } from '../../lib/tls-server.mjs'

await serveNginx(
  (port) => `keepalive_timeout 300s;
  open_file_cache max=10 inactive=600s;
  open_file_cache_valid 600s;
  server {
    listen ${host}:${port} ssl http2;
    ssl_certificate ${files.cert};
    ssl_certificate_key ${files.key};
    ssl_protocols TLSv1.3;
    server_tokens off;
    types { }
    default_type "${textType}";
    etag off;
    max_ranges 0;
    add_header X-Content-Type-Options nosniff;
    add_header X-Request-ID $request_id-ngx;
    location = /ping { return 200 pong; }
    location = /json { default_type "${jsonType}"; return 200 '${JSON.stringify(items)}'; }
    location ~ "^/users/(?<id>[^/]+)$" { default_type "${jsonType}"; return 200 '{"id":"$id"}'; }
    location = /text { alias ${textFile}; add_header Last-Modified ""; add_header X-Content-Type-Options nosniff; add_header X-Request-ID $request_id-ngx; }
  }`,
  { connections: 20_000 },
)
