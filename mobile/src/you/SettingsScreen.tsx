import { useTranslation } from 'react-i18next';

import type { DeviceSettings } from '@/boot/LimberProvider';
import { playerSettings, type PlayerRecord } from '@/domain/playerSettings';
import { LANGUAGE_NAMES, LANGUAGES } from '@/i18n';
import { useLocal, useRecord, useStore } from '@/store/hooks';
import { Choice, Screen, Section, Slider, Switch } from '@/ui';

import { HealthSwitch } from './HealthSwitch';
import { useDraft } from './useDraft';

/** Fields of `preferences/app`. */
interface AppRecord {
  readonly locale: string | null;
  readonly theme: 'system' | 'light' | 'dark' | null;
  readonly units: 'metric' | 'imperial' | null;
  readonly reduce_motion: boolean | null;
}

/** Language and look go with the person; contrast and text size stay on the device, since a screen is a device's. */
export function SettingsScreen() {
  const { t } = useTranslation('settings');
  return (
    <Screen title={t('settings.title')} back="/you">
      <Look />
      <Player />
      <HealthSwitch />
    </Screen>
  );
}

function Look() {
  const { t } = useTranslation('settings');
  const store = useStore();
  const app = useRecord<AppRecord>('preferences', 'app')?.data ?? {};
  const [device, setDevice] = useLocal<DeviceSettings>('device-settings');
  const set = (fields: Partial<AppRecord>) => void store.write([{ collection: 'preferences', id: 'app', set: fields }]);
  const [percent, setPercent] = useDraft(Math.round((device?.textScale ?? 1) * 100), (next) => void setDevice({ ...device, textScale: next / 100 }));
  return (
    <Section title={t('settings.look')}>
      <Choice label={t('settings.language')} value={app.locale ?? 'system'} onChange={(locale) => set({ locale: locale === 'system' ? null : locale })}
        options={[{ value: 'system', label: t('settings.languageSystem') }, ...LANGUAGES.map((value) => ({ value: value as string, label: LANGUAGE_NAMES[value] }))]} />
      <Choice label={t('settings.theme')} value={app.theme ?? 'system'} onChange={(theme) => set({ theme })}
        options={(['system', 'light', 'dark'] as const).map((value) => ({ value, label: t(`settings.${value}`) }))} />
      <Switch label={t('settings.contrast')} hint={t('settings.contrastHint')} value={device?.contrast === true} onChange={(contrast) => void setDevice({ ...device, contrast })} />
      <Slider label={t('settings.scale')} min={100} max={200} step={10} value={percent} text={t('settings.scaleText', { percent })}
        onChange={setPercent} />
      <Switch label={t('settings.motion')} hint={t('settings.motionHint')} value={app.reduce_motion === true} onChange={(on) => set({ reduce_motion: on })} />
      <Choice label={t('settings.units')} value={app.units ?? 'metric'} onChange={(units) => set({ units })}
        options={(['metric', 'imperial'] as const).map((value) => ({ value, label: t(`settings.${value}`) }))} />
    </Section>
  );
}

function Player() {
  const { t } = useTranslation('settings');
  const store = useStore();
  const record = useRecord<PlayerRecord>('preferences', 'player')?.data;
  const player = playerSettings(record);
  const set = (fields: PlayerRecord) => void store.write([{ collection: 'preferences', id: 'player', set: { ...fields } }]);
  const [volume, setVolume] = useDraft(Math.round(player.volume * 100), (next) => set({ volume: next }));
  const [ready, setReady] = useDraft(player.pace.readyS, (next) => set({ get_ready_s: next }));
  const [change, setChange] = useDraft(player.pace.switchS, (next) => set({ switch_s: next }));
  return (
    <Section title={t('settings.player')}>
      <Choice label={t('settings.voice')} value={player.voice} onChange={(voice) => set({ voice })}
        options={(['off', 'cues', 'full'] as const).map((value) => ({ value, label: t(`settings.${value}`) }))} />
      <Choice label={t('settings.sound')} value={player.sound} onChange={(sound) => set({ sound })}
        options={(['auto', 'calm', 'lively', 'off'] as const).map((value) => ({ value, label: t(`settings.${value}`) }))} />
      <Slider label={t('settings.volume')} min={0} max={100} step={5} value={volume} text={t('settings.scaleText', { percent: volume })} onChange={setVolume} />
      <Slider label={t('settings.ready')} min={0} max={30} step={1} value={ready} text={t('settings.seconds', { count: ready })} onChange={setReady} />
      <Slider label={t('settings.switch')} min={5} max={15} step={1} value={change} text={t('settings.seconds', { count: change })} onChange={setChange} />
      <Switch label={t('settings.haptics')} value={player.haptics} onChange={(haptics) => set({ haptics })} />
      <Switch label={t('settings.duck')} value={player.duckMusic} onChange={(duck_music) => set({ duck_music })} />
      <Switch label={t('settings.awake')} value={player.keepAwake} onChange={(keep_awake) => set({ keep_awake })} />
      <Switch label={t('settings.hand')} hint={t('settings.handHint')} value={player.hand === 'left'} onChange={(left) => set({ hand: left ? 'left' : 'right' })} />
    </Section>
  );
}
