import { useMemo } from 'react';

import { useLimber } from '@/boot/context';
import { notNow, payloadAnywhere } from '@/domain/fit';
import { useLabels } from '@/i18n/labels';
import { usePerson } from '@/you/usePerson';

/** What keeps an exercise from this person now, a sentence each; nothing while the person is read. */
export function useNotNow(): (slug: string) => readonly string[] {
  const { catalog } = useLimber();
  const { because } = useLabels();
  const person = usePerson();
  const payload = useMemo(() => person && payloadAnywhere(person, catalog, new Date()), [person, catalog]);
  return (slug) => (payload === undefined ? [] : notNow(catalog, payload, slug).map(because));
}
