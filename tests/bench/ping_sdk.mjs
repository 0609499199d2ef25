// SPDX-License-Identifier: MIT
// Round trips of the official Node SDK over TCP:
//   PILOTLIGHT_NODE_MODULES=.../node_modules node ping_sdk.mjs PORT [count]
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const modules = process.env.PILOTLIGHT_NODE_MODULES;
if (!modules || !process.argv[2]) { console.error('needs PILOTLIGHT_NODE_MODULES and a port'); process.exit(2); }
const require = createRequire(path.join(modules, 'x.js'));
const sdk = await import(pathToFileURL(require.resolve('@github/copilot-sdk')).href);
const port = process.argv[2];
const count = Number(process.argv[3] ?? 200);
const client = sdk.RuntimeConnection
  ? new sdk.CopilotClient({ connection: sdk.RuntimeConnection.forUri(`localhost:${port}`) })
  : new sdk.CopilotClient({ cliUrl: `localhost:${port}` });
await client.start();
function report(what, times) {
  times.sort((a, b) => a - b);
  const at = p => times[Math.min(times.length - 1, Math.floor(times.length * p))];
  console.log(JSON.stringify({ bench: 'ping', what, client: 'node-sdk', count: times.length,
    p50us: Math.round(at(0.5)), p99us: Math.round(at(0.99)) }));
}
async function measure(what, call) {
  const times = [];
  for (let i = 0; i < count; ++i) {
    const start = process.hrtime.bigint();
    await call(i);
    times.push(Number(process.hrtime.bigint() - start) / 1e3);
  }
  report(what, times.slice(Math.floor(count / 10)));
}
await measure('ping', () => client.ping('x'));
try {
  const session = await client.createSession({ onPermissionRequest: async () => ({ kind: 'reject' }) });
  if (session.rpc?.name?.set) await measure('session.name.set', i => session.rpc.name.set({ name: 'n' + i }));
} catch (error) {
  console.error('session.name.set through the SDK: ' + error);
}
try { await client.stop(); } catch { /* the server may be gone first */ }
process.exit(0);
