export { RoutineScreen as default } from '@/routine/RoutineScreen';
