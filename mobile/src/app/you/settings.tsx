import { SettingsScreen } from '@/you/SettingsScreen';

export default function Route() {
  return <SettingsScreen />;
}
