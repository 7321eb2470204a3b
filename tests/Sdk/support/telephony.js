// Our own TelephonyApi with a Redis of its own, served by the Simulator's Twilio.
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, startProcess, startService } from './service.js';

const pings = port => new Promise((resolve, reject) => {
  const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
  socket.once('data', data => {
    socket.destroy();
    resolve(data.toString().startsWith('+PONG'));
  });
  socket.once('error', reject);
});

export async function startTelephony(url, twilioPort) {
  const [redisPort] = await freePorts(1);
  const directory = await mkdtemp(join(tmpdir(), 'cm-sdk-redis-'));
  const redis = await startProcess('redis-server', ['--bind', '127.0.0.1', '--port', String(redisPort), '--dir', directory, '--save', ''], {}, () => pings(redisPort));
  const stopRedis = async () => {
    await redis.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const service = await startService('TelephonyApi', {
      urls: url,
      'ConnectionStrings:redis': `127.0.0.1:${redisPort}`,
      'Twilio:BaseUrl': `http://127.0.0.1:${twilioPort}`,
      'PublicUrls:Telephony': url,
      'Logging:LogLevel:Default': 'Warning',
    }, async () => (await fetch(`${url}/ready`)).ok);
    return { stop: () => Promise.all([service.stop(), stopRedis()]), output: service.output };
  } catch (error) {
    await stopRedis();
    throw error;
  }
}
