/** What only a web page has; on a phone, the system's contrast setting. */

import { useEffect, useState } from 'react';
import { AccessibilityInfo, Platform } from 'react-native';

import type { Colors, ThemeName } from './tokens';

export function dressPage(_name: ThemeName, _color: Colors, _reducedMotion: boolean): void {}

export function setTitle(_title: string): void {}

/** Moves a screen reader to a new screen's heading; the phone's navigation does it by itself. */
export function focusHeading(_heading: unknown): void {}

export function setLanguage(_language: string): void {}

export function useHighContrast(): boolean {
  const [high, setHigh] = useState(false);
  useEffect(() => {
    const ask = Platform.OS === 'ios' ? AccessibilityInfo.isDarkerSystemColorsEnabled : AccessibilityInfo.isHighTextContrastEnabled;
    void ask?.().then(setHigh, () => setHigh(false));
  }, []);
  return high;
}
