/** What can keep a sync from ending. None of them changes anything here. */

/** The network gave no answer, or a broken one. Trying again later may help. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
}

/** Something that this device does not let in; the message says why. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** The envelope is malformed, its key is not trusted, or the signature does not fit the manifest. */
export class SignatureInvalid extends Error {
  override readonly name = 'SignatureInvalid';
}

/** Nobody is signed in. */
export class SignedOut extends Error {
  override readonly name = 'SignedOut';
}

/** The server does not know this device's sign-in any more. */
export class SignInNeeded extends Error {
  override readonly name = 'SignInNeeded';
}

/** The server wants to be left alone for `seconds`. */
export class Later extends Error {
  override readonly name = 'Later';
  constructor(readonly seconds: number) {
    super(`the server asks to come again in ${seconds} s`);
  }
}

/** The server speaks to this version no more; the message is the server's, for the person. */
export class UpdateNeeded extends Error {
  override readonly name = 'UpdateNeeded';
}

/** The server has no `/v1/sync`. */
export class NotOffered extends Error {
  override readonly name = 'NotOffered';
}

/** The server cannot use a part of the request; `fields` names what. */
export class Unfit extends Error {
  override readonly name = 'Unfit';
  constructor(readonly status: number, readonly fields: readonly string[], detail: string) {
    super(`the server answered ${status}: ${detail || 'no reason given'}`);
  }
}
