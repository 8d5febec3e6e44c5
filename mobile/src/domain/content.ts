/** What the catalogue says to people beside what the generator reads: guides, texts, pictures and videos. */

import type { Catalog } from '@/generator/catalog';

/** How an exercise is done, in one language (server/catalog/guides.py). */
export interface GuideWords {
  readonly purpose: string;
  readonly steps: readonly string[];
  readonly feel: string;
  readonly mistakes: readonly string[];
  readonly breathing: string;
  /** By hazard of the exercise. */
  readonly safety: Readonly<Record<string, string>>;
  /** Absent in English, where the exercise itself has them. */
  readonly name?: string;
  readonly cue?: string;
}

export interface Guide {
  readonly slug: string;
  readonly easier: string | null;
  readonly harder: string | null;
  readonly text: Readonly<Record<string, GuideWords>>;
}

export function guideOf(catalog: Catalog, slug: string): Guide | undefined {
  return catalog.beside.guide.get(slug) as Guide | undefined;
}

/** In the language, else in English; undefined where the catalogue has no guide. */
export function guideWords(guide: Guide | undefined, language: string): GuideWords | undefined {
  return guide?.text[language] ?? guide?.text.en;
}

/** The easier and the harder variant that the guide names and this catalogue has. */
export function variants(catalog: Catalog, slug: string): { readonly easier: string | null; readonly harder: string | null } {
  const guide = guideOf(catalog, slug);
  const there = (other: string | null | undefined): string | null => (other != null && catalog.places.has(other) ? other : null);
  return { easier: there(guide?.easier), harder: there(guide?.harder) };
}

/** A video on YouTube that an editor attached; it plays from there, so only online. */
export interface YouTubeItem {
  readonly kind: 'youtube';
  readonly id: string;
  readonly title: string;
  readonly channel: string;
  readonly seconds: number;
  /** Languages with captions. */
  readonly captions?: readonly string[];
  /** Countries (ISO 3166-1) where it may not be shown. */
  readonly blocked?: readonly string[];
}

/** A picture or film of the catalogue's own, under `/v1/objects/media/<sha256>.<ending>`. */
export interface FileItem {
  readonly kind: 'video' | 'image' | 'clip';
  readonly sha256: string;
  readonly type: string;
  readonly width: number;
  readonly height: number;
  readonly seconds?: number;
  readonly poster?: string;
  readonly alt: Readonly<Record<string, string>>;
  readonly credit?: string;
  readonly licence?: string;
}

export type MediaItem = YouTubeItem | FileItem;

/** What is attached to an exercise, in the editors' order. Clips are films of the figure, which the app draws itself. */
export function mediaOf(catalog: Catalog, slug: string): readonly MediaItem[] {
  const found = catalog.beside.media.get(slug) as { readonly items: readonly MediaItem[] } | undefined;
  return (found?.items ?? []).filter((item) => item.kind !== 'clip');
}

/** Why somebody is asked for something, and what it changes (server/catalog/abouts.py). */
export interface AboutWords {
  readonly label: string;
  readonly about: string;
  readonly why: string;
}

interface About {
  /** Works that a rule of evidence rests on. */
  readonly citations?: readonly string[];
  readonly text: Readonly<Record<string, AboutWords>>;
}

function aboutDocument(catalog: Catalog, kind: string, code: string): About | undefined {
  return catalog.beside.about.get(`${kind}.${code}`) as About | undefined;
}

/** `kind` is activity, condition, hazard, constraint, red_flag or rule. */
export function aboutOf(catalog: Catalog, kind: string, code: string, language: string): AboutWords | undefined {
  const text = aboutDocument(catalog, kind, code)?.text;
  return text?.[language] ?? text?.en;
}

/** The works that a rule rests on, as the editors cite them; empty where they did not say. */
export function citationsOf(catalog: Catalog, rule: string): readonly string[] {
  return aboutDocument(catalog, 'rule', rule)?.citations ?? [];
}

/** Whose work an exercise began with, where a licence asks to say so; null for the catalogue's own. */
export function sourceOf(catalog: Catalog, slug: string, language: string): (AboutWords & { readonly citations: readonly string[] }) | null {
  const words = aboutOf(catalog, 'source', slug, language);
  return words === undefined ? null : { ...words, citations: aboutDocument(catalog, 'source', slug)?.citations ?? [] };
}
