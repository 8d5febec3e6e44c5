import { Slot } from 'expo-router';

/** On the web one screen at a time: the browser's history is the stack. */
export function Routes() {
  return <Slot />;
}
