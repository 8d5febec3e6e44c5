import { ProfileScreen } from '@/you/ProfileScreen';

export default function Route() {
  return <ProfileScreen />;
}
