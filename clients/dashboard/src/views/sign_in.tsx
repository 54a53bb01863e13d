/** Who is there? Name and password are sent once, and never written anywhere. */

import { useEffect, useId, useRef, useState } from "preact/hooks";
import { ApiError, type Api, type User } from "../api";
import { Mark } from "./icons";

interface Properties {
  api: Api;
  onDone: (user: User) => void;
  /** Why somebody who was signed in is asked again. */
  notice?: string;
  userName?: string;
}

export function SignIn({ api, onDone, notice, userName = "" }: Properties) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const name = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);
  const id = useId();

  useEffect(() => {
    document.title = "Sign in · dialbridge";
    (userName ? password : name).current?.focus();
  }, []);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (busy) return;
    const entered = [name.current?.value ?? "", password.current?.value ?? ""] as const;
    if (!entered[0] || !entered[1]) {
      setProblem("Enter your name and your password.");
      (entered[0] ? password : name).current?.focus();
      return;
    }
    setBusy(true);
    setProblem("");
    try {
      onDone(await api.signIn(...entered));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblem(sentence(error));
      setBusy(false);
      if (error.signedOut && password.current) {
        password.current.value = "";
        password.current.focus();
      }
    }
  };

  return (
    <main class="sign-in">
      <form class="card sign-in-card" onSubmit={(event) => void submit(event)} noValidate>
        <div class="brand">
          <Mark />
          <span>dialbridge</span>
        </div>
        <h1>Sign in</h1>
        <p class="muted">{notice ?? "The live calls of your contact centre."}</p>
        <label for={`${id}n`}>User name</label>
        <input
          id={`${id}n`}
          ref={name}
          name="username"
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          required
          defaultValue={userName}
          aria-describedby={`${id}p`}
        />
        <label for={`${id}w`}>Password</label>
        <input
          id={`${id}w`}
          ref={password}
          name="password"
          type="password"
          autocomplete="current-password"
          required
          aria-describedby={`${id}p`}
        />
        <p class="problem" role="alert" id={`${id}p`}>
          {problem}
        </p>
        <button class="primary wide" type="submit" aria-disabled={busy}>
          {busy ? "Signing in…" : "Sign in"}
        </button>
      </form>
    </main>
  );
}

function sentence(error: ApiError): string {
  if (error.signedOut) return "The name or the password is wrong.";
  if (error.retryAfter !== null) return `Too many attempts. Try again in ${error.retryAfter} seconds.`;
  return error.message;
}
