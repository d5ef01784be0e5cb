// What a developer writes against the generated types. It is checked, and never run.

import createClient from 'openapi-fetch';
import type { components, paths } from './schema.js';

type Snapshot = components['schemas']['Snapshot'];

const baseUrl = 'http://localhost:8002';
const client = createClient<paths, 'application/json'>({ baseUrl });
const spreadsheets = createClient<paths, 'text/csv'>({ baseUrl });

const login = await client.POST('/api/auth/login', {
  body: { username: 'analyst', password: 'secure123' },
});
const headers = { Authorization: `Bearer ${login.data?.access_token}` };

const event = { page: '/pricing', props: { plan: 'pro' } };
await client.POST('/api/events', { body: event });
await client.POST('/api/events', { body: [event, { name: 'Signup' }], headers });
const lines: string = JSON.stringify(event);
await client.POST('/api/events', {
  body: lines,
  bodySerializer: (body) => body as string,
  headers: { 'Content-Type': 'application/x-ndjson' },
});

const devices = await client.GET('/api/analytics/devices', {
  params: { query: { site: 'demo', dimension: 'browser', order: 'visits:desc' } },
});
export const visits: number | undefined = devices.data?.rows[0]?.visits;

const csv = await spreadsheets.GET('/api/analytics/devices', {
  params: { query: { site: 'demo', format: 'csv' } },
  parseAs: 'text',
});
export const text: string | undefined = csv.data;

const batches = createClient<paths, 'application/x-ndjson'>({ baseUrl });
const many = await batches.POST('/api/analytics/batch', {
  body: { common: { site: 'demo', days: 7 }, queries: [{ report: 'pages' }, { report: 'bots' }] },
  parseAs: 'stream',
});
export const answers = many.response.body?.pipeThrough(new TextDecoderStream());

await client.POST('/api/analytics/query', {
  body: { site_id: 'demo', metrics: ['visitors', 'bounce_rate'], date_range: '7d' },
});

const refused = await client.GET('/api/goals', { params: { query: { site: 'none' } } });
export const why: string | undefined = refused.error?.detail;

export const draw = (message: MessageEvent<string>): number =>
  (JSON.parse(message.data) as Snapshot).visitors_now;

await client.GET('/api/analytics/devices', {
  // @ts-expect-error no such dimension
  params: { query: { dimension: 'shoe_size' } },
});
await client.POST('/api/analytics/query', {
  // @ts-expect-error no such metric
  body: { site_id: 'demo', metrics: ['shoe_size'], date_range: '7d' },
});
// @ts-expect-error no such path
await client.GET('/api/analytics/nothing');
