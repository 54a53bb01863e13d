/** The whole page: somebody signs in, then works. */

import { useEffect, useState } from "preact/hooks";
import { Api, ApiError, type User } from "../api";
import { CallStore } from "../call_store";
import { Feed } from "../feed";
import { Shell } from "./shell";
import { SignIn } from "./sign_in";

/** One signed-in person, and what the page knows for them. */
export interface Session {
  readonly api: Api;
  readonly user: User;
  readonly store: CallStore;
  readonly feed: Feed;
}

function begin(api: Api, user: User): Session {
  const store = new CallStore();
  const feed = new Feed(api, store);
  void feed.run();
  return { api, user, store, feed };
}

export function App() {
  const [api] = useState(() => new Api());
  const [session, setSession] = useState<Session | null>(null);
  const [asking, setAsking] = useState(true);

  useEffect(() => {
    // A page that is loaded again goes on with its cookie.
    api
      .me()
      .then((user) => setSession(begin(api, user)))
      .catch((error: unknown) => {
        if (!(error instanceof ApiError)) throw error;
      })
      .finally(() => setAsking(false));
  }, [api]);

  if (asking) return null;
  if (session === null) return <SignIn api={api} onDone={(user) => setSession(begin(api, user))} />;
  return (
    <Shell
      key={session.user.userName}
      session={session}
      onUser={(user) => setSession({ ...session, user })}
      onSignedIn={(user) => {
        if (user.userName === session.user.userName) {
          void session.feed.run();
          setSession({ ...session, user });
        } else {
          session.feed.stop();
          setSession(begin(api, user));
        }
      }}
      onSignOut={() => {
        session.feed.stop();
        setSession(null);
        void api.signOut().catch(() => undefined); // the session ends by itself if it does not end now
      }}
    />
  );
}
