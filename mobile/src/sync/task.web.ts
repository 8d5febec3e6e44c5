/** A page does nothing while it is closed. */
export {};
