// SPDX-License-Identifier: MIT
// stub_model.mjs - deterministic OpenAI-compatible "model" for testing Copilot CLI clients.
// Node >= 18, standard library only. Listens on 127.0.0.1 only.
//
//   node stub_model.mjs [port=4601]        prints "stub model listening on port N" (port 0 = any free port)
//     STUB_LOG=/path/file.jsonl   append one line per LLM request: what was asked, what was answered
//     STUB_DUMP=/path/dir         write every request body to dir/NNNN.json
//     STUB_TTL=3600               exit after this many seconds (default 4 h)
//
// Use it as a BYOK provider in session.create / session.resume:
//   "model":"stub-model",
//   "provider":{"type":"openai","wireApi":"completions","baseUrl":"http://127.0.0.1:4601/v1","apiKey":"stub-key-0123456789"}   (not one letter: the server masks the key in all tool output)
//
// The scenario is written in the prompt, in square brackets, executed left to right. Every
// [tool:..]/[ask..]/[call..]/[task..]/[par..] step consumes one LLM round trip (the next round trip
// happens after the CLI has returned the tool results); everything else shapes the round trip it
// precedes. Text outside brackets is ignored. No directive at all => "You said: <prompt>" is streamed.
//
//   STEPS (one LLM round trip each)
//   [tool:bash CMD]              call bash {command:CMD, description}
//   [tool:bash! CMD]             same, mode:"async" (CLI keeps it as a background shell)
//   [tool:view PATH] [tool:create PATH|TEXT] [tool:edit PATH|OLD|NEW] [tool:glob PAT] [tool:grep PAT]
//   [call:NAME {"json":"args"}]  call any tool (client-defined, MCP, built-in) with verbatim JSON arguments
//   [ask QUESTION|choice1|choice2]   call ask_user
//   [task PROMPT]                call the `task` tool (sub-agent). In PROMPT write directives with
//                                {curly} brackets: they become [square] ones for the sub-agent
//   [par N CMD]                  N parallel bash calls in one assistant message ("#" in CMD = index)
//   [badjson]                    a tool call with malformed JSON arguments
//   [unknowntool]                a call to a tool that does not exist
//   [say TEXT]                   ends the turn with TEXT (default final text: "Done." / echo).
//                                "\n" in TEXT is a newline. Before a step it becomes that message's text.
//
//   MODIFIERS (apply to the following step / the final answer)
//   [reason TEXT] or [reason]    stream TEXT as reasoning_content first;  [reason NxMs] = N paced chunks
//   [slow NxMms] e.g. [slow 50x100ms]   stream N chunks "tok0 tok1 .." one every M ms
//   [fast BYTES/CHUNK] e.g. [fast 200000/4]  stream BYTES of text in CHUNK-byte deltas as fast as possible
//   [count N]                    stream "0 1 2 .. N-1 " one number per delta as fast as possible (loss/dup checks)
//   [slowargs Mms]               stream tool-call arguments in 8-character pieces M ms apart
//   [wait Mms]                   wait before sending the response head (time to first byte)
//   [md]                         a markdown showcase (headings, table, code, list, CJK, emoji)
//   [usage IN,OUT[,CACHED]]      report this token usage
//   [finish REASON]              finish_reason (length, content_filter, ..)
//   [empty]                      an assistant message with no content
//
//   FAULTS
//   [error CODE] [error CODE xN] HTTP error (429 adds retry-after: 1; "[error 429 ra=7]" sets it); xN = only
//                                the first N requests of this prompt fail, then the script goes on
//   [ctx]                        HTTP 400 code context_length_exceeded      ([ctx x1] = once)
//   [hang]                       accept the request, never answer
//   [hangmid N]                  stream N chunks, then never finish
//   [drop]                       close the socket without an answer   ([drop x2] = twice)
//   [dropmid N]                  stream N chunks, then destroy the socket ([dropmid 3 x1] = once)
//   [garbage]                    HTTP 200 with a body that is not SSE/JSON
//   [sseerror]                   an SSE "error" object in the middle of the stream
//
// GET /_stub/stats -> {requests, inflight, aborted}   (aborted = client hung up before the end)
// GET /v1/models   -> the one model "stub-model"
import http from 'node:http';
import fs from 'node:fs';

const LOG = process.env.STUB_LOG, DUMP = process.env.STUB_DUMP;
if (DUMP) fs.mkdirSync(DUMP, { recursive: true });
const stats = { requests: 0, inflight: 0, aborted: 0 };
const failCount = new Map();                    // "prompt|directive index" -> failures already served
const sleep = ms => new Promise(r => setTimeout(r, ms));
let seq = 0;

