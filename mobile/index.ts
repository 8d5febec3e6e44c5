/** Where the bundle begins. The system may start the app for its background task alone, which must be known by then. */
import '@/sync/task';
import 'expo-router/entry';
