/** The data attached to a call: read it, and change it as far as the call allows. */

import { useRef, useState } from "preact/hooks";
import { parseJson, writeJson, type Json, type JsonObject } from "../exact_json";
import { BinIcon, PencilIcon } from "./icons";

interface Properties {
  data: JsonObject;
  allows: (operation: string) => boolean;
  /** Asks for an operation; whether it was accepted. */
  operate: (operation: string, parameters?: JsonObject) => Promise<boolean>;
}

export function UserData({ data, allows, operate }: Properties) {
  const [editing, setEditing] = useState<string | null>(null);
  const [text, setText] = useState("");
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  const keyField = useRef<HTMLInputElement>(null);
  const pairs = Object.entries(data);

  const add = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!key.trim()) {
      keyField.current?.focus();
      return;
    }
    // Attaching adds a second pair where the key is there already, which nobody means who types it here.
    const operation = key.trim() in data ? "UpdateUserData" : "AttachUserData";
    if (await operate(operation, { userData: { [key.trim()]: value } })) {
      setKey("");
      setValue("");
      keyField.current?.focus();
    }
  };
  const save = async (event: Event, name: string): Promise<void> => {
    event.preventDefault();
    if (await operate("UpdateUserData", { userData: { [name]: valueLike(data[name], text) } })) setEditing(null);
  };

  return (
    <section class="user-data" aria-label="Data of the call">
      <header>
        <h3>Data</h3>
        {pairs.length > 0 && allows("DeleteUserData") && (
          <button class="quiet small" onClick={() => void operate("DeleteUserData")}>
            Delete all
          </button>
        )}
      </header>
      {pairs.length > 0 && (
        <ul class="pairs">
          {pairs.map(([name, each]) => (
            <li key={name}>
              {editing === name ? (
                <form class="edit-pair" onSubmit={(event) => void save(event, name)}>
                  <label for="edited-value">{name}</label>
                  <input
                    id="edited-value"
                    value={text}
                    ref={focused}
                    onInput={(event) => setText((event.target as HTMLInputElement).value)}
                    onKeyDown={(event) => event.key === "Escape" && setEditing(null)}
                  />
                  <button class="small" type="submit">
                    Save
                  </button>
                  <button class="quiet small" type="button" onClick={() => setEditing(null)}>
                    Cancel
                  </button>
                </form>
              ) : (
                <>
                  <span class="pair-key">{name}</span>
                  <span class="pair-value">{shown(each)}</span>
                  {allows("UpdateUserData") && (
                    <button
                      class="icon-button"
                      aria-label={`Change ${name}`}
                      onClick={() => {
                        setEditing(name);
                        setText(shown(each));
                      }}
                    >
                      <PencilIcon />
                    </button>
                  )}
                  {allows("DeleteUserDataPair") && (
                    <button
                      class="icon-button"
                      aria-label={`Delete ${name}`}
                      onClick={() => void operate("DeleteUserDataPair", { key: name })}
                    >
                      <BinIcon />
                    </button>
                  )}
                </>
              )}
            </li>
          ))}
        </ul>
      )}
      {pairs.length === 0 && <p class="muted small">Nothing is attached to this call.</p>}
      {allows("AttachUserData") && (
        <form class="add-pair" onSubmit={(event) => void add(event)}>
          <input
            ref={keyField}
            aria-label="Key"
            placeholder="Key"
            autocomplete="off"
            value={key}
            onInput={(event) => setKey((event.target as HTMLInputElement).value)}
          />
          <input
            aria-label="Value"
            placeholder="Value"
            autocomplete="off"
            value={value}
            onInput={(event) => setValue((event.target as HTMLInputElement).value)}
          />
          <button type="submit">Attach</button>
        </form>
      )}
    </section>
  );
}

export function shown(value: Json): string {
  return typeof value === "string" ? value : writeJson(value);
}

/** What was typed in place of `before`: of its kind where it reads as that, else text. */
function valueLike(before: Json | undefined, text: string): Json {
  if (typeof before === "string" || before === undefined) return text;
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}

function focused(element: HTMLInputElement | null): void {
  element?.focus();
}
