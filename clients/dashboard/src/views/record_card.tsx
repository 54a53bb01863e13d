/** An outbound preview record: seen before it is dialled, and dialled as a whole. */

import { useState } from "preact/hooks";
import type { JsonObject } from "../exact_json";
import { BinIcon, PhoneIcon, RecordIcon } from "./icons";

interface Properties {
  enabled: boolean;
  busy: boolean;
  onDial: (record: JsonObject, number: string) => void;
}

interface OtherField {
  id: number;
  name: string;
  value: string;
}

const MOST_HANDLE = 2n ** 63n - 1n;
let nextId = 0;

export function RecordCard({ enabled, busy, onDial }: Properties) {
  const [number, setNumber] = useState("");
  const [handle, setHandle] = useState("");
  const [campaign, setCampaign] = useState("");
  const [list, setList] = useState("");
  const [others, setOthers] = useState<OtherField[]>([]);
  const [problems, setProblems] = useState<{ number?: string; handle?: string }>({});

  if (!enabled) {
    return (
      <section class="card record" aria-labelledby="record">
        <h2 id="record">
          <RecordIcon /> Preview record
        </h2>
        <p>Dialling preview records is switched off for you. Plain numbers can be dialled as always.</p>
        <p class="muted small">
          Whoever looks after the directory can switch it on: the feature is called <code>api-voice-outbound</code>.
        </p>
      </section>
    );
  }

  const submit = (event: Event): void => {
    event.preventDefault();
    if (busy) return;
    const dialled = number.replace(/[\s()./-]/g, "");
    const found: typeof problems = {};
    if (!dialled) found.number = "A record needs a phone number.";
    if (!/^\d+$/.test(handle.trim()) || BigInt(handle.trim()) > MOST_HANDLE) {
      found.handle = "The record handle is the whole number by which the campaign knows the record.";
    }
    setProblems(found);
    if (found.number ?? found.handle) {
      document.getElementById(found.number ? "record-number" : "record-handle")?.focus();
      return;
    }
    const fields = others.filter((field) => field.name.trim());
    onDial(
      {
        recordHandle: BigInt(handle.trim()),
        phoneNumber: dialled,
        ...(campaign && { campaignName: campaign }),
        ...(list && { callingList: list }),
        otherFields: Object.fromEntries(fields.map((field) => [field.name.trim(), field.value])),
      },
      dialled,
    );
  };
  const change = (id: number, part: Partial<OtherField>): void =>
    setOthers(others.map((field) => (field.id === id ? { ...field, ...part } : field)));

  return (
    <section class="card record" aria-labelledby="record">
      <h2 id="record">
        <RecordIcon /> Preview record
      </h2>
      <form onSubmit={submit} noValidate>
        <Field id="record-number" label="Phone number" value={number} onValue={setNumber} problem={problems.number} required />
        <Field id="record-handle" label="Record handle" value={handle} onValue={setHandle} problem={problems.handle} required />
        <div class="pair">
          <Field id="record-campaign" label="Campaign" value={campaign} onValue={setCampaign} />
          <Field id="record-list" label="Calling list" value={list} onValue={setList} />
        </div>
        <fieldset>
          <legend>Other fields</legend>
          {others.map((field, index) => (
            <div class="other-field" key={field.id}>
              <input
                aria-label={`Name of field ${index + 1}`}
                placeholder="Name"
                value={field.name}
                onInput={(event) => change(field.id, { name: (event.target as HTMLInputElement).value })}
              />
              <input
                aria-label={`Value of field ${index + 1}`}
                placeholder="Value"
                value={field.value}
                onInput={(event) => change(field.id, { value: (event.target as HTMLInputElement).value })}
              />
              <button
                type="button"
                class="icon-button"
                aria-label={`Remove field ${index + 1}`}
                onClick={() => setOthers(others.filter((each) => each.id !== field.id))}
              >
                <BinIcon />
              </button>
            </div>
          ))}
          <button
            type="button"
            class="quiet small"
            onClick={() => setOthers([...others, { id: nextId++, name: "", value: "" }])}
          >
            Add a field
          </button>
        </fieldset>
        <button class="call wide" type="submit" aria-disabled={busy}>
          <PhoneIcon /> Dial the record
        </button>
      </form>
    </section>
  );
}

interface FieldProperties {
  id: string;
  label: string;
  value: string;
  onValue: (value: string) => void;
  problem?: string | undefined;
  required?: boolean;
}

function Field({ id, label, value, onValue, problem, required = false }: FieldProperties) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        value={value}
        required={required}
        autocomplete="off"
        inputMode={required ? "tel" : "text"}
        aria-invalid={problem ? "true" : undefined}
        aria-describedby={problem ? `${id}-problem` : undefined}
        onInput={(event) => onValue((event.target as HTMLInputElement).value)}
      />
      {problem && (
        <p class="problem" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </div>
  );
}
