// What the SDKs make of a vendor's bad days: their own retries and exceptions, on the Simulator's faults.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import RestException from 'twilio/lib/base/RestException.js';
import { DeepgramError } from '@deepgram/sdk';
import { speech } from './support/caller.js';
import { eventually } from './support/service.js';
import { accountSid, authToken, city, startSimulator } from './support/simulator.js';

describe('The SDKs on a bad day', { timeout: 120_000 }, () => {
  let simulator;

  before(async () => {
    simulator = await startSimulator();
  });
  after(() => simulator?.stop());
  afterEach(() => simulator.control('DELETE', '/faults'));

  const fault = (target, what) => simulator.control('PUT', `/faults/${target}`, what);
  const calls = client => client.calls.list({ limit: 1 });

  it('Twilio\'s repeats what was too many requests, where it is told to', async () => {
    await fault('twilio', { status: 429, next: 2 });
    const refused = await calls(simulator.twilio()).catch(error => error);
    assert.ok(refused instanceof RestException.default);
    assert.deepEqual([refused.status, refused.code, refused.moreInfo], [429, 20429, 'https://www.twilio.com/docs/errors/20429']);
    await fault('twilio', { status: 429, next: 2 });
    assert.deepEqual(await calls(simulator.twilio(accountSid, authToken, {}, { autoRetry: true })), []);
  });

  it('Twilio\'s makes an exception of a failure and of what is no JSON', async () => {
    await fault('twilio', { status: 503, next: 1 });
    await assert.rejects(calls(simulator.twilio()), { status: 503, code: 20503 });
    await fault('twilio', { status: 502, body: '<html>Bad gateway</html>', contentType: 'text/html', next: 1 });
    await assert.rejects(calls(simulator.twilio()), error => error.status === 502 && /HTTP 502/.test(error.message));
    await fault('twilio', { refuse: true, next: 1 });
    await assert.rejects(calls(simulator.twilio()), { code: 'ECONNRESET' });
  });

  it('a call whose answer is lost has been made all the same', async () => {
    await simulator.phone('+12025550181', { when_called: 'busy' });
    await fault('twilio', { loseAnswer: true, next: 1, match: '^POST' });
    await assert.rejects(simulator.twilio().calls.create({ to: '+12025550181', from: city, twiml: '<Response/>' }));
    const [call] = await eventually(async () => {
      const found = await simulator.twilio().calls.list({ to: '+12025550181' });
      return found.length > 0 ? found : undefined;
    }, 'the call');
    assert.equal(call.direction, 'outbound-api');
  });

  it('Deepgram\'s speak repeats by itself, and gives up with its error', async () => {
    await fault('deepgram-speak', { status: 503, next: 1 });
    assert.ok((await speech(simulator.deepgram('simulator', { maxRetries: 2 }), 'Hello')).length > 0);
    await fault('deepgram-speak', { status: 503 });
    await assert.rejects(speech(simulator.deepgram(), 'Hello'), error => error instanceof DeepgramError && error.statusCode === 503);
  });

  it('Deepgram\'s agent socket comes back by itself when it is cut', async () => {
    const socket = await simulator.deepgram().agent.v1.connect({ reconnectAttempts: 3 });
    const welcomes = [];
    let closed = 0;
    socket.on('message', message => message.type === 'Welcome' && welcomes.push(message.request_id));
    socket.on('close', () => closed++);
    socket.connect();
    await eventually(() => welcomes.length === 1, 'the first session');
    await fault('deepgram-agent', { dropSocketsAfterMs: 0 });
    await eventually(() => closed > 0, 'the cut');
    await simulator.control('DELETE', '/faults');
    await eventually(() => welcomes.length >= 2, 'another session');
    assert.notEqual(welcomes[0], welcomes[1]);
    socket.close();
  });
});
