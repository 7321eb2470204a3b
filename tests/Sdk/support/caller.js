// A caller at the SDK's agent socket: speaks tone-coded audio, keeps all that comes, runs the tools.
import { EventEmitter, once } from 'node:events';

const frameBytes = 160;
const silence = new Uint8Array(frameBytes).fill(0xff);

/** The Simulator's speech for a text, by the SDK's speak client. */
export async function speech(deepgram, text) {
  const answer = await deepgram.speak.v1.audio.generate({ text, model: 'aura-2-thalia-en', encoding: 'mulaw', sample_rate: 8000, container: 'none' });
  return new Uint8Array(await answer.arrayBuffer());
}

export class Caller extends EventEmitter {
  log = [];
  audio = [];
  closed = undefined;
  #read = 0;
  #queue = [];
  #line;
  #inOrder = Promise.resolve();

  static async call(deepgram, settings) {
    const socket = await deepgram.agent.v1.connect({ reconnectAttempts: 0 });
    const caller = new Caller(deepgram, socket);
    socket.connect();
    await socket.waitForOpen();
    await caller.next('Welcome');
    if (settings) {
      socket.sendSettings(settings);
      await caller.next('SettingsApplied');
      caller.#startLine();
    }

    return caller;
  }

  constructor(deepgram, socket) {
    super();
    this.setMaxListeners(0);
    this.deepgram = deepgram;
    this.socket = socket;
    socket.on('message', message => this.#receive(message));
    socket.on('close', event => {
      this.closed = event;
      this.#arrived();
    });
    socket.on('error', error => {
      this.error = error;
      this.#arrived();
    });
  }

  #receive(message) {
    if (message instanceof Blob) {
      this.audio.push(message);
      this.#inOrder = this.#inOrder.then(async () => this.emit('audio', new Uint8Array(await message.arrayBuffer())));
      return;
    }

    this.log.push(message);
    this.emit(message.type, message);
    this.#arrived();
  }

  #arrived = () => this.emit('arrived');

  // A phone line never pauses: silence flows where nobody speaks. Twice as fast as a real one, which the Simulator's ear does not mind.
  #startLine() {
    this.#line = setInterval(() => {
      if (this.closed) {
        this.hangUp();
        return;
      }

      for (let i = 0; i < 2; i++) {
        this.socket.sendMedia(this.#queue.shift() ?? silence);
      }

      if (this.#queue.length === 0) {
        this.emit('spoken');
      }
    }, 20);
  }

  async say(text) {
    const audio = await speech(this.deepgram, text);
    for (let at = 0; at < audio.length; at += frameBytes) {
      const frame = silence.slice();
      frame.set(audio.subarray(at, at + frameBytes));
      this.#queue.push(frame);
    }
  }

  /** Everything that was to be said has gone out. */
  spoken = () => once(this, 'spoken');

  /** The next message of this type that `which` accepts, in the order of arrival. */
  async next(type, which = () => true, seconds = 30) {
    const until = AbortSignal.timeout(seconds * 1000);
    while (true) {
      for (; this.#read < this.log.length; this.#read++) {
        const message = this.log[this.#read];
        if (message.type === type && which(message)) {
          this.#read++;
          return message;
        }
      }

      if (this.closed) {
        throw new Error(`The socket closed (${this.closed.code} ${this.closed.reason}) before ${type}; ${this.error?.message ?? ''} ${this.#story()}`);
      }

      try {
        await once(this, 'arrived', { signal: until });
      } catch {
        throw new Error(`No ${type} within ${seconds} s: ${this.#story()}`);
      }
    }
  }

  text = (role, pattern) => this.next('ConversationText', message => message.role === role && pattern.test(message.content));

  /** Waits for a tool to be asked for and answers it; gives its arguments. */
  async tool(name, result = { ok: true }) {
    const request = await this.next('FunctionCallRequest', message => message.functions.some(call => call.name === name));
    const call = request.functions.find(candidate => candidate.name === name);
    this.socket.sendFunctionCallResponse({ type: 'FunctionCallResponse', id: call.id, name, content: JSON.stringify(result) });
    return JSON.parse(call.arguments);
  }

  types = () => this.log.map(message => message.type);

  said = role => this.log.filter(message => message.type === 'ConversationText' && message.role === role).map(message => message.content).join(' ');

  audioBytes = () => this.audio.reduce((sum, blob) => sum + blob.size, 0);

  async closes(seconds = 30) {
    const until = AbortSignal.timeout(seconds * 1000);
    while (!this.closed) {
      await once(this, 'arrived', { signal: until });
    }

    return this.closed;
  }

  hangUp() {
    clearInterval(this.#line);
    this.socket.close();
  }

  #story = () => this.log.map(message => `${message.type} ${message.content ?? message.description ?? ''}`.trim()).join(' | ');
}
