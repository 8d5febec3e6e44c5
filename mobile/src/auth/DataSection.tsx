import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useLimber } from '@/boot';
import { ArchiveInvalid, leftOut, makeArchive, planImport, readArchive } from '@/domain/archive';
import { pickText, saveFile } from '@/files/files';
import { Button, Notice, Section } from '@/ui';

import { failureText, useAccount, useAttempt } from './useAccount';

/** Export and import of what is on this device, and the server's own archive. */
export function DataSection() {
  const { t } = useTranslation('account');
  const { store } = useLimber();
  const { account, state } = useAccount();
  const { busy, failure, run } = useAttempt();
  const [told, setTold] = useState<string | null>(null);
  const day = (): string => new Date().toISOString().slice(0, 10);

  const attempt = (work: () => Promise<string | null>) => async () => {
    setTold(null);
    await run(async () => setTold(await work()));
  };
  const exportAll = attempt(async () => {
    const archive = makeArchive(await store.everything(), new Date());
    await saveFile(`limber-${day()}.json`, JSON.stringify(archive, null, 1), 'application/json');
    return t('data.exported');
  });
  const download = attempt(async () => {
    const answer = await account.request('/v1/account/export');
    if (!answer.ok) throw new Error(((await answer.json()) as { detail?: string }).detail ?? String(answer.status));
    await saveFile(`limber-archive-${day()}.zip`, new Uint8Array(await answer.arrayBuffer()), 'application/zip');
    return t('data.exported');
  });
  const takeIn = attempt(async () => {
    const text = await pickText('application/json');
    if (text === null) return null;
    const archive = readArchive(text);
    const plan = planImport(archive, await store.everything());
    if (plan.changes.length > 0) await store.write(plan.changes);
    const names = leftOut(archive).map((name) => t(`collection.${name}`, { defaultValue: name }));
    const rest = names.length === 0 ? '' : ` ${t('data.leftOut', { names: names.join(', ') })}`;
    return t('data.imported', { added: plan.added, completed: plan.completed, same: plan.same }).trim() + rest;
  });

  const wrong = failure instanceof ArchiveInvalid
    ? t(`data.invalid.${failure.reason}`, { where: failure.where })
    : failure !== null && failureText(t, failure);
  return (
    <Section title={t('data.title')}>
      <Button label={t('data.export')} hint={t('data.exportHint')} icon="download" kind="quiet" busy={busy} onPress={exportAll} />
      {state.kind === 'signed-in' && (
        <Button label={t('data.archive')} hint={t('data.archiveHint')} icon="download" kind="quiet" busy={busy} onPress={download} />
      )}
      <Button label={t('data.import')} hint={t('data.importHint')} icon="upload" kind="quiet" busy={busy} onPress={takeIn} />
      {told !== null && <Notice kind="ok">{told}</Notice>}
      {wrong !== false && wrong !== null && <Notice kind="danger">{wrong}</Notice>}
    </Section>
  );
}
