// Calls operations with the generated types. Arguments: the address of the service, username,
// password, and calls in JSON. Prints for each the status, and the error code of a refusal.

import createClient from 'openapi-fetch';
import type { components, paths } from './schema.js';

declare const process: { argv: string[] };

type Call = { id: string; method: 'get'; path: '/api/analytics/pages'; query: object; body?: object };

const [baseUrl = '', username = '', password = '', calls = '[]'] = process.argv.slice(2);
const client = createClient<paths, 'application/json'>({ baseUrl });
const login = await client.POST('/api/auth/login', { body: { username, password } });
const headers = { Authorization: `Bearer ${login.data?.access_token}` };

const stored = await client.POST('/api/events', { body: { site: 'demo', page: '/pricing' }, headers });
const event = stored.data as components['schemas']['EventOut'];
const visits = await client.GET('/api/analytics/sessions', { params: { query: { site: 'demo' } }, headers });
const visit = visits.data?.rows[0]?.visit_id;

// Ids of what there is, where reading it takes one.
const path = { key: 'demo', event_id: event.id, visit, number: 1, account: 1, user_id: 1 };
const nobodys = { job_id: event.id, login_id: event.id, share_id: event.id };

const outcomes: Record<string, [number, string | null]> = {};
for (const { id, method, path: where, query, body } of JSON.parse(calls) as Call[]) {
  const params = { query, path: { ...path, ...nobodys } };
  const given = { headers, params, parseAs: 'text', body } as Record<string, unknown>;
  const { error, response } = await client.request(method, where, given);
  outcomes[id] = [response.status, (error as components['schemas']['Refusal'] | undefined)?.error ?? null];
}
console.log(JSON.stringify(outcomes));
