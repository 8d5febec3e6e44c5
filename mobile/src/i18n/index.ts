/** Words in the person's language: their wish, else the device's, else English. A language is loaded when it is needed. */

import { getLocales } from 'expo-localization';
import { createInstance, type ResourceLanguage } from 'i18next';
import ICU from 'i18next-icu';
import { initReactI18next } from 'react-i18next';

import { setLanguage } from '@/ui/page';

import { ensurePluralRules } from './intl';

export const LANGUAGES = ['en', 'de'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Names of the languages in themselves. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { en: 'English', de: 'Deutsch' };

/** One instance, which `useTranslation` finds by itself. */
const i18n = createInstance();

const LOAD: Readonly<Record<Language, () => Promise<{ default: ResourceLanguage }>>> = {
  en: () => import('./en'),
  de: () => import('./de'),
};

/** The first of `wanted` (BCP 47) whose language we speak. */
export function languageOf(wanted: readonly (string | null | undefined)[]): Language {
  for (const tag of wanted) {
    const found = LANGUAGES.find((language) => tag?.toLowerCase().split('-')[0] === language);
    if (found) return found;
  }
  return 'en';
}

export function deviceLanguage(): Language {
  return languageOf(getLocales().map(({ languageTag }) => languageTag));
}

/**
 * Speaks `wanted`, or the device's language where null. Resolves when the words are there. German falls back to English
 * where a word is missing; a test keeps both complete.
 */
export async function speak(wanted?: string | null): Promise<Language> {
  const language = wanted ? languageOf([wanted]) : deviceLanguage();
  if (!i18n.isInitialized) {
    ensurePluralRules();
    await i18n.use(ICU).use(initReactI18next).init({
      lng: language, fallbackLng: false, resources: {}, partialBundledLanguages: true, defaultNS: 'common',
      interpolation: { escapeValue: false }, react: { useSuspense: false },
    });
  }
  if (!i18n.hasResourceBundle(language, 'common')) {
    const words = (await LOAD[language]()).default;
    for (const [namespace, bundle] of Object.entries(words)) i18n.addResourceBundle(language, namespace, bundle);
  }
  if (i18n.language !== language) await i18n.changeLanguage(language);
  setLanguage(language);
  return language;
}

export { i18n };
