/** Transfer and conference: who else comes to the call, and how. */

import { useState } from "preact/hooks";
import type { JsonObject } from "../exact_json";

const WAYS: [operation: string, word: string][] = [
  ["InitiateTransfer", "Consult"],
  ["SingleStepTransfer", "Transfer now"],
  ["InitiateConference", "Consult to join"],
  ["SingleStepConference", "Add now"],
];

interface Properties {
  allows: (operation: string) => boolean;
  operate: (operation: string, parameters: JsonObject) => Promise<boolean>;
}

export function SomebodyElse({ allows, operate }: Properties) {
  const [open, setOpen] = useState(false);
  const [number, setNumber] = useState("");
  const ways = WAYS.filter(([operation]) => allows(operation));
  if (ways.length === 0) return null;

  const call = async (operation: string): Promise<void> => {
    if (await operate(operation, { destination: { phoneNumber: number.trim() } })) {
      setOpen(false);
      setNumber("");
    }
  };

  return (
    <div class="somebody-else">
      <button class="quiet small" aria-expanded={open} onClick={() => setOpen(!open)}>
        Transfer or conference
      </button>
      {open && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (ways[0] && number.trim()) void call(ways[0][0]);
          }}
        >
          <input
            type="tel"
            aria-label="Number of somebody else"
            placeholder="Number"
            value={number}
            onInput={(event) => setNumber((event.target as HTMLInputElement).value)}
          />
          {ways.map(([operation, word], place) => (
            <button
              key={operation}
              type={place === 0 ? "submit" : "button"}
              class="small"
              disabled={!number.trim()}
              onClick={place === 0 ? undefined : () => void call(operation)}
            >
              {word}
            </button>
          ))}
        </form>
      )}
    </div>
  );
}
