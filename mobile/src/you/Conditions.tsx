import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useLimber } from '@/boot/context';
import { Finder } from '@/domain/find';
import { codes } from '@/generator/catalog';
import { useLabels } from '@/i18n/labels';
import { Button, Choice, Field, Row, Sheet, Text } from '@/ui';

interface Props {
  readonly chosen: readonly string[];
  readonly onChange: (chosen: string[]) => void;
}

/** What somebody has, in plain words; the whole list is searched in a sheet. */
export function Conditions({ chosen, onChange }: Props) {
  const { t } = useTranslation('settings');
  const { t: common } = useTranslation('common');
  const { catalog } = useLimber();
  const { label, about } = useLabels();
  const [open, setOpen] = useState(false);
  const [query, setQuery] = useState('');
  const all = useMemo(() => codes(catalog, 'conditions'), [catalog]);
  // By the plain word and by the catalogue's own, which a doctor's letter may use.
  const finder = useMemo(() => new Finder(all.map((id) => {
    const medical = (catalog.conditions.get(id) as { label?: string } | undefined)?.label ?? id;
    return { id, texts: [label('conditions', id), `${medical} ${id}`] };
  })), [all, catalog, label]);
  const found = finder.find(query);
  return (
    <>
      {chosen.length === 0 ? <Text soft>{t('profile.conditionsNone')}</Text> : chosen.map((code) => (
        <Row key={code} icon="check" title={label('conditions', code)} detail={about('conditions', code)?.why} />
      ))}
      <Button kind="quiet" label={t('profile.conditionsEdit')} onPress={() => setOpen(true)} />
      <Sheet open={open} onClose={() => setOpen(false)} title={t('profile.conditions')} footer={<Button label={common('done')} onPress={() => setOpen(false)} wide />}>
        <Field kind="search" label={t('profile.search')} hideLabel placeholder={t('profile.search')} value={query} onChange={setQuery} />
        <Choice many rows hideLabel label={t('profile.conditions')} value={chosen} onChange={onChange}
          options={found.map((value) => ({ value, label: label('conditions', value), hint: about('conditions', value)?.about }))} />
      </Sheet>
    </>
  );
}
