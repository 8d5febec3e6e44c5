/** Server-sent events that say it is time to sync (docs/sync-http.md, "Live wake-up"). What is lost costs time and nothing else. */

import { address } from './wire';

export interface LiveOptions {
  readonly url: string;
  readonly server: string;
  readonly fetcher: typeof fetch;
  readonly after: (ms: number, work: () => void) => () => void;
  /** The name of this device, whose own pushes must not wake it. */
  readonly device: () => Promise<string | undefined>;
  readonly token: (renew: boolean) => Promise<string>;
  readonly onWake: () => void;
}

const RETRY_MS = 5_000;
const SLOWEST_MS = 300_000;

/** Listens until the returned function is called, coming back whenever the stream ends. */
export function listen(options: LiveOptions): () => void {
  const over = new AbortController();
  let callOff = (): void => undefined;
  let failures = 0;

  const again = (): void => {
    if (over.signal.aborted) return;
    callOff = options.after(Math.min(RETRY_MS * 2 ** Math.max(0, failures - 1), SLOWEST_MS), () => void open());
  };

  const open = async (): Promise<void> => {
    let refused = false;
    try {
      const device = await options.device();
      const answer = await options.fetcher(`${address(options.server, options.url)}?device=${device ?? ''}`, {
        headers: { Accept: 'text/event-stream', Authorization: `Bearer ${await options.token(failures > 0)}` },
        signal: over.signal, cache: 'no-store',
      });
      refused = answer.status === 401 || answer.status === 403;
      if (!answer.ok || answer.body === null) throw new Error(`the server answered ${answer.status}`);
      options.onWake(); // what happened while nobody listened
      await read(answer.body, options.onWake);
      failures = 0;
    } catch {
      failures += refused ? 2 : 1;
    }
    again();
  };

  void open();
  return () => {
    over.abort();
    callOff();
  };
}

/** Calls `onWake` for each event until the stream ends. Comments keep the stream open and say nothing. */
export async function read(body: ReadableStream<Uint8Array>, onWake: () => void): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (lines.some((line) => line.startsWith('event:'))) onWake();
  }
}
