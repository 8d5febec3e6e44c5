import type { HealthStore } from './types';

/** HealthKit; its import runs native code, so it waits until it is wanted. */
const load = () => import('@kingstinct/react-native-healthkit');

export const healthStore: HealthStore | null = {
  name: 'Apple Health',
  async available() {
    try {
      return (await load()).isHealthDataAvailable();
    } catch {
      return false;
    }
  },
  async ask() {
    try {
      const { requestAuthorization, WorkoutTypeIdentifier } = await load();
      return await requestAuthorization({ toShare: [WorkoutTypeIdentifier] });
    } catch {
      return false;
    }
  },
  async write({ id, start, end, kind }, title) {
    const { saveWorkoutSample, WorkoutActivityType } = await load();
    const types = {
      warmup: WorkoutActivityType.preparationAndRecovery,
      cooldown: WorkoutActivityType.cooldown,
    } as Readonly<Record<string, number>>;
    await saveWorkoutSample(types[kind] ?? WorkoutActivityType.flexibility, [], start, end, undefined, {
      HKExternalUUID: id, HKWorkoutBrandName: title,
    });
  },
};
