// The SDK's signature checks on what the Simulator sends; our own server's checks on what the SDK signs.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import twilio from 'twilio';
import { getExpectedBodyHash, getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';
import { startApplication } from './support/application.js';
import { freePorts } from './support/service.js';
import { authToken, city, startSimulator } from './support/simulator.js';
import { startTelephony } from './support/telephony.js';

describe('Signatures by the Twilio SDK', { timeout: 120_000 }, () => {
  let simulator, application, telephony, client, ours, calledIn;

  before(async () => {
    application = await startApplication();
    ours = `http://127.0.0.1:${(await freePorts(1))[0]}`;
    simulator = await startSimulator({ 'Simulator:MessageUrl': `${application.base}/message?kind=inbound`, 'Simulator:VoiceUrl': `${ours}/twilio/incoming` });
    client = simulator.twilio();
    telephony = await startTelephony(ours, simulator.ports.Twilio);

    // Takes a while to be spoken: the last test looks at it.
    calledIn = await simulator.control('POST', '/calls/inbound', { from: '+12025550167' });
  });
  after(() => Promise.all([simulator?.stop(), application?.stop(), telephony?.stop()]));

  const isSigned = (request, token = authToken) =>
    twilio.validateRequest(token, request.signature, request.url, request.method === 'GET' ? {} : request.form);

  it('every webhook of a call and a message that the Simulator sends is signed', async () => {
    await simulator.phone('+12025550161', { messaging: { sent_after: '1ms', delivered_after: '1ms' } });
    const { base } = application;
    application.answer('/post', `<Response><Connect action="/action"><Stream url="ws://127.0.0.1:1/" statusCallback="${base}/stream?a=b"/></Connect></Response>`);
    application.answer('/action', `<Response><Redirect method="GET">/get?x=%C3%A9t%C3%A9&amp;y=a+b</Redirect></Response>`);
    application.answer('/get', `<Response><Dial><Conference statusCallback="/conference">signed</Conference></Dial></Response>`);
    const call = await client.calls.create({
      to: '+12025550161', from: city, url: `${base}/post?call=fd-1.1&q=a%20b'c&r=é`, statusCallback: `${base}/status?call=fd-1.1`,
      statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
      machineDetection: 'Enable', asyncAmd: 'true', asyncAmdStatusCallback: `${base}/amd`,
    });
    await client.messages.create({ to: '+12025550161', from: city, body: 'Hi', statusCallback: `${base}/message-status` });
    await simulator.control('POST', '/messages/inbound', { from: '+12025550161', channel: 'whatsapp', body: 'Ünïcödé & = + %20 🚒\nsecond line  ' });
    const paths = ['/post', '/action', '/get', '/conference', '/stream', '/status', '/message-status', '/message'];
    const first = await Promise.all(paths.map(path => application.received(path)));
    await client.calls(call.sid).update({ status: 'completed' });
    await application.received('/status', request => request.form.CallStatus === 'completed');
    assert.equal(first[2].method, 'GET');
    for (const request of application.requests) {
      assert.ok(isSigned(request), `${request.method} ${request.url}`);
      assert.ok(!isSigned(request, 'another token'), 'and by nobody else');
      assert.ok(!isSigned({ ...request, url: request.url + 'x' }), 'the URL is covered');
      assert.ok(request.method === 'GET' || !isSigned({ ...request, form: { ...request.form, From: '+12025550199' } }), 'the form is covered');
    }

    assert.equal(first.at(-1).form.Body, 'Ünïcödé & = + %20 🚒\nsecond line  ');
  });

  it('satisfies the middleware that applications use', async () => {
    await simulator.phone('+12025550162', { when_called: 'busy' });
    await client.calls.create({ to: '+12025550162', from: city, twiml: '<Response/>', statusCallback: `${application.base}/middleware?x=1` });
    const received = await application.received('/middleware');
    const pass = change => new Promise(resolve => {
      const request = {
        protocol: 'http', headers: received.headers, originalUrl: '/middleware?x=1', body: received.form,
        header: name => received.headers[name.toLowerCase()], ...change,
      };
      const response = { type: () => response, status: code => ({ send: () => resolve(code) }) };
      twilio.webhook(authToken)(request, response, () => resolve('passed'));
    });
    assert.equal(await pass({}), 'passed');
    assert.equal(await pass({ body: { ...received.form, CallStatus: 'completed' } }), 403);
    assert.equal(await pass({ header: () => undefined }), 400);
  });

  it('sends callbacks that the SDK knows for forged, where that is asked for', async () => {
    await simulator.control('PUT', '/settings/twilio', { statusCallbacks: 'forged' });
    await simulator.phone('+12025550163', { when_called: 'busy' });
    await client.calls.create({ to: '+12025550163', from: city, twiml: '<Response/>', statusCallback: `${application.base}/forged` });
    assert.ok(!isSigned(await application.received('/forged')));
    await simulator.control('PUT', '/settings/twilio', { statusCallbacks: 'normal' });
  });

  const post = (path, form, change = {}) => {
    const signature = getExpectedTwilioSignature(authToken, ours + path, form);
    return fetch(ours + path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'X-Twilio-Signature': signature, ...change.headers },
      body: new URLSearchParams({ ...form, ...change.form }),
    });
  };

  it('our webhook server takes what the SDK signs', async () => {
    const form = { AccountSid: 'AC' + '0'.repeat(31) + '1', CallSid: 'CA' + '1'.repeat(32), From: '+12025550164', To: city, CallStatus: 'ringing', Caller: 'Ünïcödé & = +' };
    const spoken = await post('/twilio/incoming', form);
    assert.equal(spoken.status, 200);
    assert.match(spoken.headers.get('content-type'), /xml/);
    assert.match(await spoken.text(), /^<\?xml.*<Response><Say|^<Response><Say/s);
    assert.equal((await post('/twilio/message?x=it%27s&y=%C3%A9', { From: '+12025550164', To: city, Body: 'Hello 🚒\n', NumMedia: '0' })).status, 200);
    assert.equal((await post('/twilio/status?call=fd-9.1', { ...form, CallStatus: 'completed' })).status, 204);

    const query = '/twilio/incoming?' + new URLSearchParams(form);
    const got = await fetch(ours + query, { headers: { 'X-Twilio-Signature': getExpectedTwilioSignature(authToken, ours + query, {}) } });
    assert.equal(got.status, 200, 'a GET is signed by its URL alone');
  });

  it('our webhook server refuses what it did not sign', async () => {
    const form = { CallSid: 'CA' + '2'.repeat(32), From: '+12025550165', To: city };
    const refused = [
      { headers: { 'X-Twilio-Signature': '' } }, { headers: { 'X-Twilio-Signature': 'bm90IGl0' } }, { form: { From: '+12025550166' } }, { form: { Extra: '1' } },
      { headers: { 'X-Twilio-Signature': getExpectedTwilioSignature('another token', `${ours}/twilio/incoming`, form) } },
      { headers: { 'X-Twilio-Signature': getExpectedTwilioSignature(authToken, `${ours}/twilio/status`, form) } },
    ];
    for (const change of refused) {
      assert.equal((await post('/twilio/incoming', form, change)).status, 403, JSON.stringify(change));
    }
  });

  it('our webhook server checks the hash of a JSON body as the SDK does', async () => {
    const send = (body, hashed = body) => {
      const url = `${ours}/twilio/status?call=fd-9.1&bodySHA256=${getExpectedBodyHash(hashed)}`;
      const signature = getExpectedTwilioSignature(authToken, url, {});
      assert.equal(twilio.validateRequestWithBody(authToken, signature, url, body), body === hashed);
      return fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Twilio-Signature': signature }, body });
    };
    assert.equal((await send('{"status":"é"}')).status, 204);
    assert.equal((await send('{"status":"x"}', '{"status":"y"}')).status, 403);
  });

  it('a phone that calls in hears our own server, through webhooks both sides trust', async () => {
    await simulator.happened('call.completed', calledIn.sid);
    const call = await simulator.call(calledIn.sid);
    assert.match(call.heard.heard, /City Monitor/);
    assert.deepEqual(call.errors, []);
  });
});
