/** The player, for other screens. */
export { ResumeCard } from './ResumeCard';
export { settleLeftover, startPlaying } from './playing';
