// TwiML as the SDK's VoiceResponse writes it, run by the Simulator; conferences and their participants.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import twilio from 'twilio';
import { startApplication } from './support/application.js';
import { eventually } from './support/service.js';
import { city, startSimulator } from './support/simulator.js';

const { VoiceResponse } = twilio.twiml;

describe('TwiML of the Twilio SDK', { concurrency: 8, timeout: 120_000 }, () => {
  let simulator, application, client;

  before(async () => {
    application = await startApplication();
    simulator = await startSimulator({ 'Simulator:VoiceUrl': `${application.base}/voice` });
    client = simulator.twilio();
  });
  after(() => Promise.all([simulator?.stop(), application?.stop()]));

  const twiml = build => {
    const response = new VoiceResponse();
    build(response);
    return response;
  };

  /** Calls the phone with these instructions, and gives what became of it. */
  const run = async (number, script, build, options = {}) => {
    await simulator.phone(number, script);
    const { sid } = await client.calls.create({ to: number, from: city, ...(build ? { twiml: twiml(build) } : {}), ...options });
    await simulator.happened('call.completed', sid);
    return simulator.call(sid);
  };

  it('says text, with a voice, a language, SSML and twice', async () => {
    const call = await run('+12025550131', {}, response => {
      response.comment('Not said');
      const say = response.say({ voice: 'Polly.Joanna', language: 'en-US' }, 'Fire');
      say.break({ time: '100ms' });
      say.emphasis({ level: 'strong' }, 'now');
      response.say({ loop: 2 }, 'Go & see <12>');
    });
    assert.equal(call.heard.heard, 'Fire now Go & see <12> Go & see <12>');
    assert.deepEqual(call.errors, []);
  });

  it('gathers a key over its prompt and takes it to the action', async () => {
    application.answer('/gathered', request => twiml(response => response.say(`Pressed ${request.form.Digits}`)));
    const call = await run('+12025550132', { lines: [{ interrupt_after: 5, press: '1' }] }, response => {
      const gather = response.gather({ input: ['dtmf'], numDigits: 1, timeout: 3, action: `${application.base}/gathered`, method: 'POST' });
      gather.say('Press one to accept, two to decline, nine to repeat');
      response.say('Nothing was pressed');
    });
    assert.match(call.heard.heard, /^Press.*Pressed 1$/);
    assert.doesNotMatch(call.heard.heard, /repeat|Nothing/);
  });

  it('gathers speech', async () => {
    application.answer('/spoken', request => twiml(response => response.say(`You said ${request.form.SpeechResult}`)));
    const call = await run('+12025550133', { lines: [{ on: 'take it', say: 'Yes' }] }, response => {
      const gather = response.gather({ input: ['speech', 'dtmf'], timeout: 5, speechTimeout: 'auto', action: `${application.base}/spoken` });
      gather.say('Can you take it?');
    });
    assert.equal(call.heard.heard, 'Can you take it? You said Yes');
  });

  it('goes on behind a gather that nobody answers', async () => {
    const call = await run('+12025550134', {}, response => {
      response.gather({ timeout: 1, action: `${application.base}/never` }).say('Hello?');
      response.say('Bye');
      response.hangup();
      response.say('Never said');
    });
    assert.equal(call.heard.heard, 'Hello? Bye');
  });

  it('redirects by a relative URL, pauses, and plays keys', async () => {
    application.answer('/first', twiml(response => response.redirect({ method: 'GET' }, '/second?step=2')));
    application.answer('/second', request => twiml(response => {
      response.pause({ length: 1 });
      response.play({ digits: '12#' });
      response.say(new URL(request.url).searchParams.get('step'));
    }));
    const call = await run('+12025550135', {}, undefined, { url: `${application.base}/first` });
    assert.equal(call.heard.heard, '2');
    assert.equal(call.heard.digitsHeard, '12#');
    assert.equal(application.requests.find(request => request.path === '/second').method, 'GET');
  });

  it('dials a number, bridges the two and reports to the action', async () => {
    await simulator.phone('+12025550137', { greeting: 'Control room', lines: [{ at: '2s', hang_up: true, say: 'Ok' }] });
    application.answer('/dialled', request => twiml(response => response.say(request.form.DialCallStatus)));
    const call = await run('+12025550136', {}, response => {
      response.dial({ action: `${application.base}/dialled`, timeout: 10, callerId: city }).number({ statusCallbackEvent: ['answered', 'completed'] }, '+12025550137');
    });
    assert.match(call.heard.heard, /^Control room.* completed$/);
    const [child] = await client.calls.list({ parentCallSid: call.sid });
    assert.deepEqual([child.direction, child.to, child.status], ['outbound-dial', '+12025550137', 'completed']);
  });

  it('answers somebody who calls in, and rejects another', async () => {
    application.answer('/voice', request => twiml(response => request.form.From.endsWith('0138') ? response.say('City Monitor.') : response.reject({ reason: 'busy' })));
    const [{ sid: answered }, { sid: rejected }] = await Promise.all(['+12025550138', '+12025550139'].map(from =>
      simulator.control('POST', '/calls/inbound', { from })));
    await Promise.all([simulator.happened('call.completed', answered), simulator.happened('call.busy', rejected)]);
    assert.equal((await simulator.call(answered)).heard.heard, 'City Monitor.');
    assert.deepEqual([(await client.calls(answered).fetch()).direction, (await client.calls(rejected).fetch()).status], ['inbound', 'busy']);
  });

  it('says that something went wrong where the application answers no TwiML', async () => {
    application.answer('/broken', '<Response><Say>Unclosed</Response>');
    const call = await run('+12025550140', {}, undefined, { url: `${application.base}/broken` });
    assert.match(call.heard.heard, /application error/);
    assert.deepEqual(call.errors.map(error => error.code), [12100]);
  });

  it('holds a conference: who is in it, muted, held, put out, over', async () => {
    await Promise.all([
      simulator.phone('+12025550141', { patience: '300ms', lines: [{ on: 'desk', say: 'Can you hear me?' }] }),
      simulator.phone('+12025550142', { patience: '300ms', lines: [{ on_silence: '1s', say: 'Desk here.' }, { on: 'hear me', say: 'Loud and clear.' }] }),
    ]);
    const caller = await client.calls.create({
      to: '+12025550141', from: city,
      twiml: twiml(response => response.dial().conference({
        participantLabel: 'caller', statusCallback: `${application.base}/conference`, statusCallbackEvent: ['start', 'end', 'join', 'leave', 'mute', 'hold'],
      }, 'incident-7')),
    });
    await simulator.happened('conference.participant-join', caller.sid);
    const added = await client.conferences('incident-7').participants.create({ from: city, to: '+12025550142', label: 'desk', endConferenceOnExit: false, beep: 'false' });
    assert.match(added.conferenceSid, /^CF[0-9a-f]{32}$/);
    assert.deepEqual([added.status, added.label, added.muted], ['queued', 'desk', false]);
    await simulator.happened('conference.conference-start');

    const [found] = await client.conferences.list({ friendlyName: 'incident-7', status: 'in-progress' });
    assert.equal(found.sid, added.conferenceSid);
    assert.ok(found.dateCreated instanceof Date);
    const conference = client.conferences(found.sid);
    const seated = await conference.participants.list({ pageSize: 1 });
    assert.deepEqual(seated.map(participant => participant.label).sort(), ['caller', 'desk']);
    assert.ok(seated.every(participant => participant.status === 'connected' && participant.conferenceSid === found.sid));

    await eventually(async () => (await simulator.call(caller.sid)).heard.heard === 'Desk here. Loud and clear.', 'the caller hears the desk');
    assert.equal((await conference.participants('desk').update({ muted: true })).muted, true);
    assert.equal((await conference.participants(caller.sid).update({ hold: true })).hold, true);
    assert.deepEqual((await conference.participants.list({ muted: true })).map(participant => participant.label), ['desk']);
    assert.equal((await conference.participants('caller').fetch()).callSid, caller.sid);
    assert.equal(await conference.participants(added.callSid).remove(), true);
    await simulator.happened('call.completed', added.callSid);
    assert.equal((await conference.update({ status: 'completed' })).status, 'completed');
    await simulator.happened('call.completed', caller.sid);

    await application.received('/conference', request => request.form.StatusCallbackEvent === 'conference-end');
    const told = application.requests.filter(request => request.path === '/conference').map(request => request.form);
    assert.deepEqual(told.map(form => form.StatusCallbackEvent), [
      'participant-join', 'participant-join', 'conference-start', 'participant-mute', 'participant-hold', 'participant-leave', 'participant-leave', 'conference-end',
    ]);
    assert.ok(told.every(form => form.ConferenceSid === found.sid && form.FriendlyName === 'incident-7'));
    assert.equal((await conference.fetch()).reasonConferenceEnded, 'conference-ended-via-api');
    await assert.rejects(conference.participants('desk').fetch(), { status: 404, code: 20404 });
  });

  it('opens a conference by calling the first into it', async () => {
    await simulator.phone('+12025550143', { answer_after: '60s' });
    const added = await client.conferences('incident-8').participants.create({ from: city, to: '+12025550143' });
    const [found] = await client.conferences.list({ friendlyName: 'incident-8' });
    assert.deepEqual([found.sid, found.status], [added.conferenceSid, 'init']);
    await client.calls(added.callSid).update({ status: 'canceled' });
    await assert.rejects(client.conferences('CF' + '0'.repeat(32)).participants.create({ from: city, to: '+12025550143' }), { status: 404 });
    await assert.rejects(client.conferences('incident-8').participants.create({ from: city, to: '+15005550001' }), { status: 400, code: 21217 });
  });
});
