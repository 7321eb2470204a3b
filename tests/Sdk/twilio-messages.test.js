// SMS and WhatsApp messages through the official SDK.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import twilio from 'twilio';
import RestException from 'twilio/lib/base/RestException.js';
import { startApplication } from './support/application.js';
import { eventually } from './support/service.js';
import { city, startSimulator } from './support/simulator.js';

describe('Messages through the Twilio SDK', { concurrency: 8, timeout: 120_000 }, () => {
  let simulator, application, client;

  before(async () => {
    application = await startApplication();
    simulator = await startSimulator({ 'Simulator:MessageUrl': `${application.base}/message` });
    client = simulator.twilio();
    application.answer('/camera.jpg', 'a picture, to the simulator');
  });
  after(() => Promise.all([simulator?.stop(), application?.stop()]));

  const messaging = (number, script) => simulator.phone(number, { messaging: { sent_after: '20ms', delivered_after: '20ms', ...script } });
  const whatsapp = number => `whatsapp:${number}`;
  const reaches = (sid, status) => eventually(async () => {
    const message = await client.messages(sid).fetch();
    return message.status === status ? message : undefined;
  }, `${sid} is ${status}`);

  it('sends an SMS and tells how it fares', async () => {
    await messaging('+12025550121');
    const sent = await client.messages.create({ to: '+12025550121', from: city, body: 'Collision at 12 Main Street', statusCallback: `${application.base}/sms` });
    assert.match(sent.sid, /^SM[0-9a-f]{32}$/);
    assert.deepEqual([sent.status, sent.direction, sent.numMedia, sent.numSegments, sent.errorCode], ['queued', 'outbound-api', '0', '1', null]);
    assert.equal(sent.dateSent, null);
    const message = await reaches(sent.sid, 'delivered');
    assert.ok(message.dateSent instanceof Date);
    await application.received('/sms', request => request.form.MessageStatus === 'delivered');
    const told = application.requests.filter(request => request.path === '/sms').map(request => request.form);
    assert.deepEqual(told.map(form => form.MessageStatus), ['queued', 'sent', 'delivered']);
    assert.ok(told.every(form => form.MessageSid === sent.sid));
  });

  it('counts the segments of long texts and of texts beyond GSM-7', async () => {
    await messaging('+12025550121');
    for (const [body, segments] of [['a'.repeat(160), '1'], ['a'.repeat(161), '2'], ['€'.repeat(81), '2'], ['ж'.repeat(70), '1'], ['ж'.repeat(71), '2']]) {
      const sent = await client.messages.create({ to: '+12025550121', from: city, body });
      assert.equal(sent.numSegments, segments, body.slice(0, 1) + ' × ' + body.length);
    }
  });

  it('sends a picture by MMS, lists it and shows it', async () => {
    await messaging('+12025550122');
    const mediaUrl = [`${application.base}/camera.jpg`, `${application.base}/camera.jpg`];
    const sent = await client.messages.create({ to: '+12025550122', from: city, body: 'See', mediaUrl });
    assert.match(sent.sid, /^MM/);
    assert.equal(sent.numMedia, '2');
    await reaches(sent.sid, 'delivered');
    const media = await client.messages(sent.sid).media.list();
    assert.equal(media.length, 2);
    const shown = await client.messages(sent.sid).media(media[0].sid).fetch();
    assert.deepEqual([shown.sid, shown.parentSid, shown.contentType], [media[0].sid, sent.sid, 'text/xml']);
  });

  it('fails a free WhatsApp text outside the window, and delivers a template', async () => {
    await messaging('+12025550123', { read_after: '20ms' });
    const addresses = { to: whatsapp('+12025550123'), from: whatsapp(city) };
    const text = await client.messages.create({ ...addresses, body: 'Hello' });
    const failed = await reaches(text.sid, 'failed');
    assert.equal(failed.errorCode, 63016);
    assert.match(failed.errorMessage, /outside the allowed window/);
    const template = await client.messages.create({ ...addresses, contentSid: 'HX' + '0'.repeat(32), contentVariables: JSON.stringify({ 1: 'Collision' }) });
    assert.equal((await reaches(template.sid, 'read')).errorCode, null);
  });

  it('reports what is undelivered, not on WhatsApp, or has media that cannot be had', async () => {
    await Promise.all([
      messaging('+12025550124', { undelivered_with: 30003 }), messaging('+12025550125', { has_whatsapp: false }),
      messaging('+12025550126', { whatsapp_window_open: true }),
    ]);
    const attempts = [
      [{ to: '+12025550124', from: city }, 'undelivered', 30003],
      [{ to: whatsapp('+12025550125'), from: whatsapp(city) }, 'failed', 63024],
      [{ to: whatsapp('+12025550126'), from: whatsapp(city), mediaUrl: ['http://127.0.0.1:1/none.jpg'] }, 'failed', 63019],
    ];
    await Promise.all(attempts.map(async ([fields, status, code]) => {
      const message = await client.messages.create({ body: 'Hello', ...fields });
      assert.equal((await reaches(message.sid, status)).errorCode, code);
    }));
  });

  it('passes on what a person writes, which opens the window and is answered by TwiML', async () => {
    await messaging('+12025550127');
    const reply = new twilio.twiml.MessagingResponse();
    const message = reply.message('Thank you, noted.');
    message.media(`${application.base}/camera.jpg`);
    application.answer('/message', request => request.form.From.includes('0127') ? reply : undefined);
    await simulator.control('POST', '/messages/inbound', { from: '+12025550127', channel: 'whatsapp', body: 'I am here & ready +1' });
    const { form } = await application.received('/message', request => request.form.From.includes('0127'));
    assert.deepEqual([form.Body, form.From, form.To, form.WaId], ['I am here & ready +1', whatsapp('+12025550127'), whatsapp(city), '12025550127']);
    const answer = await eventually(async () => (await client.messages.list({ to: whatsapp('+12025550127') }))[0], 'the answer');
    assert.deepEqual([answer.body, answer.direction, answer.numMedia], ['Thank you, noted.', 'outbound-reply', '1']);
    await reaches(answer.sid, 'delivered');
    const inbound = (await client.messages.list({ from: whatsapp('+12025550127') }))[0];
    assert.deepEqual([inbound.status, inbound.direction], ['received', 'inbound']);
  });

  it('refuses whoever wrote STOP, until they write START', async () => {
    await messaging('+12025550128');
    const write = body => simulator.control('POST', '/messages/inbound', { from: '+12025550128', body });
    const send = () => client.messages.create({ to: '+12025550128', from: city, body: 'Hello' });
    await write('Stop');
    await assert.rejects(send(), { status: 400, code: 21610 });
    await write('START');
    assert.equal((await send()).status, 'queued');
  });

  it('pages through messages by number and day, newest first', async () => {
    await messaging('+12025550129');
    const sids = [];
    for (let i = 0; i < 5; i++) {
      sids.unshift((await client.messages.create({ to: '+12025550129', from: city, body: `Message ${i}` })).sid);
    }

    const yesterday = new Date(Date.now() - 86_400_000);
    const listed = await client.messages.list({ to: '+12025550129', dateSentAfter: yesterday, pageSize: 2 });
    assert.deepEqual(listed.map(message => message.sid), sids);
    assert.deepEqual(await client.messages.list({ to: '+12025550129', dateSentBefore: yesterday }), []);
    assert.equal((await client.messages.list({ to: '+12025550129', dateSentAfter: yesterday, limit: 4, pageSize: 3 })).length, 4);
  });

  it('cancels, redacts and deletes', async () => {
    await Promise.all([messaging('+12025550130', { sent_after: '60s' }), messaging('+12025550131')]);
    const waiting = await client.messages.create({ to: '+12025550130', from: city, body: 'Later' });
    assert.equal((await client.messages(waiting.sid).update({ status: 'canceled' })).status, 'canceled');
    const sent = await client.messages.create({ to: '+12025550131', from: city, body: 'A secret' });
    await reaches(sent.sid, 'delivered');
    assert.equal((await client.messages(sent.sid).update({ body: '' })).body, '');
    assert.equal(await client.messages(sent.sid).remove(), true);
    await assert.rejects(client.messages(sent.sid).fetch(), { status: 404, code: 20404 });
  });

  it('refuses with the SDK\'s exception and Twilio\'s code', async () => {
    const cases = [
      [{ to: undefined }, 21604], [{ to: '+15005550001' }, 21211], [{ to: '+15005550009' }, 21614], [{ from: '+15005550007' }, 21606],
      [{ from: whatsapp(city) }, 21910], [{ body: undefined }, 21602], [{ body: 'a'.repeat(1601) }, 21617], [{ mediaUrl: ['ftp://x'] }, 21620],
      [{ contentSid: 'HX1' }, 21655], [{ contentSid: 'HX' + '0'.repeat(32), contentVariables: 'no json' }, 21656],
    ];
    for (const [changes, code] of cases) {
      // The SDK itself insists on a recipient; without one the request is made by hand.
      const fields = { to: '+12025550121', from: city, body: 'Hello', ...changes };
      const attempt = fields.to ? client.messages.create(fields) : client.messages.create({ ...fields, to: '' });
      await assert.rejects(attempt, error => error instanceof RestException.default && error.status === 400 && error.code === code, `${code}`);
    }
  });
});
