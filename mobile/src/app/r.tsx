export { LinkScreen as default } from '@/routine/LinkScreen';
