#!/usr/bin/env node
// Serves the viewer on this machine: the page, the package under /stheno/, a network file beside it.
//
//     node serve.mjs [--port 8080] [--host 127.0.0.1] [--network FILE] [--stheno DIST]

import { createReadStream } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const TYPES = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8',
  '.json': 'application/json', '.wasm': 'application/wasm', '.svg': 'image/svg+xml', '.map': 'application/json',
};

/** Starts a server; `port` 0 takes a free one. */
export async function serve({ port = 8080, host = '127.0.0.1', network, stheno } = {}) {
  const dist = resolve(stheno ?? join(HERE, '../../crates/wasm/npm/dist'));
  const headers = {
    'content-security-policy': `${await policyOf(join(HERE, 'index.html'))}; frame-ancestors 'none'`,
    'cross-origin-opener-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-cache',
  };
  const fileFor = (path) => {
    if (path === '/') return join(HERE, 'index.html');
    if (path === '/network.json' && network) return resolve(network);
    if (path.startsWith('/stheno/')) return inside(dist, path.slice('/stheno/'.length));
    return inside(HERE, path.slice(1));
  };
  const server = createServer(async (request, response) => {
    const send = (status, words) => response.writeHead(status, { ...headers, 'content-type': 'text/plain' }).end(words);
    try {
      if (!['GET', 'HEAD'].includes(request.method)) return send(405, 'GET only\n');
      const file = fileFor(decodeURIComponent(new URL(request.url, 'http://viewer').pathname));
      const type = file && TYPES[extname(file)];
      const found = type && await stat(file).catch(() => undefined);
      if (!found?.isFile()) return send(404, 'not found\n');
      response.writeHead(200, { ...headers, 'content-type': type, 'content-length': found.size });
      if (request.method === 'HEAD') return response.end();
      return createReadStream(file).on('error', () => response.destroy()).pipe(response);
    } catch {
      return send(400, 'bad request\n');
    }
  });
  await new Promise((listening, failed) => server.once('error', failed).listen(port, host, listening));
  const close = () => new Promise((closed) => {
    server.close(closed);
    server.closeAllConnections();
  });
  return { url: `http://${host}:${server.address().port}/`, close };
}

/** A path below a folder, or nothing. */
function inside(folder, path) {
  const file = resolve(folder, path);
  return file.startsWith(folder.endsWith(sep) ? folder : folder + sep) ? file : undefined;
}

/** The page's own policy, so that it stands in one place. */
async function policyOf(page) {
  const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(await readFile(page, 'utf8'));
  return policy;
}

if (process.argv[1] && await realpath(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const text = { type: 'string' };
  const { values } = parseArgs({ options: { port: text, host: text, network: text, stheno: text } });
  const { url } = await serve({ ...values, port: values.port === undefined ? undefined : Number(values.port) });
  console.log(`viewer: ${url}`);
}
