import { usePathname, type ErrorBoundaryProps } from 'expo-router';
import { SafeAreaProvider } from 'react-native-safe-area-context';

import { LimberProvider } from '@/boot';
import { Crash } from '@/layout/Crash';
import { Frame } from '@/layout/Frame';
import { Routes } from '@/layout/Routes';
import { QuietWork } from '@/reminders/QuietWork';

export function ErrorBoundary(props: ErrorBoundaryProps) {
  return <Crash {...props} />;
}

export default function Layout() {
  if (usePathname() === '/preview') {
    // Its own page in a frame of the editors' desk: it must not open this browser's database.
    return (
      <SafeAreaProvider>
        <Routes />
      </SafeAreaProvider>
    );
  }
  return (
    <SafeAreaProvider>
      <LimberProvider>
        <QuietWork />
        <Frame>
          <Routes />
        </Frame>
      </LimberProvider>
    </SafeAreaProvider>
  );
}
