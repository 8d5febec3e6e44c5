import { useMemo } from 'react';

import { useLimber } from '@/boot/context';
import { fitOf, type Fit } from '@/domain/fit';
import type { Made } from '@/generator/maker';

import { usePerson } from './usePerson';

/** What became known of the person since a routine was made; null while the person is read. */
export function useFit(made: Made): Fit | null {
  const { catalog } = useLimber();
  const person = usePerson();
  return useMemo(() => (person === undefined ? null : fitOf(catalog, made.payload, person, new Date())), [catalog, made, person]);
}
