import { useEffect, useRef, useState } from 'react';

/** How long nothing is typed or moved before it is written, ms: one change rather than one per letter. */
const PAUSE_MS = 500;

interface Draft<T> {
  readonly value: T;
  /** What was kept when it was changed: while that stays, our own write has not arrived yet. */
  readonly over: T;
  readonly pending: boolean;
}

/**
 * A value that is being changed over one that is kept. `write` gets it after a pause, and at once when the screen is left.
 * What comes from elsewhere shows unless somebody is changing it. `same`: kept and changed differ in nothing that matters.
 */
export function useDraft<T>(
  kept: T, write: (value: T) => void, same: (kept: T, value: T) => boolean = Object.is,
): readonly [T, (value: T) => void] {
  const [draft, setDraft] = useState<Draft<T> | null>(null);
  const waiting = useRef<{ value: T; timer: ReturnType<typeof setTimeout> } | null>(null);
  const latest = useRef(write);
  useEffect(() => {
    latest.current = write;
  });
  useEffect(() => () => {
    if (waiting.current === null) return;
    clearTimeout(waiting.current.timer);
    latest.current(waiting.current.value);
  }, []);
  const change = (value: T): void => {
    setDraft({ value, over: kept, pending: true });
    if (waiting.current !== null) clearTimeout(waiting.current.timer);
    const timer = setTimeout(() => {
      waiting.current = null;
      setDraft((now) => now && { ...now, pending: false });
      latest.current(value);
    }, PAUSE_MS);
    waiting.current = { value, timer };
  };
  const ours = draft !== null && (draft.pending || Object.is(kept, draft.over) || same(kept, draft.value));
  return [ours ? draft.value : kept, change];
}
