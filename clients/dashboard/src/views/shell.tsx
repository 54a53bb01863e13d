/** What surrounds every view: where one is, how up to date the page is, and the way out. */

import { useEffect, useState } from "preact/hooks";
import type { User } from "../api";
import { useConnection } from "../looking";
import type { Session } from "./app";
import { ConnectionBanner, ConnectionState } from "./connection";
import { Desk } from "./desk";
import { Floor } from "./floor";
import { Mark } from "./icons";
import { SignIn } from "./sign_in";

interface Properties {
  session: Session;
  onUser: (user: User) => void;
  onSignedIn: (user: User) => void;
  onSignOut: () => void;
}

type View = "desk" | "floor";

const TITLES: Record<View, string> = { desk: "My calls", floor: "All calls" };

export function Shell({ session, onUser, onSignedIn, onSignOut }: Properties) {
  const { user } = session;
  const connection = useConnection(session.feed);
  const views: View[] = [...(user.isAgent ? ["desk" as const] : []), ...(user.isSupervisor || !user.isAgent ? ["floor" as const] : [])];
  const view = useView(views);

  useEffect(() => {
    document.title = `${TITLES[view]} · dialbridge`;
  }, [view, connection.kind === "signed out"]);

  if (connection.kind === "signed out") {
    return (
      <SignIn
        api={session.api}
        userName={user.userName}
        notice="Your session has ended. Sign in again to go on where you were."
        onDone={onSignedIn}
      />
    );
  }
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the calls
      </a>
      <header class="top">
        <div class="brand">
          <Mark />
          <span>dialbridge</span>
        </div>
        {views.length > 1 && (
          <nav aria-label="Views">
            {views.map((each) => (
              <a key={each} href={`#${each}`} aria-current={each === view ? "page" : undefined}>
                {TITLES[each]}
              </a>
            ))}
          </nav>
        )}
        <div class="top-end">
          <ConnectionState feed={session.feed} />
          <span class="who">
            <span class="avatar" aria-hidden="true">
              {initials(user.name)}
            </span>
            <span class="who-name">{user.name}</span>
          </span>
          <button class="quiet" onClick={onSignOut}>
            Sign out
          </button>
        </div>
      </header>
      <ConnectionBanner feed={session.feed} />
      <main id="main" tabIndex={-1} class={view}>
        {view === "desk" ? <Desk session={session} onUser={onUser} /> : <Floor session={session} />}
      </main>
    </>
  );
}

/** The view that the address names, if there is such a one for this person. */
function useView(views: View[]): View {
  const named = (): View => views.find((each) => `#${each}` === location.hash) ?? views[0] ?? "floor";
  const [view, set] = useState(named);
  useEffect(() => {
    const changed = (): void => set(named());
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, [views.join()]);
  return views.includes(view) ? view : (views[0] ?? "floor");
}

function skip(event: Event): void {
  event.preventDefault(); // the address names the view
  document.getElementById("main")?.focus();
}

function initials(name: string): string {
  return name
    .split(/\s+/)
    .map((word) => word[0] ?? "")
    .slice(0, 2)
    .join("")
    .toUpperCase();
}
