import type { Engine } from './engine.js';
import { failure } from './errors.js';
import type { WireSource } from './host.js';
import type { Source } from './types.js';

/** A source, ready to cross; `end` takes back what was lent. @internal */
export function toWire(source: Source, engine: Engine): { wire: WireSource; size?: number; end(reason?: unknown): void } {
  const end = () => undefined;
  if (typeof source === 'string' || source instanceof URL) {
    return { wire: { kind: 'address', address: absolute(String(source)) }, end };
  }
  if (source instanceof Blob) return { wire: { kind: 'blob', blob: source }, size: source.size, end };
  if (source instanceof ArrayBuffer) {
    return { wire: { kind: 'bytes', bytes: new Uint8Array(source) }, size: source.byteLength, end };
  }
  if (ArrayBuffer.isView(source)) {
    const { buffer, byteOffset, byteLength } = source;
    const bytes = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
    return { wire: { kind: 'bytes', bytes }, size: byteLength, end };
  }
  if (typeof (source as ReadableStream | undefined)?.getReader === 'function') {
    const lent = engine.lend(source);
    return { wire: { kind: 'stream', stream: lent.id }, end: lent.end };
  }
  throw failure(
    'bad_argument',
    'the source is neither an address nor a Blob, bytes or a ReadableStream',
    'give one of them',
  );
}

/** A source that can be read anywhere, ready to cross. @internal */
export function toRangedWire(source: Source, engine: Engine): WireSource {
  const { wire, end } = toWire(source, engine);
  if (wire.kind !== 'stream') return wire;
  end();
  throw failure('bad_argument', 'a stream can only be read once, in order', 'use decrypt, or give a Blob, bytes or an address');
}

/** An address that means the same in the worker. */
function absolute(address: string): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(address) || typeof location === 'undefined') return address;
  return new URL(address, typeof document === 'undefined' ? location.href : document.baseURI).href;
}

/** Whether a text is a link of this project's. @internal */
export function isLink(source: unknown): source is string {
  return typeof source === 'string' && source.startsWith('stheno:');
}
