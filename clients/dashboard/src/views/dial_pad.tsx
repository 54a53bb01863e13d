/** The keys of a telephone, to dial a number or to send tones. */

import { useRef } from "preact/hooks";
import { BackspaceIcon, PhoneIcon } from "./icons";

const KEYS = [
  ["1", ""],
  ["2", "ABC"],
  ["3", "DEF"],
  ["4", "GHI"],
  ["5", "JKL"],
  ["6", "MNO"],
  ["7", "PQRS"],
  ["8", "TUV"],
  ["9", "WXYZ"],
  ["*", ""],
  ["0", "+"],
  ["#", ""],
] as const;

const NAMES: Record<string, string> = { "*": "star", "#": "hash" };

export function Keys({ label, onKey }: { label: string; onKey: (key: string) => void }) {
  return (
    <div class="keys" role="group" aria-label={label}>
      {KEYS.map(([key, letters]) => (
        <button key={key} type="button" class="key" onClick={() => onKey(key)} aria-label={NAMES[key]}>
          <span class="key-digit">{key}</span>
          <span class="key-letters">{letters}</span>
        </button>
      ))}
    </div>
  );
}

interface Properties {
  number: string;
  onNumber: (number: string) => void;
  busy: boolean;
  onDial: (number: string) => void;
}

export function DialPad({ number, onNumber, busy, onDial }: Properties) {
  const field = useRef<HTMLInputElement>(null);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (busy) return;
    const dialled = number.replace(/[\s()./-]/g, "");
    if (dialled) onDial(dialled);
    else field.current?.focus();
  };
  return (
    <section class="card" aria-label="Dial pad">
      <form onSubmit={submit}>
        <div class="number-field">
          <input
            ref={field}
            type="tel"
            aria-label="Number to dial"
            placeholder="Number"
            autocomplete="off"
            maxLength={40}
            value={number}
            onInput={(event) => onNumber((event.target as HTMLInputElement).value)}
          />
          {number && (
            <button
              type="button"
              class="icon-button"
              aria-label="Delete the last digit"
              onClick={() => onNumber(number.slice(0, -1))}
            >
              <BackspaceIcon />
            </button>
          )}
        </div>
        <Keys label="Digits" onKey={(key) => onNumber(number + key)} />
        <button class="call wide" type="submit" aria-disabled={busy}>
          <PhoneIcon /> {busy ? "Dialling…" : "Dial"}
        </button>
      </form>
    </section>
  );
}
