import { useEffect, useRef } from 'react';
import { I18nManager } from 'react-native';

import { onKeys } from './keyboard';

export interface KeyActions {
  readonly onToggle: () => void;
  readonly onBack: () => void;
  readonly onNext: () => void;
  readonly onBegin: () => void;
  readonly onLonger: () => void;
  readonly onHurts: () => void;
  readonly onEnd: () => void;
  readonly onMute: () => void;
  readonly onHelp: () => void;
}

const KEYS: Readonly<Record<string, keyof KeyActions>> = {
  ' ': 'onToggle', k: 'onToggle', ArrowRight: 'onNext', ArrowLeft: 'onBack', ArrowUp: 'onLonger', Enter: 'onBegin', h: 'onHurts',
  m: 'onMute', Escape: 'onEnd', '?': 'onHelp',
};
const MIRRORED: Readonly<Record<string, string>> = { ArrowRight: 'ArrowLeft', ArrowLeft: 'ArrowRight' };

/** The player's keys, while it has the floor. */
export function useKeys(active: boolean, actions: KeyActions): void {
  const now = useRef(actions);
  useEffect(() => {
    now.current = actions;
  });
  useEffect(() => {
    if (!active) return;
    return onKeys(({ key }) => {
      const pressed = key.length === 1 ? key.toLowerCase() : key;
      const action = KEYS[(I18nManager.isRTL && MIRRORED[pressed]) || pressed];
      if (action === undefined) return false;
      now.current[action]();
      return true;
    });
  }, [active]);
}
