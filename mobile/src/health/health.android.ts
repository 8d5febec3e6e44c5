import type { HealthStore } from './types';

/** Health Connect. Its import runs native code that an old system may not have, so it waits until it is wanted. */
const load = () => import('react-native-health-connect');

/** Health Connect's number for stretching (ExerciseSessionRecord.EXERCISE_TYPE_STRETCHING). */
const STRETCHING = 71;

export const healthStore: HealthStore | null = {
  name: 'Health Connect',
  async available() {
    try {
      const { getSdkStatus, SdkAvailabilityStatus } = await load();
      return (await getSdkStatus()) === SdkAvailabilityStatus.SDK_AVAILABLE;
    } catch {
      return false;
    }
  },
  async ask() {
    try {
      const { initialize, requestPermission } = await load();
      if (!(await initialize())) return false;
      const granted = await requestPermission([{ accessType: 'write', recordType: 'ExerciseSession' }]);
      return granted.some((one) => one.recordType === 'ExerciseSession' && one.accessType === 'write');
    } catch {
      return false;
    }
  },
  async write({ id, start, end }, title) {
    const { initialize, insertRecords } = await load();
    await initialize();
    await insertRecords([{
      recordType: 'ExerciseSession',
      exerciseType: STRETCHING,
      startTime: start.toISOString(),
      endTime: end.toISOString(),
      title,
      // The store replaces a record with the same client id, so a second try writes no second session.
      metadata: { clientRecordId: id, recordingMethod: 1 },
    }]);
  },
};
