// OpenAI's official SDK against the Simulator: streams, tools, errors and retries.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import OpenAI from 'openai';
import { startSimulator } from './support/simulator.js';

const model = 'gpt-4o-mini';
const text = { type: 'string' };
const tool = (name, properties = {}) => ({ type: 'function', function: { name, description: name, parameters: { type: 'object', properties } } });
const tools = [
  tool('retrieve_ticket'), tool('accept_incident'), tool('decline_incident', { reason: text }),
  tool('record_responder', { name: text, agency: text, whatsapp_number: text, eta_minutes: { type: 'integer' } }), tool('end_call'),
];
const system = { role: 'system', content: 'You are a dispatcher.\nIncident type: Vehicle collision\nAddress: Harbour Road\nNumber called: +12025550123' };

describe('OpenAI\'s SDK', { timeout: 180_000 }, () => {
  let simulator, client;

  before(async () => {
    simulator = await startSimulator({ 'Simulator:OpenAI:MaxContextTokens': 5000 });
    client = simulator.openai();
  });
  after(() => simulator?.stop());
  afterEach(() => simulator.control('DELETE', '/faults'));

  it('streams words and the usage', async () => {
    const stream = await client.chat.completions.create({
      model, stream: true, stream_options: { include_usage: true }, messages: [{ role: 'user', content: 'Is anybody there?' }],
    });
    const words = [];
    let reason, usage;
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content) {
        words.push(chunk.choices[0].delta.content);
      }

      reason ??= chunk.choices[0]?.finish_reason;
      usage = chunk.usage ?? usage;
    }

    assert.equal(words.join(''), 'You said: Is anybody there?');
    assert.ok(words.length >= 5, 'word by word');
    assert.equal(reason, 'stop');
    assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
  });

  it('has a whole conversation with tools, from its messages alone', async () => {
    const messages = [system, { role: 'assistant', content: 'This is City Monitor. Who am I speaking with, and for which agency?' }];
    const called = [];
    const turn = async said => {
      messages.push({ role: 'user', content: said });
      for (let answer = ''; ;) {
        // The SDK puts the fragments of the stream together.
        const completion = await client.chat.completions.stream({ model, tools, messages }).finalChatCompletion();
        const { message, finish_reason: reason } = completion.choices[0];
        answer += ` ${message.content ?? ''}`;
        messages.push(message);
        if (reason === 'stop') {
          return answer.trim();
        }

        for (const call of message.tool_calls) {
          called.push([call.function.name, JSON.parse(call.function.arguments)]);
          messages.push({ role: 'tool', tool_call_id: call.id, content: '{"ok":true}' });
        }

        if (message.tool_calls.some(call => call.function.name === 'end_call')) {
          return answer.trim();
        }
      }
    };

    assert.match(await turn('This is John Miller from Harbour Fire Department.'), /John Miller.*Vehicle collision at Harbour Road.*yes or no/);
    assert.match(await turn('Yes, I can.'), /WhatsApp number/);
    assert.match(await turn('This number.'), /plus 1 2 0 2 5 5 5 0 1 2 3.*correct/);
    assert.match(await turn('Yes.'), /how many minutes/);
    assert.match(await turn('About ten... no, twenty minutes.'), /20 minutes.*Goodbye/);
    assert.deepEqual(called, [
      ['record_responder', { name: 'John Miller', agency: 'Harbour Fire Department' }], ['accept_incident', {}],
      ['record_responder', { whatsapp_number: '+12025550123' }], ['record_responder', { eta_minutes: 20 }], ['end_call', {}],
    ]);
  });

  it('makes its errors of refusals', async () => {
    const ask = (sdk, more = {}) => sdk.chat.completions.create({ model, messages: [{ role: 'user', content: 'Hello' }], ...more });
    await assert.rejects(ask(simulator.openai('wrong')), error => error instanceof OpenAI.AuthenticationError && error.code === 'invalid_api_key');
    await assert.rejects(ask(client, { model: 'gpt-9' }), error => error instanceof OpenAI.NotFoundError && error.code === 'model_not_found');
    await assert.rejects(ask(client, { messages: [{ role: 'user', content: 'word '.repeat(5000) }] }), error => error instanceof OpenAI.BadRequestError && error.code === 'context_length_exceeded');
    await assert.rejects(ask(client, { messages: [{ role: 'tool', tool_call_id: 'x', content: '' }] }), OpenAI.BadRequestError);
    await simulator.control('PUT', '/faults/openai', { status: 429, retryAfter: 0, next: 1 });
    await assert.rejects(ask(client), error => error instanceof OpenAI.RateLimitError && error.code === 'rate_limit_exceeded' && error.headers.get('x-ratelimit-remaining-requests') === '0');
    await simulator.control('PUT', '/faults/openai', { status: 503, next: 1 });
    assert.equal((await ask(simulator.openai('simulator', { maxRetries: 2 }))).choices[0].finish_reason, 'stop');
  });

  it('sees a stream break off in the middle', async () => {
    const read = async () => {
      let words = '';
      const stream = await client.chat.completions.create({ model, stream: true, messages: [{ role: 'user', content: 'word '.repeat(300) }] });
      for await (const chunk of stream) {
        if (words === '') {
          await simulator.control('PUT', '/faults/openai', fault);
        }

        words += chunk.choices[0]?.delta.content ?? '';
      }

      return words;
    };
    let fault = { failStreams: true };
    await assert.rejects(read(), error => error instanceof OpenAI.APIError && /error while processing/.test(error.message));
    await simulator.control('DELETE', '/faults');
    fault = { dropSocketsAfterMs: 0 };
    await assert.rejects(read());
  });
});
