// The Simulator in a process of its own, and the SDKs pointed at it.
import twilio from 'twilio';
import { DeepgramClient } from '@deepgram/sdk';
import { ElevenLabsClient } from '@elevenlabs/elevenlabs-js';
import OpenAI from 'openai';
import { eventually, freePorts, startService } from './service.js';

export const accountSid = 'AC00000000000000000000000000000001';
export const authToken = 'simulator';
export const city = '+12025550100';

export async function startSimulator(settings = {}) {
  const names = ['Control', 'Twilio', 'Deepgram', 'Freshdesk', 'OpenAI', 'ElevenLabs'];
  const ports = Object.fromEntries((await freePorts(names.length)).map((port, i) => [names[i], port]));
  const base = `http://127.0.0.1:${ports.Control}`;
  const service = await startService('Simulator', {
    ...Object.fromEntries(names.map(name => [`Simulator:Ports:${name}`, ports[name]])),
    'Simulator:Twilio:CallsPerSecond': 1000,
    'Logging:LogLevel:Default': 'Warning',
    ...settings,
  }, async () => (await fetch(`${base}/ready`)).ok);
  return new Simulator(ports, base, service);
}

class Simulator {
  #base;
  #service;

  constructor(ports, base, service) {
    this.ports = ports;
    this.#base = base;
    this.#service = service;
  }

  stop = () => this.#service.stop();

  async control(method, path, body) {
    const response = await fetch(this.#base + path, {
      method,
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`${method} ${path}: ${response.status} ${text}`);
    }

    return text ? JSON.parse(text) : undefined;
  }

  /** Puts a phone in place; it answers at once unless told otherwise. */
  phone = (number, script = {}) => this.control('PUT', `/phones/${encodeURIComponent(number)}`, { answer_after: '100ms', ...script });

  /** The call as the Simulator knows it, with what the phone heard. */
  call = sid => this.control('GET', `/calls/${sid}`);

  happened = (kind, subject) => eventually(async () => {
    const query = new URLSearchParams({ kind, ...(subject && { subject }) });
    return (await this.control('GET', `/events?${query}`)).events[0];
  }, `${kind} of ${subject ?? 'anything'}`);

  /** `http` is for the SDK's RequestClient, for example { autoRetry: true }. */
  twilio(username = accountSid, password = authToken, options = {}, http = {}) {
    return twilio(username, password, { httpClient: new SimulatedTwilio(`http://127.0.0.1:${this.ports.Twilio}`, http), ...options });
  }

  deepgram(apiKey = 'simulator', options = {}) {
    const [http, ws] = [`http://127.0.0.1:${this.ports.Deepgram}`, `ws://127.0.0.1:${this.ports.Deepgram}`];
    return new DeepgramClient({ apiKey, maxRetries: 0, environment: { base: http, production: ws, agent: ws, agentRest: http }, ...options });
  }

  openai(apiKey = 'simulator', options = {}) {
    return new OpenAI({ apiKey, baseURL: `http://127.0.0.1:${this.ports.OpenAI}/v1`, maxRetries: 0, ...options });
  }

  elevenLabs(apiKey = 'simulator') {
    return new ElevenLabsClient({ apiKey, baseUrl: `http://127.0.0.1:${this.ports.ElevenLabs}` });
  }
}

/** The SDK's own HTTP client; only the address is another. */
class SimulatedTwilio extends twilio.RequestClient {
  constructor(base, options) {
    super({ timeout: 30_000, ...options });
    this.base = base;
  }

  request(options) {
    const url = new URL(options.uri);
    if (url.host !== 'api.twilio.com') {
      throw new Error(`${url.host} is not simulated.`);
    }

    return super.request({ ...options, uri: this.base + url.pathname + url.search });
  }
}
