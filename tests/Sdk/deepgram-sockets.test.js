// Deepgram's official SDK at the Simulator's listen (v1 and Flux) and speak sockets: what it speaks, it hears.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { speech } from './support/caller.js';
import { startSimulator } from './support/simulator.js';
import { connect, silence } from './support/sockets.js';

const telephony = { encoding: 'mulaw', sample_rate: 8000 };
const transcript = result => result.channel.alternatives[0].transcript;

describe('Deepgram\'s SDK at the sockets', { concurrency: 4, timeout: 180_000 }, () => {
  let simulator, client;

  before(async () => {
    simulator = await startSimulator();
    client = simulator.deepgram();
  });
  after(() => simulator?.stop());

  const say = async (socket, text, pause = 700) => {
    socket.sendMedia(await speech(client, text));
    socket.sendMedia(silence(pause));
  };

  it('listens: interim and final results, speech events, and the metadata at the end', async () => {
    const { socket, messages } = await connect(client.listen.v1, {
      ...telephony, model: 'nova-3', interim_results: 'true', smart_format: 'true', vad_events: 'true', endpointing: 300, utterance_end_ms: 1000,
      keyterm: ['Harbour Road'],
    });
    await say(socket, 'There is a fire at Harbour Road, send everybody you have.', 1500);
    await messages.next(message => message.type === 'SpeechStarted');
    await messages.next(message => message.type === 'Results' && !message.is_final && transcript(message).length > 0, 'an interim result');
    const final = await messages.next(message => message.type === 'Results' && message.speech_final, 'a final result');
    const words = messages.log.filter(message => message.type === 'Results' && message.is_final).flatMap(message => message.channel.alternatives[0].words);
    assert.equal(words.map(word => word.punctuated_word).join(' '), 'There is a fire at Harbour Road, send everybody you have.');
    assert.ok(words.every((word, i) => word.end > word.start && (i === 0 || word.start >= words[i - 1].end)), 'the words follow each other');
    assert.match(final.metadata.request_id, /^[0-9a-f-]{36}$/);
    await messages.next(message => message.type === 'UtteranceEnd');
    socket.sendKeepAlive({ type: 'KeepAlive' });
    socket.sendFinalize({ type: 'Finalize' });
    await messages.next(message => message.from_finalize, 'from_finalize');
    socket.sendCloseStream({ type: 'CloseStream' });
    assert.ok((await messages.next(message => message.type === 'Metadata')).duration > 3);
    assert.equal((await messages.closes()).code, 1000);
  });

  it('listens with Flux: turns that begin, are likely over, go on and end', async () => {
    const { socket, messages } = await connect(client.listen.v2, { ...telephony, model: 'flux-general-en', eager_eot_threshold: 0.4, eot_threshold: 0.8 });
    assert.equal((await messages.next(message => message.type === 'Connected')).sequence_id, 0);
    const turn = event => messages.next(message => message.type === 'TurnInfo' && message.event === event, event);
    await say(socket, 'Yes, I accept.', 330);
    assert.match((await turn('StartOfTurn')).transcript, /^Yes,/);
    assert.equal((await turn('EagerEndOfTurn')).transcript, 'Yes, I accept.');
    await say(socket, 'I will be there in ten minutes.', 1500);
    await turn('TurnResumed');
    const eager = await turn('EagerEndOfTurn');
    const end = await turn('EndOfTurn');
    assert.equal(end.transcript, 'Yes, I accept. I will be there in ten minutes.');
    assert.equal(end.transcript, eager.transcript);
    assert.ok(end.end_of_turn_confidence >= 0.8);
    socket.sendConfigure({ type: 'Configure', thresholds: { eot_threshold: 0.6, eager_eot_threshold: 0.5, eot_timeout_ms: 3000 }, keyterms: ['City Monitor'] });
    assert.equal((await messages.next(message => message.type === 'ConfigureSuccess')).thresholds.eot_threshold, 0.6);
    await say(socket, 'Goodbye.', 1000);
    assert.equal((await turn('EndOfTurn')).turn_index, end.turn_index + 1);
    socket.sendCloseStream({ type: 'CloseStream' });
    assert.equal((await messages.closes()).code, 1000);
  });

  it('speaks: pieces of text as one voice, flushed, cleared and closed', async () => {
    const { socket, messages } = await connect(client.speak.v1, { ...telephony, model: 'aura-2-thalia-en' });
    assert.equal((await messages.next(message => message.type === 'Metadata')).model_name, 'aura-2-thalia-en');
    socket.sendText({ type: 'Speak', text: 'There is ' });
    socket.sendText({ type: 'Speak', text: 'a fire.' });
    socket.sendFlush({ type: 'Flush' });
    assert.equal((await messages.next(message => message.type === 'Flushed')).sequence_id, 0);
    const audio = new Uint8Array(await new Blob(messages.audio).arrayBuffer());
    assert.deepEqual(audio, await speech(client, 'There is a fire.'), 'as over REST');
    socket.sendText({ type: 'Speak', text: 'Nobody needs to hear this, since it is taken back at once.' });
    socket.sendFlush({ type: 'Flush' });
    socket.sendClear({ type: 'Clear' });
    await messages.next(message => message.type === 'Cleared');
    socket.sendClose({ type: 'Close' });
    assert.equal((await messages.closes()).code, 1000);
    assert.equal(messages.log.filter(message => message.type === 'Flushed').length, 1);
  });

  it('is told that a socket without audio is closed', async context => {
    const impatient = await startSimulator({ 'Simulator:Deepgram:ClientMessageTimeout': '00:00:01' });
    context.after(() => impatient.stop());
    const { messages } = await connect(impatient.deepgram().listen.v1, { ...telephony, model: 'nova-3' });
    const closed = await messages.closes();
    assert.equal(closed.code, 1011);
    assert.match(closed.reason, /net0001/);
  });
});
