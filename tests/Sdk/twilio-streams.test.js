// Media streams that the SDK's TwiML opens, and a whole call across both vendors' SDKs.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import twilio from 'twilio';
import { startApplication } from './support/application.js';
import { Caller, speech } from './support/caller.js';
import { authToken, city, startSimulator } from './support/simulator.js';
import { StreamServer } from './support/streams.js';

const { VoiceResponse } = twilio.twiml;

describe('Media streams by the Twilio SDK', { concurrency: 6, timeout: 120_000 }, () => {
  let simulator, application, streams, client, deepgram, ws;

  before(async () => {
    [simulator, application] = await Promise.all([startSimulator(), startApplication()]);
    streams = new StreamServer(application.server);
    ws = application.base.replace('http:', 'ws:');
    [client, deepgram] = [simulator.twilio(), simulator.deepgram()];
  });
  after(() => Promise.all([simulator?.stop(), application?.stop()]));

  const start = async (number, script, build) => {
    await simulator.phone(number, script);
    const response = new VoiceResponse();
    build(response);
    return (await client.calls.create({ to: number, from: city, twiml: response })).sid;
  };

  const isSigned = stream => twilio.validateRequest(authToken, stream.headers['x-twilio-signature'], ws + stream.path, {});

  it('opens a two-way stream with parameters, plays what is sent, echoes marks and goes on behind it', async () => {
    application.answer('/behind', request => `<Response><Say>Behind ${request.form.StreamSid.slice(0, 2)}</Say></Response>`);
    const sid = await start('+12025550171', { lines: [{ on: 'Press a key', press: '5' }] }, response => {
      const stream = response.connect({ action: `${application.base}/behind` }).stream({
        url: `${ws}/two-way?lost=1`, name: 'conversation', statusCallback: `${application.base}/stream-status`,
      });
      stream.parameter({ name: 'token', value: 'a "secret" & more' });
      stream.parameter({ name: 'call', value: 'fd-1.1' });
    });
    const stream = await streams.opened('/two-way');
    assert.ok(isSigned(stream), 'the handshake is signed, by the URL without its query');
    assert.deepEqual(await stream.next('connected'), { event: 'connected', protocol: 'Call', version: '1.0.0' });
    const { start: started, streamSid, sequenceNumber } = await stream.next('start');
    assert.match(streamSid, /^MZ[0-9a-f]{32}$/);
    assert.equal(sequenceNumber, '1');
    assert.deepEqual([started.callSid, started.streamSid, started.tracks], [sid, streamSid, ['inbound']]);
    assert.deepEqual(started.mediaFormat, { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 });
    assert.deepEqual(started.customParameters, { token: 'a "secret" & more', call: 'fd-1.1' });

    const media = [await stream.next('media'), await stream.next('media')];
    assert.deepEqual(media.map(({ media }) => [media.track, media.chunk, Buffer.from(media.payload, 'base64').length]), [['inbound', '1', 160], ['inbound', '2', 160]]);
    assert.equal(media[1].media.timestamp - media[0].media.timestamp, 20);
    assert.equal(media[1].sequenceNumber - media[0].sequenceNumber, 1);

    stream.play(await speech(deepgram, 'Press a key'));
    stream.mark('asked');
    assert.equal((await stream.next('mark')).mark.name, 'asked');
    assert.deepEqual((await stream.next('dtmf')).dtmf, { track: 'inbound_track', digit: '5' });

    stream.play(await speech(deepgram, 'This is a very long sentence that is never heard to its end by anybody at all'));
    stream.mark('never');
    stream.clear();
    assert.equal((await stream.next('mark')).mark.name, 'never', 'a clear gives the marks back at once');
    stream.socket.close(1000);
    await simulator.happened('call.completed', sid);
    const call = await simulator.call(sid);
    assert.match(call.heard.heard, /^Press a key/);
    assert.match(call.heard.heard, /Behind MZ$/);
    assert.doesNotMatch(call.heard.heard, /anybody/);
    assert.deepEqual([call.streams[0].name, call.streams[0].endedBy, call.streams[0].errors], ['conversation', 'application', []]);
    await application.received('/stream-status', request => request.form.StreamEvent === 'stream-stopped');
    const told = application.requests.filter(request => request.path === '/stream-status').map(request => request.form);
    assert.deepEqual(told.map(form => [form.StreamEvent, form.StreamName, form.StreamSid]),
      [['stream-started', 'conversation', streamSid], ['stream-stopped', 'conversation', streamSid]]);
  });

  it('says stop and closes when the call is sent elsewhere', async () => {
    const sid = await start('+12025550172', {}, response => response.connect().stream({ url: `${ws}/moved` }));
    const stream = await streams.opened('/moved');
    await stream.next('media');
    const elsewhere = new VoiceResponse();
    elsewhere.say('Elsewhere');
    await client.calls(sid).update({ twiml: elsewhere });
    const { stop } = await stream.next('stop');
    assert.equal(stop.callSid, sid);
    assert.ok([1000, 1005].includes(await stream.closed));
    await simulator.happened('call.completed', sid);
    assert.equal((await simulator.call(sid)).heard.heard, 'Elsewhere');
  });

  it('listens beside the call on both tracks until it is told to stop', async () => {
    // Nothing is said before the stream is open: how long that takes is nobody's promise.
    let isOpen;
    const open = new Promise(resolve => { isOpen = resolve; });
    application.answer('/say', async () => {
      await open;
      const response = new VoiceResponse();
      response.say('Good evening');
      response.stop().stream({ name: 'beside' });
      response.say('Unheard');
      return response;
    });
    const sid = await start('+12025550173', {}, response => {
      response.start().stream({ url: `${ws}/beside`, name: 'beside', track: 'both_tracks' });
      response.redirect(`${application.base}/say`);
    });
    const stream = await streams.opened('/beside');
    await stream.next('media');
    isOpen();
    await stream.next('stop');
    await simulator.happened('call.completed', sid);
    assert.deepEqual(stream.messages[1].start.tracks, ['inbound', 'outbound']);
    assert.equal((await simulator.call(sid)).heard.heard, 'Good evening Unheard');
    const of = track => stream.messages.filter(message => message.media?.track === track);
    const frames = track => of(track).length;
    const sounding = track => of(track).filter(message => Buffer.from(message.media.payload, 'base64').some(byte => (byte & 0x7f) !== 0x7f)).length;
    assert.ok(frames('inbound') > 20, 'the phone is heard');
    assert.ok(sounding('outbound') > 10, 'and what is said to it');
  });

  it('is started and stopped over REST while the call goes on', async () => {
    const sid = await start('+12025550174', {}, response => response.pause({ length: 30 }));
    await simulator.happened('call.in-progress', sid);
    const created = await client.calls(sid).streams.create({
      url: `${ws}/rest`, name: 'rest', track: 'inbound_track', 'parameter1.name': 'token', 'parameter1.value': 'x', statusCallback: `${application.base}/rest-status`,
    });
    assert.match(created.sid, /^MZ/);
    assert.deepEqual([created.status, created.name, created.callSid], ['in-progress', 'rest', sid]);
    assert.ok(created.dateUpdated instanceof Date);
    const stream = await streams.opened('/rest');
    const { start: started } = await stream.next('start');
    assert.deepEqual([started.streamSid, started.customParameters], [created.sid, { token: 'x' }]);
    await stream.next('media');
    assert.equal((await client.calls(sid).streams(created.sid).update({ status: 'stopped' })).status, 'stopped');
    await stream.next('stop');
    await application.received('/rest-status', request => request.form.StreamEvent === 'stream-stopped');
    assert.equal((await client.calls(sid).fetch()).status, 'in-progress');
    await assert.rejects(client.calls(sid).streams('MZ' + '0'.repeat(32)).update({ status: 'stopped' }), { status: 404, code: 20404 });
    await assert.rejects(client.calls(sid).streams.create({ url: 'http://example.org' }), { status: 400 });
    await client.calls(sid).update({ status: 'completed' });
  });

  it('carries a whole call: a phone, Twilio\'s SDK, Deepgram\'s SDK and a tool', async () => {
    const sid = await start('+12025550175', { patience: '300ms', lines: [{ on: 'yes or no', say: 'Yes, I can.' }, { on: 'goodbye', hang_up: true, say: 'Bye' }] },
      response => response.connect().stream({ url: `${ws}/agent` }));
    const stream = await streams.opened('/agent');
    await stream.next('start');
    const tool = (name, properties = {}) => ({ name, description: name, parameters: { type: 'object', properties }, defer_until_eot: true });
    const format = { encoding: 'mulaw', sample_rate: 8000 };
    const agent = await Caller.call(deepgram);
    agent.socket.sendSettings({
      type: 'Settings',
      audio: { input: format, output: { ...format, container: 'none' } },
      agent: {
        listen: { provider: { type: 'deepgram', version: 'v2', model: 'flux-general-en' } },
        think: {
          provider: { type: 'open_ai', model: 'gpt-4o-mini' }, prompt: 'Incident type: Fire\nAddress: Main Street',
          functions: [tool('accept_incident'), tool('decline_incident', { reason: { type: 'string' } })],
        },
        speak: { provider: { type: 'deepgram', model: 'aura-2-thalia-en' } },
        context: { messages: [{ type: 'History', role: 'assistant', content: 'Can you take this incident, yes or no?' }] },
      },
    });
    await agent.next('SettingsApplied');

    // What a bridge does, in three lines.
    stream.on('media', ({ media }) => agent.closed || agent.socket.sendMedia(Buffer.from(media.payload, 'base64')));
    agent.on('audio', audio => stream.play(audio));
    agent.on('UserStartedSpeaking', () => stream.clear());

    agent.socket.sendInjectAgentMessage({ type: 'InjectAgentMessage', message: 'Can you take it, yes or no?' });
    await agent.text('user', /^Yes, I can\.$/);
    assert.deepEqual(await agent.tool('accept_incident'), {});
    await agent.text('assistant', /WhatsApp number/);
    agent.socket.sendInjectAgentMessage({ type: 'InjectAgentMessage', message: 'Goodbye', behavior: 'queue' });
    await simulator.happened('call.completed', sid);
    agent.hangUp();
    const call = await simulator.call(sid);
    assert.match(call.heard.heard, /^Can you take it, yes or no\? .*WhatsApp number\? Goodbye$/);
    assert.equal(call.heard.garbledSymbols, 0);
    assert.equal(call.endReason, 'the phone hung up');
  });
});
