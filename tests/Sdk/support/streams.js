// The application's side of Twilio's media streams: a WebSocket server that keeps what it is sent.
import { EventEmitter, once } from 'node:events';
import { WebSocketServer } from 'ws';

export class StreamServer extends EventEmitter {
  #server;
  #waiting = [];

  constructor(httpServer) {
    super();
    this.#server = new WebSocketServer({ server: httpServer });
    this.#server.on('connection', (socket, request) => {
      this.#waiting.push(new Stream(socket, request));
      this.emit('stream');
    });
  }

  /** The stream that was opened at this path. */
  async opened(path) {
    const until = AbortSignal.timeout(30_000);
    while (true) {
      const index = this.#waiting.findIndex(stream => stream.path === path);
      if (index >= 0) {
        return this.#waiting.splice(index, 1)[0];
      }

      await once(this, 'stream', { signal: until });
    }
  }
}

class Stream extends EventEmitter {
  messages = [];
  #read = 0;

  constructor(socket, request) {
    super();
    this.setMaxListeners(0);
    this.socket = socket;
    this.path = request.url;
    this.headers = request.headers;
    this.closed = once(socket, 'close').then(([code]) => code);
    socket.on('message', data => {
      const message = JSON.parse(data);
      this.messages.push(message);
      this.emit(message.event, message);
      this.emit('arrived');
    });
  }

  get sid() {
    return this.messages.find(message => message.event === 'start').streamSid;
  }

  /** The next message of this kind, in the order of arrival. */
  async next(event, which = () => true) {
    const until = AbortSignal.timeout(30_000);
    while (true) {
      for (; this.#read < this.messages.length; this.#read++) {
        const message = this.messages[this.#read];
        if (message.event === event && which(message)) {
          this.#read++;
          return message;
        }
      }

      await once(this, 'arrived', { signal: until }).catch(() => {
        throw new Error(`No ${event}; there were ${[...new Set(this.messages.map(message => message.event))]}`);
      });
    }
  }

  play = audio => this.#send({ event: 'media', media: { payload: Buffer.from(audio).toString('base64') } });

  mark = name => this.#send({ event: 'mark', mark: { name } });

  clear = () => this.#send({ event: 'clear' });

  #send = message => this.socket.send(JSON.stringify({ ...message, streamSid: this.sid }));
}
