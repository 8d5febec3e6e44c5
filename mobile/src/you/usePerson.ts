import { useEffect, useState } from 'react';

import { useLimber } from '@/boot/context';
import { isOfPerson, personOf, type Person } from '@/domain/payload';

/** What the phone knows of the person, read anew when any of it changes; undefined while it is read for the first time. */
export function usePerson(): Person | undefined {
  const { store } = useLimber();
  const [person, setPerson] = useState<Person>();
  useEffect(() => {
    let turn = 0;
    const read = (): void => {
      const mine = (turn += 1);
      personOf(store).then((found) => {
        if (mine === turn) setPerson(found);
      }, () => undefined); // a store that is closing: nobody looks any more
    };
    read();
    const stop = store.subscribe((changed) => {
      if (isOfPerson(changed)) read();
    });
    return () => {
      turn = -1;
      stop();
    };
  }, [store]);
  return person;
}
