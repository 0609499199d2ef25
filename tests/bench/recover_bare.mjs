// SPDX-License-Identifier: MIT
// The peer of bench_recovery: starts a server and resumes sessions as fast as a script can, with nothing but
// sockets. Prints the milliseconds from the start of the process to the last answer, then kills the server.
//   node recover_bare.mjs SERVER SESSIONS.json [SERVER ARGUMENTS]...      SESSIONS.json: [{sessionId, ...params of session.resume}]
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';

const [server, file, ...extra] = process.argv.slice(2);
const sessions = JSON.parse(fs.readFileSync(file, 'utf8'));
const start = process.hrtime.bigint();
const child = spawn(server, ['--headless', '--no-auto-update', '--port', '0', ...extra], { stdio: ['ignore', 'pipe', 'inherit'] });
const fail = text => { console.error(text); child.kill('SIGKILL'); process.exit(1); };
setTimeout(() => fail('not done in time'), 120000).unref();
let output = '';
child.stdout.on('data', data => {
  const before = output;
  output += data;
  const port = /listening on port (\d+)\s/.exec(output);
  if (port && !/listening on port \d+\s/.test(before)) resumeAll(Number(port[1]));
});
function resumeAll(port) {
  const socket = net.connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  let buffer = Buffer.alloc(0), left = sessions.length;
  socket.on('connect', () => {
    sessions.forEach((params, i) => {
      const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: i + 1, method: 'session.resume', params }));
      socket.write(`Content-Length: ${body.length}\r\n\r\n`);
      socket.write(body);
    });
  });
  socket.on('error', error => fail(String(error)));
  socket.on('data', data => {
    buffer = Buffer.concat([buffer, data]);
    for (;;) {
      const head = buffer.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/content-length: *(\d+)/i.exec(buffer.subarray(0, head).toString())[1]);
      if (buffer.length < head + 4 + length) return;
      const message = JSON.parse(buffer.subarray(head + 4, head + 4 + length));
      buffer = buffer.subarray(head + 4 + length);
      if (message.error) fail(JSON.stringify(message.error));
      if (message.id && !message.method && --left === 0) {
        console.log(Number(process.hrtime.bigint() - start) / 1e6);
        child.kill('SIGKILL');
        process.exit(0);
      }
    }
  });
}
