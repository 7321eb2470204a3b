// Starts one of our programs as it would be started by hand, on free ports, and ends it again.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

export async function freePorts(count) {
  const servers = await Promise.all(Array.from({ length: count }, () => new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  })));
  const ports = servers.map(server => server.address().port);
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))));
  return ports;
}

export async function startProcess(command, args, env, isReady) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let failure;
  child.once('error', error => { failure = error; });
  child.stdout.on('data', data => { output = (output + data).slice(-20_000); });
  child.stderr.on('data', data => { output = (output + data).slice(-20_000); });
  const ended = new Promise(resolve => child.once('close', resolve));
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    process.off('exit', kill);
    kill();
    await (failure ? undefined : ended);
  };

  const deadline = Date.now() + 30_000;
  while (!await isReady().catch(() => false)) {
    if (failure || child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`${command} ${args.join(' ')} did not start: ${failure?.message ?? ''}\n${output}`);
    }

    await new Promise(resolve => setTimeout(resolve, 50));
  }

  return { stop, output: () => output };
}

export function startService(name, settings, isReady) {
  const program = fileURLToPath(new URL(`../../../artifacts/bin/${name}/debug/${name}.dll`, import.meta.url));
  if (!existsSync(program)) {
    throw new Error(`${program} is missing: build first, with dotnet build ${name}.`);
  }

  // As environment variables: two underscores for each colon.
  const env = Object.fromEntries(Object.entries(settings).map(([key, value]) => [key.replaceAll(':', '__'), String(value)]));
  return startProcess('dotnet', [program], { DOTNET_ENVIRONMENT: 'Development', ...env }, isReady);
}

/** Waits until `look` gives something; `what` is for the message when it never does. */
export async function eventually(look, what, seconds = 30) {
  for (const deadline = Date.now() + seconds * 1000; ;) {
    const found = await look();
    if (found) {
      return found;
    }

    if (Date.now() > deadline) {
      throw new Error(`Not within ${seconds} s: ${what}`);
    }

    await new Promise(resolve => setTimeout(resolve, 40));
  }
}
