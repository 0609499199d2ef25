// SPDX-License-Identifier: MIT
// Reads a recording with vscode-jsonrpc's reader, which is what the official SDK uses:
//   PILOTLIGHT_NODE_MODULES=.../node_modules node decode_vscode.mjs FILE [passes]
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { PassThrough } from 'node:stream';

const modules = process.env.PILOTLIGHT_NODE_MODULES;
if (!modules || !process.argv[2]) { console.error('needs PILOTLIGHT_NODE_MODULES and a file'); process.exit(2); }
const require = createRequire(path.join(modules, 'x.js'));
const rpc = require('vscode-jsonrpc/node');
const bytes = fs.readFileSync(process.argv[2]);
const passes = Number(process.argv[3] ?? 3);

// Pieces as they come from a socket, each with the number of messages complete at its end. The next
// piece is given when those were handled: an unbounded backlog would measure the reader's queue, not the reader.
const pieces = [];
{
  let frameEnd = 0, messages = 0;
  const header = Buffer.from('\r\n\r\n');
  for (let at = 0; at < bytes.length; at += 65536) {
    const end = Math.min(at + 65536, bytes.length);
    for (;;) {
      const body = bytes.indexOf(header, frameEnd);
      if (body < 0) break;
      const next = body + 4 + Number(/Content-Length: (\d+)/.exec(bytes.toString('latin1', frameEnd, body))[1]);
      if (next > end) break;
      frameEnd = next;
      ++messages;
    }
    pieces.push({ data: bytes.subarray(at, end), messages });
  }
}
async function pass() {
  let messages = 0, piece = 0;
  const stream = new PassThrough({ highWaterMark: 1 << 20 });
  const reader = new rpc.StreamMessageReader(stream);
  const start = process.hrtime.bigint(), cpu = process.cpuUsage();
  await new Promise((resolve, reject) => {
    const feed = () => {
      while (piece < pieces.length && messages >= (piece ? pieces[piece - 1].messages : 0)) stream.write(pieces[piece++].data);
      if (piece === pieces.length && messages === pieces[piece - 1].messages) resolve();
    };
    reader.onError(reject);
    reader.listen(message => {
      if (!message.jsonrpc) reject(new Error('not a message'));
      if (++messages === pieces[piece - 1].messages) feed();
    });
    feed();
  });
  const used = process.cpuUsage(cpu);
  return { seconds: Number(process.hrtime.bigint() - start) / 1e9, cpuSeconds: (used.user + used.system) / 1e6, messages };
}
let best = null;
for (let i = 0; i < passes; ++i) {
  const one = await pass();
  if (!best || one.cpuSeconds < best.cpuSeconds) best = one;
}
// Rates are by processor time: another program on the machine does not change them.
console.log(JSON.stringify({ bench: 'decode', what: 'vscode-jsonrpc', bytes: bytes.length, messages: best.messages,
  seconds: best.seconds, cpuSeconds: best.cpuSeconds, mbPerSecond: Math.round(bytes.length / best.cpuSeconds / 1e6),
  messagesPerSecond: Math.round(best.messages / best.cpuSeconds) }));
