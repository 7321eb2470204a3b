// Messages of an SDK's socket, in the order in which they came, and the audio between them.
import { EventEmitter, once } from 'node:events';

export class Messages extends EventEmitter {
  log = [];
  closed = undefined;
  #read = 0;

  take(message) {
    this.log.push(message);
    this.emit('arrived');
  }

  close(event) {
    this.closed = event;
    this.emit('arrived');
  }

  async next(which, what = which.toString(), seconds = 30) {
    const until = AbortSignal.timeout(seconds * 1000);
    while (true) {
      for (; this.#read < this.log.length; this.#read++) {
        if (which(this.log[this.#read])) {
          return this.log[this.#read++];
        }
      }

      if (this.closed) {
        throw new Error(`The socket closed (${this.closed.code} ${this.closed.reason}) before ${what}: ${JSON.stringify(this.log).slice(0, 2000)}`);
      }

      await once(this, 'arrived', { signal: until }).catch(() => {
        throw new Error(`No ${what} within ${seconds} s: ${JSON.stringify(this.log).slice(0, 2000)}`);
      });
    }
  }

  async closes(seconds = 30) {
    const until = AbortSignal.timeout(seconds * 1000);
    while (!this.closed) {
      await once(this, 'arrived', { signal: until });
    }

    return this.closed;
  }
}

/** Connects one of Deepgram's sockets; its messages and what it says by binary ones. */
export async function connect(resource, args) {
  const socket = await resource.connect({ reconnectAttempts: 0, ...args });
  const messages = new Messages();
  messages.audio = [];
  socket.on('message', message => (message instanceof Blob ? messages.audio.push(message) : messages.take(message)));
  socket.on('close', event => messages.close(event));
  socket.on('error', () => {});
  socket.connect();
  await socket.waitForOpen();
  return { socket, messages };
}

export const silence = milliseconds => new Uint8Array(milliseconds * 8).fill(0xff);
