// SPDX-License-Identifier: MIT
// A server of revision 2026-07-28, made with the SDK that only speaks this one to those who ask for
// it. Usage: node mcp_v2_server.mjs FOLDER_OF_NODE_MODULES stdio|http
import http from 'node:http';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';

const sdk = path.join(process.argv[2], '@modelcontextprotocol', 'server', 'dist');
const { McpServer, createMcpHandler } = await import(pathToFileURL(path.join(sdk, 'index.mjs')));

const servers = new Set();
function make() {
    const server = new McpServer({ name: 'v2', version: '1.2.3' }, { capabilities: { tools: { listChanged: true } } });
    server.registerTool('now', { description: 'Tells the time', annotations: { readOnlyHint: true } },
        async () => ({ content: [{ type: 'text', text: String(Date.now()) }] }));
    server.registerTool('grow', { description: 'Adds a tool' }, async () => {
        changed();
        return { content: [{ type: 'text', text: 'grown' }] };
    });
    servers.add(server);
    return server;
}
let changed = () => { for (const server of servers) server.sendToolListChanged(); };

if (process.argv[3] === 'stdio') {
    const { serveStdio } = await import(pathToFileURL(path.join(sdk, 'stdio.mjs')));
    serveStdio(make);
} else {
    const handler = createMcpHandler(make);
    changed = () => handler.notify.toolsChanged();
    const server = http.createServer(async (incoming, outgoing) => {
        const gone = new AbortController();
        outgoing.on('close', () => gone.abort());
        const hasBody = incoming.method !== 'GET' && incoming.method !== 'HEAD';
        const answer = await handler.fetch(new Request(`http://${incoming.headers.host}${incoming.url}`, {
            method: incoming.method, headers: incoming.headers, signal: gone.signal,
            ...(hasBody ? { body: Readable.toWeb(incoming), duplex: 'half' } : {}),
        }));
        outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
        if (answer.body)
            Readable.fromWeb(answer.body).on('error', () => {}).pipe(outgoing);
        else
            outgoing.end();
    });
    server.listen(0, '127.0.0.1', () => console.error(`listening on port ${server.address().port} `));
}
