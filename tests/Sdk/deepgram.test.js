// Deepgram's official SDK against the Simulator: speak, and whole conversations of the voice agent.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Deepgram, DeepgramError } from '@deepgram/sdk';
import { Caller, speech } from './support/caller.js';
import { startSimulator } from './support/simulator.js';

const audio = { input: { encoding: 'mulaw', sample_rate: 8000 }, output: { encoding: 'mulaw', sample_rate: 8000, container: 'none' } };

const text = { type: 'string' };
const tool = (name, properties = {}, more = {}) => ({ name, description: name, parameters: { type: 'object', properties }, defer_until_eot: true, ...more });
const dispatchTools = [
  tool('retrieve_ticket'), tool('accept_incident'), tool('decline_incident', { reason: text, wrong_number: { type: 'boolean' } }),
  tool('record_responder', { name: text, agency: text, whatsapp_number: text, eta_minutes: { type: 'integer' } }),
  tool('send_whatsapp_message', { confirmed: { type: 'boolean' } }), tool('end_call', { call_back_minutes: { type: 'integer' } }),
];
const prompt = 'You are a dispatcher.\nIncident type: Vehicle collision\nAddress: Harbour Road\nResponder phone: +12025550123';

const settings = (functions = [], agent = {}, more = {}) => ({
  type: 'Settings',
  audio,
  agent: {
    listen: { provider: { type: 'deepgram', version: 'v2', model: 'flux-general-en', eot_threshold: 0.7, keyterms: ['Harbour Road'] } },
    think: { provider: { type: 'open_ai', model: 'gpt-4o-mini', temperature: 0.3 }, prompt, functions },
    speak: { provider: { type: 'deepgram', model: 'aura-2-thalia-en' } },
    ...agent,
  },
  ...more,
});
const said = (role, content) => ({ type: 'History', role, content });

