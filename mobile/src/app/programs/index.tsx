export { ProgramsScreen as default } from '@/programs/ProgramsScreen';
