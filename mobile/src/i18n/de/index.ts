/** All words of one language: a chunk of its own on the web. */
import account from './account.json';
import common from './common.json';
import figure from './figure.json';
import home from './home.json';
import library from './library.json';
import player from './player.json';
import programs from './programs.json';
import progress from './progress.json';
import routine from './routine.json';
import settings from './settings.json';
import start from './start.json';

export default { account, common, figure, home, library, player, programs, progress, routine, settings, start };
