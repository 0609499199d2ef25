// SPDX-License-Identifier: MIT
// Records what a real agent server sends on one connection while a model answers at full speed:
//   node record.mjs --cli PATH --stub stub_model.mjs --out FILE [--prompt "[fast 200000/4]"]
// PATH is the CLI's native binary. HOME is a temporary folder. The file holds the raw bytes, framing included.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

const option = (name, fallback) => {
  const at = process.argv.indexOf('--' + name);
  return at > 0 ? process.argv[at + 1] : fallback;
};
const cli = option('cli'), stub = option('stub'), out = option('out');
const prompt = option('prompt', '[fast 200000/4]');
if (!cli || !stub || !out) { console.error('usage: record.mjs --cli PATH --stub FILE --out FILE'); process.exit(2); }

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'pilotlight-record-'));
const children = [];
function start(program, args, env, pattern) {
  const child = spawn(program, args, { env, cwd: home, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', d => { const m = pattern.exec(text += d); if (m) resolve(Number(m[1])); });
    child.on('exit', code => reject(new Error(`${program} ended with ${code}: ${text}`)));
  });
}
let failed = false;
try {
  const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home, XDG_STATE_HOME: home };
  delete env.COPILOT_CONNECTION_TOKEN;
  const modelPort = await start(process.execPath, [stub, '0'], env, /listening on port (\d+)/);
  const port = await start(cli, ['--headless', '--no-auto-update', '--port', '0'], env, /listening on port (\d+)/);
  const socket = net.connect(port, '127.0.0.1');
  const file = fs.createWriteStream(out);
  const send = message => {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
    socket.write(`Content-Length: ${body.length}\r\n\r\n`);
    socket.write(body);
  };
  const sessionId = '00000000-0000-4000-8000-000000000001';
  let bytes = 0, tail = '', sent = false;
  await new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', resolve);
    socket.on('data', data => {
      bytes += data.length;
      file.write(data);
      tail = tail.slice(-200) + data.toString('latin1');
      if (!sent && tail.includes('"id":1,')) {
        sent = true;
        send({ id: 2, method: 'session.send', params: { sessionId, prompt } });
      }
      if (sent && /"type":"session\.idle"/.test(tail)) setTimeout(() => socket.end(), 500);
      tail = tail.slice(-200);
    });
    send({ id: 1, method: 'session.create', params: {
      sessionId, model: 'stub-model', streaming: true, requestPermission: true, workingDirectory: home,
      provider: { type: 'openai', wireApi: 'completions', baseUrl: `http://127.0.0.1:${modelPort}/v1`, apiKey: 'sk-stub-0123456789' } } });
  });
  await new Promise(resolve => file.end(resolve));
  console.log(JSON.stringify({ bench: 'record', bytes, out }));
} catch (error) {
  console.error(String(error));
  failed = true;
} finally {
  for (const child of children) { child.removeAllListeners('exit'); child.kill('SIGTERM'); }
  await new Promise(resolve => setTimeout(resolve, 1000));
  fs.rmSync(home, { recursive: true, force: true });
  process.exit(failed ? 1 : 0);
}
