// SPDX-License-Identifier: MIT
// node --require: makes the MCP example servers fit for a test, without changing them. They listen
// on loopback only and on the port of PILOTLIGHT_MCP_PORT (0: a free one), say which in a line of
// their own, and drop idle sessions after PILOTLIGHT_MCP_IDLE_MS instead of half an hour.
'use strict';
const net = require('node:net');
const Module = require('node:module');

// The standard's SDK uses it; Node 18, which Debian 12 has, keeps it behind a flag.
globalThis.crypto ??= require('node:crypto').webcrypto;

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...args) {
    const callback = args.find((argument) => typeof argument === 'function');
    if (callback)
        this.once('listening', callback);
    this.prependOnceListener('listening', () => {
        console.error(`listening on port ${this.address().port} `);
    });
    return listen.call(this, { port: Number(process.env.PILOTLIGHT_MCP_PORT || 0), host: '127.0.0.1' });
};

const idle = Number(process.env.PILOTLIGHT_MCP_IDLE_MS || 0);
if (idle > 0) {
    const compile = Module.prototype._compile;
    Module.prototype._compile = function (source, file) {
        if (/examples[\\/]server[\\/]/.test(file))
            source = source.replace('30 * 60000', String(idle)).replace(/\}, 60000\)/, `}, ${idle / 4})`);
        return compile.call(this, source, file);
    };
}
