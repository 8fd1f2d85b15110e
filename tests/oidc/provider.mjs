// An identity provider for the tests: two people, groups that a test may change, all of it in memory.
// It runs in the folder where its package is installed, says its issuer on the first line, and ends with its input.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const { Provider } = createRequire(`${process.cwd()}/`)('oidc-provider');

const people = new Map([
  ['lin', { password: 'lin-2026', name: '林（虛構）', groups: ['directors'] }], // pragma: allowlist secret
  ['wang', { password: 'wang-2026', name: '王（虛構）', groups: ['visitors'] }], // pragma: allowlist secret
]);

const key = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });

const page = (body) => `<!doctype html><html lang="zh-Hant"><title>身份認證</title><link rel="icon" href="data:,"><body>${body}</body></html>`;

const form = page(`<form method="post"><input id="login" name="login"><input id="password" name="password" type="password">
<button id="enter">登錄</button></form>`);

async function findAccount(ctx, sub) {
  const person = people.get(sub);
  const claims = () => ({ sub, name: person.name, preferred_username: sub, groups: person.groups });
  return person && { accountId: sub, claims };
}

// Whoever signs in has consented: the platform is the prefecture's own.
async function loadExistingGrant(ctx) {
  const { client, session, provider, params } = ctx.oidc;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(params.scope);
  await grant.save();
  return grant;
}

// The package refuses to speak to this machine, where the tests are.
function localFetch(url, { dispatcher, ...options }) {
  return fetch(url, options);
}

function logoutSource(ctx, hidden) {
  ctx.body = page(`${hidden}<button id="leave" form="op.logoutForm" name="logout" value="yes">退出</button>`);
}

const configuration = {
  claims: { openid: ['sub', 'groups'], profile: ['name', 'preferred_username'] },
  clientDefaults: { token_endpoint_auth_method: 'client_secret_basic' },
  conformIdTokenClaims: false,
  cookies: { keys: [randomBytes(24).toString('hex')] },
  features: {
    backchannelLogout: { enabled: true },
    devInteractions: { enabled: false },
    registration: { enabled: true },
    rpInitiatedLogout: { enabled: true, logoutSource },
  },
  fetch: localFetch,
  findAccount,
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  jwks: { keys: [{ ...key(), kid: 'first', use: 'sig', alg: 'RS256' }] },
  loadExistingGrant,
  pkce: { required: () => true },
  ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 3600 },
};

async function bodyOf(request) {
  let text = '';
  for await (const part of request) text += part;
  return text;
}

async function interact(provider, request, response) {
  await provider.interactionDetails(request, response);
  if (request.method === 'GET') return response.setHeader('Content-Type', 'text/html; charset=utf-8').end(form);
  const given = new URLSearchParams(await bodyOf(request));
  const right = people.get(given.get('login'))?.password === given.get('password');
  const refused = { error: 'access_denied', error_description: 'wrong password' };
  const result = right ? { login: { accountId: given.get('login') } } : refused;
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

async function control(request, response) {
  const { person, groups } = JSON.parse(await bodyOf(request));
  people.get(person).groups = groups;
  response.end();
}

function route(provider, request, response) {
  if (request.url === '/control') return control(request, response);
  if (request.url.startsWith('/interaction/')) return interact(provider, request, response);
  return provider.callback()(request, response);
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration);
  const failed = (response) => (error) => {
    console.error(error);
    response.writeHead(400).end(String(error));
  };
  provider.on('backchannel.error', (ctx, error) => console.error(error));
  provider.on('server_error', (ctx, error) => console.error(error));
  server.on('request', (request, response) => {
    Promise.resolve(route(provider, request, response)).catch(failed(response));
  });
  console.log(issuer);
});
process.stdin.resume().on('end', () => process.exit(0));
