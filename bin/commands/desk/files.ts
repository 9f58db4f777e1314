/** The files of the desk's page. They contain no data, so only the page itself needs the token. */
import { existsSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';

/** The page loads nothing from other hosts. A mail's styles need 'unsafe-inline'; its frame has no rights at all. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src data:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Pages of the documentation are sent as text. They are beside `bin`; in the package, beside `dist`. */
const DOCS = ['../../../docs/', '../../../../docs/'];

/** Returns false if the page has no such file. */
export function sendFile(pathname: string, response: ServerResponse): boolean {
  const [, name, kind] = /^\/desk\/([a-z-]+\.(css|js))$/.exec(pathname) ?? [];
  const [, doc] = /^\/desk\/docs\/([a-z0-9-]+\.md)$/.exec(pathname) ?? [];
  const file = pathname === '/' ? 'index.html' : name;
  const paths = doc ? DOCS.map((folder) => folder + doc) : file ? [`./page/${file}`] : [];
  const found = paths.map((path) => new URL(path, import.meta.url)).find((path) => existsSync(path));
  if (!found) return false;
  const type = doc ? 'plain' : kind === 'js' ? 'javascript' : (kind ?? 'html');
  response.writeHead(200, {
    'content-type': `text/${type}; charset=utf-8`,
    'content-security-policy': POLICY,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  });
  response.end(readFileSync(found));
  return true;
}
