import { useRouter } from 'expo-router';

import { useLimber } from '@/boot';
import { firstAsk, mended, type AskMemory } from '@/domain/ask';
import { askOfSession, programRecord, type Following, type Program, type ProgramSession } from '@/domain/programs';
import { makeRoutine } from '@/routine/current';
import { useLocalState, useRecord } from '@/store/hooks';

interface ProfileFields {
  readonly activities: readonly string[];
  readonly equipment: readonly string[];
  readonly level: string | null;
  readonly conditions: readonly string[];
}

/** Starts, ends and goes on with programs. */
export interface Programs {
  start(program: Program): Promise<void>;
  end(program: Program): Promise<void>;
  /** Makes the session's routine and shows it. */
  open(program: Program, session: ProgramSession): void;
  /** Of the profile. */
  readonly conditions: readonly string[];
}

export function usePrograms(): Programs | null {
  const limber = useLimber();
  const router = useRouter();
  const profile = useRecord<ProfileFields>('profile', 'me');
  const memory = useLocalState<AskMemory>('ask');
  if (profile === undefined || memory.loading) return null;
  const { activities, equipment, level, conditions = [] } = profile?.data ?? {};
  const write = (program: Program, set: Partial<Following>): Promise<void> =>
    limber.store.write([{ collection: 'preferences', id: programRecord(program.code), set }]);
  const now = (): string => new Date().toISOString();
  return {
    conditions,
    start: (program) => write(program, { started_at: now(), ended_at: null }),
    end: (program) => write(program, { ended_at: now() }),
    open(program, session) {
      const here = mended(memory.value?.last ?? firstAsk(activities, equipment, level), limber.catalog);
      void makeRoutine(limber, askOfSession(program, session, here));
      router.push('/routine');
    },
  };
}