describe('Deepgram\'s SDK', { concurrency: 6, timeout: 120_000 }, () => {
  let simulator, client;

  before(async () => {
    simulator = await startSimulator();
    client = simulator.deepgram();
  });
  after(() => simulator?.stop());

  const call = async (context, functions, agent, more) => {
    const caller = await Caller.call(client, settings(functions, agent, more));
    context.after(() => caller.hangUp());
    return caller;
  };

  it('speaks over REST: mu-law audio that the phones understand', async () => {
    const { data, rawResponse } = await client.speak.v1.audio.generate(
      { text: 'Fire at Harbour Road', model: 'aura-2-thalia-en', encoding: 'mulaw', sample_rate: 8000, container: 'none' }).withRawResponse();
    assert.match(rawResponse.headers.get('content-type'), /^audio\/mulaw/);
    assert.equal(rawResponse.headers.get('dg-model-name'), 'aura-2-thalia-en');
    assert.equal(rawResponse.headers.get('dg-char-count'), '20');
    assert.match(rawResponse.headers.get('dg-request-id'), /^[0-9a-f-]{36}$/);
    const bytes = (await data.arrayBuffer()).byteLength;
    assert.ok(bytes > 8000 && bytes < 24_000, `${bytes} bytes are one to three seconds`);
    assert.deepEqual(await speech(client, 'Fire at Harbour Road'), await speech(client, 'Fire at Harbour Road'), 'the same text sounds the same');
  });

  it('refuses by the SDK\'s errors', async () => {
    const say = (deepgram, changes) => deepgram.speak.v1.audio.generate({ text: 'Hello', encoding: 'mulaw', sample_rate: 8000, container: 'none', ...changes });
    await assert.rejects(say(client, { text: '' }), error => error instanceof Deepgram.BadRequestError && error.statusCode === 400 && error.body.err_code === 'PAYLOAD_ERROR');
    await assert.rejects(say(client, { encoding: 'linear32' }), error => error instanceof Deepgram.BadRequestError && error.body.err_code === 'INVALID_QUERY_PARAMETER');
    await assert.rejects(say(client, { text: 'a'.repeat(2001) }), error => error instanceof DeepgramError && error.statusCode === 413);
    await assert.rejects(say(simulator.deepgram('wrong')), error => error instanceof DeepgramError && error.statusCode === 401 && error.body.err_code === 'INVALID_AUTH');
  });

  it('has a whole conversation with tools, spoken on both sides', async context => {
    const caller = await call(context, dispatchTools, { greeting: 'This is City Monitor. Who am I speaking with?' }, { tags: ['sdk'], flags: { history: true } });
    assert.match(caller.log[0].request_id, /^[0-9a-f-]{36}$/);
    await caller.text('assistant', /^Who am I speaking with/);
    await caller.next('AgentAudioDone');
    assert.ok(caller.audioBytes() > 8000, 'the greeting is audio');

    await caller.say('This is John Miller from Harbour Fire Department.');
    await caller.next('UserStartedSpeaking');
    await caller.text('user', /^This is John Miller from Harbour Fire Department\.$/);
    assert.deepEqual(await caller.tool('record_responder'), { name: 'John Miller', agency: 'Harbour Fire Department' });
    await caller.text('assistant', /Can you take this incident/);
    await caller.next('AgentAudioDone');

    await caller.say('Yes, I can.');
    assert.deepEqual(await caller.tool('accept_incident'), {});
    await caller.text('assistant', /WhatsApp number/);
    await caller.next('AgentAudioDone');
    await caller.say('This number.');
    assert.deepEqual(await caller.tool('record_responder', { recorded: {}, read_back: 'plus 1, 2 0 2' }), { whatsapp_number: '+12025550123' });
    await caller.text('assistant', /I have plus 1, 2 0 2/);
    await caller.next('AgentAudioDone');
    await caller.say('Yes.');
    assert.deepEqual(await caller.tool('send_whatsapp_message'), { confirmed: true });
    await caller.text('assistant', /how many minutes/);
    await caller.next('AgentAudioDone');
    await caller.say('Ten.');
    assert.deepEqual(await caller.tool('record_responder'), { eta_minutes: 10 });
    await caller.text('assistant', /Goodbye/);
    await caller.tool('end_call');
    await caller.next('History', message => message.function_calls?.[0].name === 'end_call');

    const calls = caller.log.filter(message => message.type === 'History' && message.function_calls).flatMap(message => message.function_calls);
    assert.deepEqual(calls.map(done => done.name), ['record_responder', 'accept_incident', 'record_responder', 'send_whatsapp_message', 'record_responder', 'end_call']);
    assert.ok(calls.every(done => done.client_side === true && done.id && JSON.parse(done.response) && JSON.parse(done.arguments)));
    for (const message of caller.log.filter(one => one.type === 'LatencyReport' || one.type === 'AgentStartedSpeaking')) {
      assert.ok(Object.entries(message).every(([key, value]) => key === 'type' || (key.endsWith('_latency') && typeof value === 'number')), JSON.stringify(message));
    }

    const known = ['Welcome', 'SettingsApplied', 'ConversationText', 'History', 'UserStartedSpeaking', 'AgentThinking', 'AgentStartedSpeaking', 'AgentAudioDone',
      'FunctionCallRequest', 'LatencyReport'];
    assert.deepEqual([...new Set(caller.types())].filter(type => !known.includes(type)), []);
  });

  it('goes on from the history of an earlier session', async context => {
    const caller = await call(context, dispatchTools, {
      context: {
        messages: [
          said('assistant', 'Who am I speaking with?'), said('user', 'John Miller from Harbour Fire'),
          { type: 'History', function_calls: [{ id: 'call_1', name: 'record_responder', client_side: true, arguments: '{"name":"John Miller"}', response: '{"ok":true}' }] },
          said('assistant', 'Can you take this incident, yes or no?'),
        ],
      },
    });
    await caller.say('No, our truck is broken.');
    assert.match((await caller.tool('decline_incident')).reason, /truck is broken/);
    assert.doesNotMatch(caller.said('assistant'), /Who am I/);
  });

  it('is interrupted, and falls silent', async context => {
    const long = Array.from({ length: 8 }, (_, i) => `This is sentence number ${i} of a very long greeting.`).join(' ');
    const caller = await call(context, [], { greeting: long });
    await caller.next('AgentStartedSpeaking');
    await caller.say('Stop');
    await caller.next('UserStartedSpeaking');
    const heard = caller.audioBytes();
    await caller.text('user', /^Stop$/);
    await caller.text('assistant', /You said: Stop/);
    assert.doesNotMatch(caller.said('assistant'), /number 7/);
    assert.ok(heard < (await speech(client, long)).length);
  });

  it('asks early for a tool that is not deferred, and takes it back when the caller goes on', async context => {
    const eager = dispatchTools.map(one => ({ ...one, defer_until_eot: false }));
    const caller = await call(context, eager, { context: { messages: [said('assistant', 'Can you take this incident, yes or no?')] } });
    await caller.say('Yes, I can.        ');
    const asked = await caller.next('FunctionCallRequest');
    await caller.say('No, wait.');
    const cancelled = await caller.next('FunctionCallCancelled');
    assert.deepEqual(cancelled, { type: 'FunctionCallCancelled', functions: asked.functions.map(({ id, name }) => ({ id, name })) });
  });

  it('takes every other message that the SDK can send', async context => {
    const caller = await call(context, []);
    const { socket } = caller;
    const long = `I would like to know ${'whether you are '.repeat(12)}still there.`;
    socket.sendKeepAlive({ type: 'KeepAlive' });
    socket.sendUpdatePrompt({ type: 'UpdatePrompt', prompt: 'You are brief.' });
    await caller.next('PromptUpdated');
    socket.sendUpdateSpeak({ type: 'UpdateSpeak', speak: { provider: { type: 'deepgram', model: 'aura-2-zeus-en' } } });
    await caller.next('SpeakUpdated');
    socket.sendUpdateThink({ type: 'UpdateThink', think: { provider: { type: 'anthropic', model: 'claude-sonnet-4-5' }, prompt: 'You are brief.', functions: [] } });
    await caller.next('ThinkUpdated');
    socket.sendUpdateListen({ type: 'UpdateListen', listen: { provider: { type: 'deepgram', version: 'v2', model: 'flux-general-en', keyterms: ['City Monitor'] } } });
    await caller.next('ListenUpdated');
    socket.sendInjectAgentMessage({ type: 'InjectAgentMessage', message: long });
    await caller.text('assistant', /^I would like to know/);
    socket.sendInjectAgentMessage({ type: 'InjectAgentMessage', message: 'Too soon' });
    await caller.next('InjectionRefused');
    socket.sendInjectAgentMessage({ type: 'InjectAgentMessage', message: 'And one more', behavior: 'queue' });
    await caller.text('assistant', /^And one more$/);
    socket.sendInjectUserMessage({ type: 'InjectUserMessage', content: 'I am here' });
    await caller.text('user', /^I am here$/);
    await caller.text('assistant', /You said: I am here/);
    assert.ok(!caller.types().some(type => type === 'Error' || type === 'Warning'), caller.types().join());
  });

  it('ends a turn at once when the client says so', async context => {
    // Without it the turn would end only after the time-out of this test.
    const patient = await startSimulator({ 'Simulator:Deepgram:EndOfTurn': '00:00:10' });
    context.after(() => patient.stop());
    const caller = await Caller.call(patient.deepgram(), settings());
    context.after(() => caller.hangUp());
    caller.socket.sendForceEndTurn({ type: 'ForceEndTurn' });
    await caller.say('Hello there');
    await caller.next('UserStartedSpeaking');
    await caller.spoken();
    caller.socket.sendForceEndTurn({ type: 'ForceEndTurn' });
    await caller.text('user', /^Hello there$/);
    await caller.text('assistant', /You said: Hello there/);

    const nova = await call(context, [], { listen: { provider: { type: 'deepgram', version: 'v1', model: 'nova-3' } } });
    nova.socket.sendForceEndTurn({ type: 'ForceEndTurn' });
    assert.equal((await nova.next('Warning')).code, 'FORCE_END_TURN_UNSUPPORTED');
    assert.ok(!caller.types().some(type => type === 'Error' || type === 'Warning'));
  });

  it('tells what is wrong with settings and messages, and closes where it must', async context => {
    const bad = await Caller.call(client);
    context.after(() => bad.hangUp());
    bad.socket.sendSettings(settings([], { think: { provider: { type: 'unheard_of', model: 'x' } } }));
    const error = await bad.next('Error');
    assert.equal(error.code, 'INVALID_SETTINGS');
    assert.match(error.description, /agent\.think\.provider\.type/);
    assert.equal((await bad.closes()).code, 1008);

    const twice = await call(context, []);
    twice.socket.sendSettings(settings());
    assert.equal((await twice.next('Error')).code, 'SETTINGS_ALREADY_APPLIED');

    const odd = await call(context, []);
    odd.socket.sendUpdatePrompt({ type: 'UpdatePrompt' });
    assert.equal((await odd.next('Error')).code, 'UNPARSABLE_CLIENT_MESSAGE');
    odd.socket.sendInjectUserMessage({ type: 'InjectUserMessage', content: 'Still there?' });
    await odd.text('assistant', /You said: Still there/);
  });

  it('lets nobody in with a wrong key', async () => {
    const socket = await simulator.deepgram('wrong').agent.v1.connect({ reconnectAttempts: 0 });
    const failed = new Promise(resolve => socket.on('error', resolve));
    socket.connect();
    assert.match((await failed).message, /401/);
    socket.close();
  });
});