const textOf = c => typeof c === 'string' ? c
  : Array.isArray(c) ? c.map(p => p?.text ?? '').join('') : '';

// "[a [b] c]" -> items with nesting-aware bracket matching
function parse(prompt) {
  const out = [];
  for (let i = 0; i < prompt.length; i++) {
    if (prompt[i] !== '[') continue;
    let d = 0, j = i;
    for (; j < prompt.length; j++) { if (prompt[j] === '[') d++; else if (prompt[j] === ']' && --d === 0) break; }
    if (j >= prompt.length) break;
    const m = /^([a-z]+)(!?)(?::([A-Za-z0-9_.-]+!?))?\s*([\s\S]*)$/.exec(prompt.slice(i + 1, j));
    if (m && KNOWN.has(m[1])) { out.push({ op: m[1], sub: m[3] || '', arg: m[4].trim() }); i = j; }
  }
  return out;
}
const STEPS = new Set(['tool', 'call', 'ask', 'task', 'par', 'badjson', 'unknowntool']);
const KNOWN = new Set([...STEPS, 'say', 'reason', 'slow', 'fast', 'count', 'slowargs', 'wait', 'md', 'usage', 'finish', 'empty',
  'error', 'ctx', 'hang', 'hangmid', 'drop', 'dropmid', 'garbage', 'sseerror']);

const MD = `# Heading one\n\nA *short* **paragraph** with \`code\`, a [link](https://example.com) and 中文 / emoji 🚀.\n\n` +
  `| a | b |\n|---|--:|\n| 1 | 2 |\n\n- item\n  - nested\n1. first\n\n> quote\n\n\`\`\`cpp\nint main() { return 0; } // <tag> & "q"\n\`\`\`\n`;

function calls(st) {
  const one = (name, args) => [{ name, args: typeof args === 'string' ? args : JSON.stringify(args) }];
  const p = st.arg.split('|');
  switch (st.op) {
    case 'tool': {
      const n = st.sub.replace('!', '');
      if (n === 'bash') return one('bash', { command: st.arg, description: 'stub: ' + st.arg.slice(0, 40), ...(st.sub.endsWith('!') ? { mode: 'async' } : {}) });
      if (n === 'view') return one('view', { path: st.arg });
      if (n === 'create') return one('create', { path: p[0], file_text: p.slice(1).join('|').replaceAll('\\n', '\n') });
      if (n === 'edit') return one('edit', { path: p[0], old_str: p[1] ?? '', new_str: p[2] ?? '' });
      if (n === 'glob' || n === 'grep' || n === 'rg') return one(n, { pattern: st.arg });
      return one(n, st.arg || {});
    }
    case 'call': return one(st.sub, st.arg || '{}');
    case 'ask': return one('ask_user', { question: p[0], ...(p.length > 1 ? { choices: p.slice(1) } : {}), allow_freeform: true });
    case 'task': return one('task', { description: 'stub sub-task', name: 'stub-sub', prompt: st.arg.replaceAll('{', '[').replaceAll('}', ']'), agent_type: st.sub || 'general-purpose', mode: 'sync' });
    case 'par': { const [n, ...r] = st.arg.split(' '); return Array.from({ length: +n || 2 }, (_, i) => one('bash', { command: r.join(' ').replaceAll('#', i), description: `stub parallel ${i}` })[0]); }
    case 'badjson': return one('bash', '{"command": "echo broken');
    case 'unknowntool': return one('no_such_tool', { x: 1 });
  }
}

// Which round trip of the script is this? = number of assistant tool-call messages after the directive message.
function locate(messages) {
  let u = -1;
  for (let i = messages.length - 1; i >= 0; i--)
    if (messages[i].role === 'user' && parse(textOf(messages[i].content)).length) { u = i; break; }
  const lastUser = messages.findLastIndex(m => m.role === 'user');
  // a newer plain user message that arrived after the script finished is answered by echo
  if (u !== -1 && lastUser > u && !messages.slice(u).some(m => m.role === 'tool')) u = -1;
  if (u !== -1 && lastUser > u) {                    // script already done?
    const after = messages.slice(u + 1, lastUser);
    const n = parse(textOf(messages[u].content)).filter(d => STEPS.has(d.op)).length;
    if (after.filter(m => m.role === 'assistant' && m.tool_calls?.length).length >= n && after.at(-1)?.role !== 'tool') u = -1;
  }
  // after finish_reason "length" the CLI itself appends this user message
  if (/^Please continue from where you left off/.test(textOf(messages[lastUser]?.content))) return { prompt: 'length', items: [{ op: 'say', sub: '', arg: '(continued after length)' }], step: 0 };
  if (u === -1) return { prompt: textOf(messages[lastUser]?.content), items: [], step: 0 };
  const prompt = textOf(messages[u].content);
  return { prompt, items: parse(prompt), step: messages.slice(u + 1).filter(m => m.role === 'assistant' && m.tool_calls?.length).length };
}

