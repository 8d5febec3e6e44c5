export { KeptScreen as default } from '@/routine/KeptScreen';
