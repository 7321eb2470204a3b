// The customer's web server: keeps what it is sent, exactly as it came, and answers TwiML.
import { createServer } from 'node:http';
import { parse } from 'node:querystring';
import { eventually } from './service.js';

export async function startApplication() {
  const answers = new Map();
  const requests = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', chunk => chunks.push(chunk));
    request.on('end', async () => {
      const path = request.url.split('?')[0];
      const received = {
        method: request.method,
        path,
        url: `http://${request.headers.host}${request.url}`,
        headers: request.headers,
        signature: request.headers['x-twilio-signature'],
        form: { ...parse(Buffer.concat(chunks).toString('utf8')) },
      };
      requests.push(received);
      const answer = await answers.get(path)?.(received);
      response.writeHead(answer === undefined ? 204 : 200, answer === undefined ? {} : { 'Content-Type': 'text/xml' });
      response.end(answer === undefined ? undefined : answer.toString());
    });
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${server.address().port}`;
  return {
    server,
    base,
    requests,
    /** What a path answers, given the request: TwiML, nothing, or a promise of it. */
    answer: (path, twiml) => answers.set(path, typeof twiml === 'function' ? twiml : () => twiml),
    received: (path, which = () => true) => eventually(() => requests.find(request => request.path === path && which(request)), `a request to ${path}`),
    stop: () => new Promise(resolve => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}
