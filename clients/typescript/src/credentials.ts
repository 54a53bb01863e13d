import { Metadata } from "@grpc/grpc-js";

/** What proves a caller to the server. Printing it shows no secret. */
export class Credentials {
  readonly #authorization: string;

  private constructor(authorization: string) {
    this.#authorization = authorization;
  }

  /** A login name and a password. */
  static basic(userName: string, password: string): Credentials {
    return new Credentials(`Basic ${Buffer.from(`${userName}:${password}`).toString("base64")}`);
  }

  /** An access token, as `signIn` gives it. */
  static bearer(token: string): Credentials {
    return new Credentials(`Bearer ${token}`);
  }

  /** The metadata to send. */
  get metadata(): Metadata {
    const metadata = new Metadata();
    metadata.set("authorization", this.#authorization);
    return metadata;
  }
}
