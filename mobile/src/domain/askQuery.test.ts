import { readFileSync } from 'node:fs';
import path from 'node:path';

import { readCatalog, type StoredDocument } from '@/generator/catalog';
import { askHref } from '@/reminders/shortcuts';

import { firstAsk } from './ask';
import { askedFor } from './askQuery';

const file = path.join(__dirname, '../../assets/models/catalog.json');
const { documents, release } = JSON.parse(readFileSync(file, 'utf8')) as { documents: StoredDocument[]; release: number };
const catalog = readCatalog(documents, release);
const before = firstAsk(['tennis'], ['foam_roller']);
const query = (href: string) => Object.fromEntries(new URL(href, 'https://limber.test').searchParams);

test('a reminder’s address asks for what the reminder says, where one usually is', () => {
  expect(askedFor(query(askHref('cooldown', 8, 'golf')), before, catalog)).toEqual({ ...before, kind: 'cooldown', minutes: 8, activity: 'golf' });
  expect(askedFor(query(askHref('desk_break', 3)), before, catalog)).toMatchObject({ kind: 'desk_break', minutes: 3, activity: 'desk_work' });
  expect(askedFor(query(askHref('warmup', 10)), before, catalog)).toMatchObject({ activity: 'tennis' });
});

test('an address that somebody else made up asks for nothing, or only for what can be', () => {
  expect(askedFor({}, before, catalog)).toBeNull();
  expect(askedFor({ kind: 'dance' }, before, catalog)).toBeNull();
  expect(askedFor({ kind: ['warmup', 'cooldown'] }, before, catalog)).toBeNull();
  expect(askedFor({ kind: 'warmup', minutes: '999', activity: 'x' }, before, catalog)).toMatchObject({ minutes: 45, activity: 'tennis' });
  expect(askedFor({ kind: 'warmup', minutes: '-5' }, before, catalog)).toMatchObject({ minutes: before.minutes });
});
