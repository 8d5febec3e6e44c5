/** Keeps the screen on where the browser can; it lets go by itself when the page is hidden, so it is asked for again. */

export function stayAwake(): () => void {
  let lock: WakeLockSentinel | null = null;
  let over = false;
  const ask = (): void => {
    if (over || document.visibilityState !== 'visible' || navigator.wakeLock === undefined) return;
    navigator.wakeLock.request('screen').then((held) => {
      if (over) void held.release();
      else lock = held;
    }, () => undefined); // refused: a low battery
  };
  ask();
  document.addEventListener('visibilitychange', ask);
  return () => {
    over = true;
    document.removeEventListener('visibilitychange', ask);
    void lock?.release().catch(() => undefined);
  };
}
