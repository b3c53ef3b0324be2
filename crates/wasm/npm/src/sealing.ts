import type { Engine } from './engine.js';
import { toWire } from './source.js';
import { queued } from './streams.js';
import type { EncryptOptions, Encrypting, Source } from './types.js';

interface Facts {
  item?: string | null;
  network?: string | null;
  policy?: string | null;
  size?: number | null;
}

/** Encrypts to a network's policy, or to keys alone. @internal */
export async function encryptWith(
  engine: Engine,
  to: { network?: number; policy: string; keys: string[] },
  input: Source,
  options: EncryptOptions,
): Promise<Encrypting> {
  const { signal, onProgress, ...rest } = options;
  signal?.throwIfAborted();
  const { wire, size, end } = toWire(input, engine);
  try {
    const sealing = await engine.peer.call<{ sealing: number; facts: Facts }>(
      'seal',
      { ...to, options: JSON.stringify({ ...rest, size }) },
      { signal },
    );
    const onTold = (told: { done?: number }) => {
      if (told.done !== undefined) onProgress?.({ done: told.done, ...(size === undefined ? {} : { total: size }) });
    };
    const work = queued<{ plaintextBytes: number; envelopeBytes: number }>(
      engine,
      'write',
      { sealing: sealing.sealing, source: wire },
      { signal, onTold, end },
    );
    // Whoever reads the stream learns of a failure there.
    work.done.catch(() => undefined);
    const { facts } = sealing;
    return {
      stream: await work.begun,
      done: work.done,
      item: facts.item ?? undefined,
      policy: facts.policy ?? undefined,
      network: facts.network ?? undefined,
      size: facts.size ?? undefined,
    };
  } catch (error) {
    end(error);
    throw error;
  }
}
