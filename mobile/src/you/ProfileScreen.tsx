import { useTranslation } from 'react-i18next';

import { useLimber } from '@/boot/context';
import { codes } from '@/generator/catalog';
import { useLabels, type LabelKind } from '@/i18n/labels';
import { Choice, Field, Notice, Screen, Section, Spinner, Text } from '@/ui';

import { BodyParts } from './BodyParts';
import { Conditions } from './Conditions';
import { PressureFields } from './PressureFields';
import { useProfile, type Profile, type SetProfile } from './profile';
import { useDraft } from './useDraft';

const LEVELS = ['beginner', 'recreational', 'trained'] as const;
const SEXES = ['female', 'male', 'other', 'none'] as const;

/** What the generator should know of the person. Written as it is changed. */
export function ProfileScreen() {
  const { t } = useTranslation('settings');
  const { t: common } = useTranslation('common');
  const [profile, set] = useProfile();
  return (
    <Screen title={t('profile.title')} back="/you">
      <Text soft>{t('profile.text')}</Text>
      {profile === undefined ? <Spinner label={common('loading')} /> : <Form profile={profile} set={set} />}
    </Screen>
  );
}

interface Part {
  readonly profile: Partial<Profile>;
  readonly set: SetProfile;
}

function Form({ profile, set }: Part) {
  const { t } = useTranslation('settings');
  const { catalog } = useLimber();
  const { label } = useLabels();
  const options = (kind: LabelKind, list: readonly string[] = codes(catalog, kind)) => list.map((value) => ({ value, label: label(kind, value) }));
  const kit = codes(catalog, 'equipment').filter((code) => catalog.vocabulary.get('free_equipment')?.has(code) !== true);
  return (
    <>
      <Basics profile={profile} set={set} />
      <Choice rows label={t('profile.level')} value={profile.level ?? null} onChange={(level) => set({ level })}
        options={LEVELS.map((value) => ({ value, label: t(`profile.${value}`), hint: t(`profile.${value}Hint`) }))} />
      <Section title={t('profile.conditions')} detail={t('profile.conditionsText')}>
        <Conditions chosen={profile.conditions ?? []} onChange={(conditions) => set({ conditions })} />
      </Section>
      <Flags profile={profile} set={set} />
      <Section title={t('profile.sore')} detail={t('profile.soreText')}>
        <BodyParts chosen={profile.soreness ?? []} onChange={(soreness) => set({ soreness })} />
      </Section>
      <Section title={t('profile.acute')} detail={t('profile.acuteText')}>
        <Choice many hideLabel label={t('profile.acute')} options={options('regions')} value={profile.acute_regions ?? []} onChange={(acute_regions) => set({ acute_regions })} />
      </Section>
      <Section title={t('profile.constraints')}>
        <Choice many hideLabel label={t('profile.constraints')} options={options('constraints')} value={profile.constraints ?? []} onChange={(constraints) => set({ constraints })} />
      </Section>
      <Section title={t('profile.equipment')} detail={t('profile.equipmentText')}>
        <Choice many hideLabel label={t('profile.equipment')} options={options('equipment', kit)} value={profile.equipment ?? []} onChange={(equipment) => set({ equipment })} />
      </Section>
      <Section title={t('profile.activities')} detail={t('profile.activitiesText')}>
        <Choice many hideLabel label={t('profile.activities')} options={options('activities')} value={profile.activities ?? []} onChange={(activities) => set({ activities })} />
      </Section>
      <Deficits profile={profile} set={set} />
      <PressureFields kept={profile.blood_pressure ?? null} onChange={(blood_pressure) => set({ blood_pressure })} />
    </>
  );
}

function Basics({ profile, set }: Part) {
  const { t } = useTranslation('settings');
  const year = new Date().getFullYear();
  const [name, setName] = useDraft(profile.name ?? '', (text) => set({ name: text.trim() }), (kept, text) => kept === text.trim());
  const read = (text: string): number | null => (/^\d{4}$/.test(text.trim()) && Number(text) >= 1900 && Number(text) <= year ? Number(text) : null);
  const [born, setBorn] = useDraft(profile.birth_year == null ? '' : String(profile.birth_year), (text) => {
    if (text.trim() === '' || read(text) !== null) set({ birth_year: read(text) });
  });
  const wrong = born.trim().length >= 4 && read(born) === null;
  return (
    <>
      <Field label={t('profile.name')} hint={t('profile.nameHint')} value={name} onChange={setName} maxLength={80} />
      <Field kind="number" label={t('profile.birth')} hint={t('profile.birthHint')} value={born} onChange={setBorn} maxLength={4}
        error={wrong ? t('profile.birthWrong', { year: String(year) }) : null} />
      <Choice label={t('profile.sex')} value={profile.sex ?? 'none'} onChange={(sex) => set({ sex: sex === 'none' ? null : sex })}
        options={SEXES.map((value) => ({ value, label: t(`profile.${value}`) }))} />
    </>
  );
}

function Flags({ profile, set }: Part) {
  const { t } = useTranslation('settings');
  const { catalog } = useLimber();
  const { label } = useLabels();
  const chosen = profile.red_flags ?? [];
  return (
    <Section title={t('profile.flags')} detail={t('profile.flagsText')}>
      <Choice many rows hideLabel label={t('profile.flags')} value={chosen} onChange={(red_flags) => set({ red_flags })}
        options={codes(catalog, 'red_flags').map((value) => ({ value, label: label('red_flags', value) }))} />
      {chosen.length > 0 ? <Notice kind="danger" live title={t('profile.flagSet')} /> : null}
    </Section>
  );
}

/** Movements that routines give more time: what tests found, and regions of one's own choice. */
function Deficits({ profile, set }: Part) {
  const { t } = useTranslation('settings');
  const { catalog } = useLimber();
  const { label } = useLabels();
  const chosen = profile.deficits ?? [];
  const regions = codes(catalog, 'regions');
  const others = chosen.filter((code) => !regions.includes(code));
  const named = (code: string): string => label(catalog.vocabulary.get('moves')?.has(code) === true ? 'moves' : 'muscles', code);
  return (
    <Section title={t('profile.work')} detail={t('profile.workText')}>
      <Choice many hideLabel label={t('profile.work')} value={chosen} onChange={(deficits) => set({ deficits })}
        options={[...others.map((value) => ({ value, label: named(value) })), ...regions.map((value) => ({ value, label: label('regions', value) }))]} />
    </Section>
  );
}
