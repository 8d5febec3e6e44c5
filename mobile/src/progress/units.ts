import { useTranslation } from 'react-i18next';

import { CM_PER_INCH, type SelfTest } from '@/domain/selftests';
import { useRecord } from '@/store/hooks';

export interface Units {
  /** Key of the unit that is typed and read: `cm`, `in`, `deg`, `count`. */
  readonly unit: 'cm' | 'in' | 'deg' | 'count';
  /** A value of a record, in the person's unit and words. */
  readonly say: (value: number) => string;
  /** From what is typed to what a record holds, and back. */
  readonly toRecord: (typed: number) => number;
  readonly fromRecord: (value: number) => number;
}

const tenth = (n: number): number => Math.round(n * 10) / 10;

/** Records are metric; people who asked for inches read and type inches. */
export function useUnits(test: SelfTest): Units {
  const { t, i18n } = useTranslation('progress');
  const inches = useRecord<{ units: string | null }>('preferences', 'app')?.data.units === 'imperial' && test.unit === 'cm';
  const unit = inches ? 'in' : test.unit;
  const fromRecord = (value: number): number => (inches ? tenth(value / CM_PER_INCH) : value);
  const shown = (value: number): string | number => {
    if (unit === 'count') return value;
    return String(fromRecord(tenth(value))).replace('.', i18n.language.startsWith('de') ? ',' : '.');
  };
  return {
    unit,
    say: (value) => t(`unit.${unit}`, { value: shown(value) }),
    toRecord: (typed) => (inches ? tenth(typed * CM_PER_INCH) : typed),
    fromRecord,
  };
}