// Split directives into round trips: [{mods:[...], step:{...}|null}]
function plan(items) {
  const rounds = []; let mods = [];
  for (const it of items) { if (STEPS.has(it.op)) { rounds.push({ mods, step: it }); mods = []; } else mods.push(it); }
  rounds.push({ mods, step: null });
  return rounds;
}

const cleanEcho = s => s.replace(/<current_datetime>[\s\S]*?<\/current_datetime>/g, '').replace(/<(\w+)>[\s\S]*?<\/\1>/g, '').trim().slice(0, 400);

http.createServer((req, res) => {
  const json = (code, o, h = {}) => { res.writeHead(code, { 'content-type': 'application/json', ...h }); res.end(JSON.stringify(o)); };
  if (req.url === '/_stub/stats') return json(200, stats);
  if (req.method === 'GET') return json(200, { object: 'list', data: [{ id: 'stub-model', object: 'model' }] });
  const chunks = []; req.on('data', d => chunks.push(d));
  req.on('end', async () => {
    const raw = Buffer.concat(chunks).toString(); let j = {}; try { j = JSON.parse(raw); } catch {}
    const n = ++seq; stats.requests++; stats.inflight++;
    let done = false, gone = false;
    res.on('close', () => { stats.inflight--; if (!done) { gone = true; stats.aborted++; } });
    res.on('error', () => {});
    if (DUMP) fs.writeFileSync(`${DUMP}/${String(n).padStart(4, '0')}.json`, raw);
    const { prompt, items, step } = locate(j.messages || []);
    const rounds = plan(items), round = rounds[Math.min(step, rounds.length - 1)];
    if (LOG) fs.appendFileSync(LOG, JSON.stringify({ t: Date.now(), n, url: req.url, stream: !!j.stream, model: j.model, bytes: raw.length, nmsg: j.messages?.length, ntools: j.tools?.length, step, round: round.step?.op ?? 'final', mods: round.mods.map(m => m.op), prompt: cleanEcho(prompt).slice(0, 120), auth: req.headers.authorization?.slice(0, 20) }) + '\n');
    const fin = fn => { done = true; fn(); };

    const M = {}; let usage = { prompt_tokens: Math.ceil(raw.length / 4), completion_tokens: 20 }, finish = null, text = null;
    for (const [idx, m] of round.mods.entries()) {
      M[m.op] = m;
      const once = /(?:^|\s)x(\d+)/.exec(m.arg);
      if (['error', 'ctx', 'drop', 'dropmid', 'hang'].includes(m.op) && once) {
        const key = prompt + '|' + step + '|' + idx, c = failCount.get(key) || 0;
        if (c >= +once[1]) { delete M[m.op]; continue; }
        failCount.set(key, c + 1);
      }
      if (m.op === 'wait') await sleep(parseInt(m.arg) || 1000);
      if (M.error === m) {
        const code = parseInt(m.arg) || 500, ra = /ra=(\d+)/.exec(m.arg);
        return fin(() => json(code, { error: { message: `stub error ${code}`, type: code === 429 ? 'rate_limit_error' : 'server_error', code: code === 429 ? 'rate_limit_exceeded' : 'stub_' + code } }, code === 429 ? { 'retry-after': ra ? ra[1] : '1' } : {}));
      }
      if (M.ctx === m) return fin(() => json(400, { error: { message: "This model's maximum context length is 8192 tokens. However, your messages resulted in 99999 tokens.", type: 'invalid_request_error', param: 'messages', code: 'context_length_exceeded' } }));
      if (M.hang === m) return;
      if (M.drop === m) return fin(() => req.socket.destroy());
      if (m.op === 'garbage') return fin(() => { res.writeHead(200, { 'content-type': 'text/html' }); res.end('<html>proxy login page</html>'); });
      if (m.op === 'usage') { const [a, b, c] = m.arg.split(',').map(Number); usage = { prompt_tokens: a, completion_tokens: b || 0, ...(c ? { prompt_tokens_details: { cached_tokens: c } } : {}) }; }
      if (m.op === 'finish') finish = m.arg;
      if (m.op === 'say') text = m.arg.replaceAll('\\n', '\n');
      if (m.op === 'md') text = MD;
    }
    usage.total_tokens = usage.prompt_tokens + usage.completion_tokens;
    const toolCalls = round.step ? calls(round.step) : null;
    if (text === null) text = toolCalls || M.empty ? '' : items.length ? 'Done.' : 'You said: ' + cleanEcho(prompt);
    finish ??= toolCalls ? 'tool_calls' : 'stop';
    const id = 'chatcmpl-stub' + n, created = Math.floor(Date.now() / 1000);
    const tcs = toolCalls?.map((c, i) => ({ index: i, id: `call_stub_${n}_${i}`, type: 'function', function: { name: c.name, arguments: c.args } }));

    if (!j.stream) {
      const message = { role: 'assistant', content: text || null };
      if (M.reason) message.reasoning_content = M.reason.arg || 'stub reasoning';
      if (tcs) message.tool_calls = tcs.map(({ index, ...t }) => t);
      return fin(() => json(200, { id, object: 'chat.completion', created, model: j.model, choices: [{ index: 0, message, finish_reason: finish }], usage }));
    }
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', 'x-request-id': 'stub-req-' + n });
    const ev = (delta, f = null) => `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', created, model: j.model, choices: [{ index: 0, delta, finish_reason: f }] })}\n\n`;
    const put = async s => { if (gone || res.destroyed) return false; if (!res.write(s)) await new Promise(r => { res.once('drain', r); res.once('close', r); }); return !gone; };
    await put(ev({ role: 'assistant', content: '' }));
    if (M.reason) {
      const nx = /^(\d+)x(\d+)/.exec(M.reason.arg);
      const parts = nx ? Array.from({ length: +nx[1] }, (_, i) => `think${i} `) : (M.reason.arg || 'Let me think about this step by step.').match(/\S+\s*/g);
      for (const p of parts) { if (!await put(ev({ reasoning_content: p }))) return; if (nx) await sleep(+nx[2]); }
    }
    const midN = M.hangmid ? parseInt(M.hangmid.arg) || 3 : M.dropmid ? parseInt(M.dropmid.arg) || 3 : 0;
    if (midN) {
      for (let i = 0; i < midN; i++) if (!await put(ev({ content: `part${i} ` }))) return;
      if (M.hangmid) return;
      await sleep(50); return fin(() => req.socket.destroy());
    }
    if (M.slow) {
      const [, cnt, ms] = /(\d+)\s*x\s*(\d+)/.exec(M.slow.arg) || [0, 20, 100];
      for (let i = 0; i < +cnt; i++) { if (!await put(ev({ content: `tok${i} ` }))) return; await sleep(+ms); }
    } else if (M.fast) {
      const [b, c] = M.fast.arg.split('/').map(Number); let sent = 0;
      const word = 'abcdefghijklmnopqrstuvwxyz012345'.repeat(Math.ceil((c || 4) / 32)).slice(0, c || 4);
      while (sent < b) { let s = ''; for (let k = 0; k < 64 && sent < b; k++, sent += word.length) s += ev({ content: word }); if (!await put(s)) return; }
    } else if (M.count) {
      for (let i = 0; i < +M.count.arg;) { let s = ''; for (let k = 0; k < 64 && i < +M.count.arg; k++) s += ev({ content: i++ + ' ' }); if (!await put(s)) return; }
    } else for (const w of text.match(/\S+\s*|\s+/g) || []) if (!await put(ev({ content: w }))) return;
    if (M.sseerror) { await put(`data: ${JSON.stringify({ error: { message: 'stub stream error', type: 'server_error', code: 'stub_stream' } })}\n\n`); return fin(() => res.end()); }
    if (tcs) for (const t of tcs) {
      const a = t.function.arguments, gap = M.slowargs ? parseInt(M.slowargs.arg) || 50 : 0;
      if (!await put(ev({ tool_calls: [{ ...t, function: { name: t.function.name, arguments: '' } }] }))) return;
      for (let i = 0; i < a.length; i += 8) { if (!await put(ev({ tool_calls: [{ index: t.index, function: { arguments: a.slice(i, i + 8) } }] }))) return; if (gap) await sleep(gap); }
    }
    await put(ev({}, finish));
    await put(`data: ${JSON.stringify({ id, object: 'chat.completion.chunk', created, model: j.model, choices: [], usage })}\n\n`);
    fin(() => res.end('data: [DONE]\n\n'));
  });
}).listen(Number(process.argv[2] ?? 4601), '127.0.0.1', function () { console.log('stub model listening on port ' + this.address().port); });
setTimeout(() => process.exit(0), Number(process.env.STUB_TTL || 14400) * 1000).unref?.();
process.on('SIGTERM', () => process.exit(0));
