// Calls and the REST API's manners, through the official SDK.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import twilio from 'twilio';
import RestException from 'twilio/lib/base/RestException.js';
import { startApplication } from './support/application.js';
import { eventually } from './support/service.js';
import { accountSid, city, startSimulator } from './support/simulator.js';

describe('Calls through the Twilio SDK', { concurrency: 8, timeout: 120_000 }, () => {
  let simulator, application, client;

  before(async () => {
    [simulator, application] = await Promise.all([startSimulator(), startApplication()]);
    client = simulator.twilio();
  });
  after(() => Promise.all([simulator?.stop(), application?.stop()]));

  const twiml = build => {
    const response = new twilio.twiml.VoiceResponse();
    build(response);
    return response;
  };

  const reaches = (sid, status) => eventually(async () => {
    const call = await client.calls(sid).fetch();
    return call.status === status ? call : undefined;
  }, `${sid} is ${status}`);

  it('creates a call, follows it to its end and reads it back', async () => {
    await simulator.phone('+12025550111');
    const created = await client.calls.create({ to: '+12025550111', from: city, twiml: twiml(t => t.say('Good evening.')) });
    assert.match(created.sid, /^CA[0-9a-f]{32}$/);
    assert.equal(created.status, 'queued');
    assert.equal(created.accountSid, accountSid);
    assert.equal(created.direction, 'outbound-api');
    assert.ok(created.dateCreated instanceof Date && Math.abs(Date.now() - created.dateCreated) < 60_000, 'the SDK reads the date');
    assert.equal(created.startTime, null);
    assert.equal(created.uri, `/2010-04-01/Accounts/${accountSid}/Calls/${created.sid}.json`);

    const call = await reaches(created.sid, 'completed');
    assert.ok(call.startTime instanceof Date && call.endTime >= call.startTime);
    assert.match(call.duration, /^\d+$/);
    assert.equal((await simulator.call(call.sid)).heard.heard, 'Good evening.');
  });

  it('reports busy, no-answer and failed as their own statuses', async () => {
    const outcomes = { '+12025550112': 'busy', '+12025550113': 'no-answer', '+12025550114': 'failed' };
    await Promise.all(Object.entries(outcomes).map(async ([number, outcome]) => {
      await simulator.phone(number, { when_called: outcome });
      const call = await client.calls.create({ to: number, from: city, timeout: 1, twiml: '<Response><Say>Hi</Say></Response>' });
      assert.equal((await reaches(call.sid, outcome)).duration, '0');
    }));
  });

  it('cancels a ringing call and completes a talking one', async () => {
    await Promise.all([simulator.phone('+12025550115', { answer_after: '60s' }), simulator.phone('+12025550116')]);
    const pause = '<Response><Pause length="60"/></Response>';
    const [ringing, talking] = await Promise.all(['+12025550115', '+12025550116'].map(to => client.calls.create({ to, from: city, twiml: pause })));
    await Promise.all([reaches(ringing.sid, 'ringing'), reaches(talking.sid, 'in-progress')]);
    await client.calls(ringing.sid).update({ status: 'canceled' });
    await client.calls(talking.sid).update({ status: 'completed' });
    await Promise.all([reaches(ringing.sid, 'canceled'), reaches(talking.sid, 'completed')]);
    await assert.rejects(client.calls(talking.sid).update({ twiml: pause }), { status: 400, code: 21220 });
  });

  it('sends a live call to other instructions', async () => {
    await simulator.phone('+12025550117');
    const call = await client.calls.create({ to: '+12025550117', from: city, twiml: '<Response><Pause length="60"/></Response>' });
    await reaches(call.sid, 'in-progress');
    const updated = await client.calls(call.sid).update({ twiml: twiml(t => { t.say('Something new.'); t.hangup(); }) });
    assert.equal(updated.status, 'in-progress');
    await reaches(call.sid, 'completed');
    assert.equal((await simulator.call(call.sid)).heard.heard, 'Something new.');
  });

  it('asks the URL, tells every status in order, and tells who answered', async () => {
    await simulator.phone('+12025550118', { when_called: 'voicemail', answered_by_after: '300ms' });
    application.answer('/answered', twiml(t => t.hangup()));
    const call = await client.calls.create({
      to: '+12025550118', from: city, url: `${application.base}/answered`, method: 'POST',
      statusCallback: `${application.base}/progress`, statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
      machineDetection: 'Enable', asyncAmd: 'false',
    });
    const asked = await application.received('/answered');
    assert.equal(asked.form.CallSid, call.sid);
    assert.match(asked.form.AnsweredBy, /^machine_/);
    const last = await application.received('/progress', request => request.form.CallStatus === 'completed');
    const progress = application.requests.filter(request => request.path === '/progress').map(request => request.form);
    assert.deepEqual(progress.map(form => form.CallStatus), ['initiated', 'ringing', 'in-progress', 'completed']);
    assert.deepEqual(progress.map(form => form.SequenceNumber), ['0', '1', '2', '3']);
    assert.equal(last.form.CallbackSource, 'call-progress-events');
    assert.match((await client.calls(call.sid).fetch()).answeredBy, /^machine_/);
  });

  it('lists with filters, and pages through them', async () => {
    await simulator.phone('+12025550119', { when_called: 'busy' });
    const since = new Date(Date.now() - 3_600_000);
    const sids = [];
    for (let i = 0; i < 5; i++) {
      sids.push((await client.calls.create({ to: '+12025550119', from: city, twiml: '<Response/>' })).sid);
    }

    await Promise.all(sids.map(sid => reaches(sid, 'busy')));
    const newestFirst = sids.toReversed();
    const all = { to: '+12025550119', status: 'busy', startTimeAfter: since };
    assert.deepEqual((await client.calls.list({ ...all, pageSize: 2 })).map(call => call.sid), newestFirst, 'three pages, walked by the SDK');
    assert.deepEqual((await client.calls.list({ ...all, limit: 3 })).map(call => call.sid), newestFirst.slice(0, 3));
    assert.deepEqual(await client.calls.list({ ...all, startTimeAfter: undefined, startTimeBefore: since }), []);
    assert.deepEqual(await client.calls.list({ ...all, to: '+12025550199' }), []);

    const first = await client.calls.page({ ...all, pageSize: 2 });
    const second = await first.nextPage();
    assert.deepEqual(second.instances.map(call => call.sid), newestFirst.slice(2, 4));
    assert.deepEqual((await second.previousPage()).instances.map(call => call.sid), newestFirst.slice(0, 2));
    const third = await client.calls.getPage(second.nextPageUrl);
    assert.deepEqual([third.instances.map(call => call.sid), third.nextPageUrl], [newestFirst.slice(4), undefined]);

    const seen = [];
    await new Promise((resolve, reject) => client.calls.each({ ...all, pageSize: 2, callback: call => seen.push(call.sid), done: error => error ? reject(error) : resolve() }));
    assert.deepEqual(seen, newestFirst);
  });

  it('deletes a finished call and then knows it no more', async () => {
    await simulator.phone('+12025550120', { when_called: 'busy' });
    const call = await client.calls.create({ to: '+12025550120', from: city, twiml: '<Response/>' });
    await reaches(call.sid, 'busy');
    assert.equal(await client.calls(call.sid).remove(), true);
    await assert.rejects(client.calls(call.sid).fetch(), { status: 404, code: 20404 });
  });

  it('refuses with the SDK\'s exception, its code, status and link', async () => {
    const cases = [
      [{ to: 'not a number' }, 21217], [{ to: '+15005550003' }, 21215], [{ from: '+15005550001' }, 21212], [{ twiml: undefined }, 21205],
      [{ twiml: undefined, url: 'no url' }, 21205], [{ twiml: '<Response/>'.padEnd(4001) }, 32018],
    ];
    for (const [changes, code] of cases) {
      const attempt = client.calls.create({ to: '+12025550111', from: city, twiml: '<Response/>', ...changes });
      await assert.rejects(attempt, error => {
        assert.ok(error instanceof RestException.default, `${error}`);
        assert.deepEqual([error.status, error.code, error.moreInfo], [400, code, `https://www.twilio.com/docs/errors/${code}`]);
        return true;
      });
    }

    await assert.rejects(simulator.twilio(accountSid, 'wrong').calls.list({ limit: 1 }), { status: 401, code: 20003 });
    await assert.rejects(simulator.twilio('AC' + 'f'.repeat(32), 'simulator').calls.list({ limit: 1 }), { status: 401 });
  });

  it('lets an API key in, and shows the account', async () => {
    const keyed = simulator.twilio('SK' + '1'.repeat(32), 'simulator', { accountSid });
    assert.ok(Array.isArray(await keyed.calls.list({ limit: 1 })));
    const account = await client.api.v2010.accounts(accountSid).fetch();
    assert.deepEqual([account.sid, account.status, account.type], [accountSid, 'active', 'Full']);
    await assert.rejects(client.recordings.list({ limit: 1 }), { status: 404, code: 20404 }, 'what is not simulated is said in the vendor\'s way');
  });
});
