/** The phone's database has one owner by nature: there is one app. The web's sibling has to fight for it. */

export interface Owning {
  /** Called when another tab asks for the database: close the store, then call `release`. */
  readonly onAsked: (release: () => void) => void;
  /** Called at once when another tab has the database, so that the screen can say so while this one waits. */
  readonly onWait: () => void;
}

/** Resolves once the database is ours to open. */
export function ownDatabase(_owning: Owning): Promise<void> {
  return Promise.resolve();
}

/** Asks the tab that has the database to hand it over; `ownDatabase` of this tab then resolves. */
export function askForDatabase(): void {}
