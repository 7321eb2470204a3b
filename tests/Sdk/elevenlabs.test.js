// ElevenLabs' official SDK against the Simulator: speech over HTTP, Scribe in one piece and live, voices and quota; and the socket for
// streamed text, which the SDK does not have, by the messages that its documentation names.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AudioFormat, CommitStrategy, ElevenLabsError, RealtimeEvents } from '@elevenlabs/elevenlabs-js';
import WebSocket from 'ws';
import { speech } from './support/caller.js';
import { startSimulator } from './support/simulator.js';
import { Messages, silence } from './support/sockets.js';

const voice = 'EXAVITQu4vr4xnSDxMaL';

describe('ElevenLabs\' SDK', { concurrency: 4, timeout: 180_000 }, () => {
  let simulator, client;

  before(async () => {
    simulator = await startSimulator();
    client = simulator.elevenLabs();
  });
  after(() => simulator?.stop());

  const bytesOf = async stream => new Uint8Array(await new Response(stream).arrayBuffer());

  /** A WAV file of mu-law. */
  const wav = audio => {
    const header = Buffer.alloc(46);
    header.write('RIFF', 0);
    header.writeUInt32LE(38 + audio.length, 4);
    header.write('WAVEfmt ', 8);
    header.writeUInt32LE(18, 16);
    header.writeUInt16LE(7, 20);
    header.writeUInt16LE(1, 22);
    header.writeUInt32LE(8000, 24);
    header.writeUInt32LE(8000, 28);
    header.writeUInt16LE(1, 32);
    header.writeUInt16LE(8, 34);
    header.write('data', 38);
    header.writeUInt32LE(audio.length, 42);
    return new File([header, audio], 'speech.wav', { type: 'audio/wav' });
  };

  it('speaks in one piece and in a stream: the mu-law that the phones understand', async () => {
    const expected = await speech(simulator.deepgram(), 'Fire at Harbour Road');
    const request = { text: 'Fire at Harbour Road', modelId: 'eleven_flash_v2_5', outputFormat: 'ulaw_8000', voiceSettings: { stability: 0.5, similarityBoost: 0.8, speed: 1 } };
    assert.deepEqual(await bytesOf(await client.textToSpeech.convert(voice, request)), expected);
    assert.deepEqual(await bytesOf(await client.textToSpeech.stream(voice, request)), expected);
    const timed = await client.textToSpeech.convertWithTimestamps(voice, request);
    assert.equal(timed.alignment.characters.join(''), 'Fire at Harbour Road');
  });

  it('makes its errors of refusals', async () => {
    const say = (sdk, changes, id = voice) => sdk.textToSpeech.convert(id, { text: 'Hello', modelId: 'eleven_flash_v2_5', outputFormat: 'ulaw_8000', ...changes }, { maxRetries: 0 });
    const refused = (promise, status, code) => assert.rejects(promise, error => error instanceof ElevenLabsError && error.statusCode === status && JSON.stringify(error.body).includes(code));
    await refused(say(simulator.elevenLabs('wrong')), 401, 'invalid_api_key');
    await refused(say(client, {}, 'nobody'), 404, 'voice_not_found');
    await refused(say(client, { modelId: 'eleven_9' }), 400, 'model_not_found');
    await refused(say(client, { voiceSettings: { stability: 7 } }), 422, 'stability');
  });

  it('knows voices, and what is left of the quota', async () => {
    assert.ok((await client.voices.getAll()).voices.some(known => known.voiceId === voice));
    const before = await client.user.subscription.get();
    await bytesOf(await client.textToSpeech.convert(voice, { text: 'Twenty characters ok', modelId: 'eleven_flash_v2_5', outputFormat: 'ulaw_8000' }));
    const now = await client.user.subscription.get();
    assert.ok(now.characterCount >= before.characterCount + 20);
    assert.ok(now.characterLimit > now.characterCount);
  });

  it('transcribes a recording', async () => {
    const audio = await speech(simulator.deepgram(), 'Hola, there is a fire.');
    const heard = await client.speechToText.convert({ modelId: 'scribe_v1', file: wav(audio), languageCode: 'es' });
    assert.equal(heard.text, 'Hola, there is a fire.');
    assert.equal(heard.languageCode, 'es');
    assert.deepEqual(heard.words.filter(word => word.type === 'word').map(word => word.text), ['Hola,', 'there', 'is', 'a', 'fire.']);
  });

  it('transcribes live, committed by the client or by silence', async context => {
    const audio = Buffer.from(await speech(simulator.deepgram(), 'There is a fire at Harbour Road.'));
    for (const commitStrategy of [CommitStrategy.MANUAL, CommitStrategy.VAD]) {
      const connection = await client.speechToText.realtime.connect({
        modelId: 'scribe_v2_realtime', audioFormat: AudioFormat.ULAW_8000, sampleRate: 8000, commitStrategy, vadSilenceThresholdSecs: 0.5, includeTimestamps: true,
      });
      context.after(() => connection.close());
      const messages = new Messages();
      for (const kind of Object.values(RealtimeEvents)) {
        connection.on(kind, data => messages.take({ kind, ...data }));
      }

      await messages.next(message => message.kind === 'session_started');
      for (let at = 0; at < audio.length; at += 1600) {
        connection.send({ audioBase64: audio.subarray(at, at + 1600).toString('base64') });
      }

      if (commitStrategy === CommitStrategy.MANUAL) {
        connection.commit();
      } else {
        connection.send({ audioBase64: Buffer.from(silence(800)).toString('base64') });
      }

      assert.match((await messages.next(message => message.kind === 'partial_transcript')).text, /^There/);
      assert.equal((await messages.next(message => message.kind === 'committed_transcript')).text, 'There is a fire at Harbour Road.');
      const timed = await messages.next(message => message.kind === 'committed_transcript_with_timestamps');
      assert.equal(timed.words.filter(word => word.type === 'word').length, 7);
      if (commitStrategy === CommitStrategy.MANUAL) {
        connection.commit();
        await messages.next(message => message.kind === 'commit_throttled');
      }
    }
  });

  const open = async (query, headers = { 'xi-api-key': 'simulator' }) => {
    const socket = new WebSocket(`ws://127.0.0.1:${simulator.ports.ElevenLabs}/v1/text-to-speech/${voice}/stream-input?model_id=eleven_flash_v2_5&output_format=ulaw_8000${query}`, { headers });
    const messages = new Messages();
    socket.on('message', data => messages.take(JSON.parse(data)));
    socket.on('close', (code, reason) => messages.close({ code, reason: `${reason}` }));
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return { messages, send: message => socket.send(JSON.stringify(message)) };
  };
  const audioOf = messages => Buffer.concat(messages.log.filter(message => message.audio).map(message => Buffer.from(message.audio, 'base64')));

  it('the socket speaks streamed text with its timing, and closes behind the last of it', async () => {
    const { messages, send } = await open('', {});
    send({ text: ' ', xi_api_key: 'simulator', voice_settings: { stability: 0.5, similarity_boost: 0.8 }, generation_config: { chunk_length_schedule: [50, 90] } });
    for (const word of 'There is a fire at Harbour Road and we need somebody who can drive there at once.'.split(' ')) {
      send({ text: `${word} ` });
    }

    await messages.next(message => message.audio, 'audio before the end of the text');
    send({ text: '' });
    await messages.next(message => message.isFinal, 'isFinal');
    assert.equal((await messages.closes()).code, 1000);
    const words = messages.log.flatMap(message => message.alignment?.chars ?? []).join('');
    assert.equal(words.replaceAll(' ', ''), 'ThereisafireatHarbourRoadandweneedsomebodywhocandrivethereatonce.');
    assert.ok(audioOf(messages).length > 30_000);
    assert.ok(messages.log.filter(message => message.alignment).every(({ alignment }) => alignment.chars.length === alignment.charStartTimesMs.length && alignment.chars.length === alignment.charDurationsMs.length));
  });

  it('the socket speaks at a flush, tells errors and is closed when nothing comes', async () => {
    const flushed = await open('&inactivity_timeout=2');
    flushed.send({ text: ' ' });
    flushed.send({ text: 'Hello there. ', flush: true });
    await flushed.messages.next(message => message.audio);
    const closed = await flushed.messages.closes();
    assert.equal(closed.code, 1008);
    assert.match(closed.reason, /^Have not received a new text input/);
    assert.equal(flushed.messages.log.at(-1).error, 'input_timeout_exceeded');
    assert.deepEqual(new Uint8Array(audioOf(flushed.messages)), await speech(simulator.deepgram(), 'Hello there.'));

    const stranger = await open('', {});
    stranger.send({ text: ' ', xi_api_key: 'wrong' });
    assert.equal((await stranger.messages.closes()).code, 1008);
    assert.equal(stranger.messages.log.at(-1).error, 'needs_authorization');
  });
});
