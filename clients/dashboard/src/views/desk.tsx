/** The view of an agent: dial, and lead the calls of one's own devices. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { ApiError, newKey, type Device, type User } from "../api";
import { isOver, type Call, type Change } from "../calls";
import type { JsonObject } from "../exact_json";
import { useCalls } from "../looking";
import { causeSentence } from "../words";
import type { Session } from "./app";
import { DialPad } from "./dial_pad";
import { History } from "./history";
import { CloseIcon, PhoneIcon } from "./icons";
import { LiveCall } from "./live_call";
import { RecordCard } from "./record_card";

const OUTBOUND_FEATURE = "api-voice-outbound";

/** A dial that was asked for; with the same key it can be asked for again without being placed twice. */
interface Dial {
  device: Device;
  target: JsonObject;
  number: string;
  key: string;
}

export interface DialState {
  busy: boolean;
  problem: string;
}

export function Desk({ session, onUser }: { session: Session; onUser: (user: User) => void }) {
  const { api, user, store, feed } = session;
  useCalls(store);
  const [deviceId, setDeviceId] = useState(user.devices[0]?.id ?? "");
  const [number, setNumber] = useState("");
  const [pending, setPending] = useState<Dial | null>(null);
  const [unanswered, setUnanswered] = useState<Dial | null>(null);
  const [problem, setProblem] = useState("");
  const [over, setOver] = useState<Call | null>(null);
  const said = useAnnouncements(session, setOver);
  const callsPlace = useKeptFocus();

  const mine = new Set(user.devices.map((device) => device.id));
  const calls = [...store.live.values()].filter((call) => mine.has(call.deviceId));
  const ended = [...store.ended.values()].filter((call) => mine.has(call.deviceId)).reverse();
  const device = user.devices.find((each) => each.id === deviceId) ?? user.devices[0];

  const place = async (dial: Dial): Promise<void> => {
    setPending(dial);
    setUnanswered(null);
    setProblem("");
    setOver(null);
    try {
      await api.dial(dial.device.id, dial.target, dial.key);
      setNumber("");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.outcomeUnknown) setUnanswered(dial);
      else setProblem(refusal(error, dial));
    } finally {
      setPending(null);
    }
  };
  const dial = (target: JsonObject, dialled: string): void => {
    if (device) void place({ device, target, number: dialled, key: newKey() });
  };
  const dialNumber = (dialled: string): void => dial({ destination: { phoneNumber: dialled } }, dialled);

  const startSession = async (): Promise<void> => {
    try {
      await api.startSession();
      onUser(await api.me());
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblem(error.message);
    }
  };

  if (!device) {
    return (
      <section class="card empty">
        <h1>No telephone</h1>
        <p>There is no device for {user.name} in the directory, so there is nothing to dial from.</p>
      </section>
    );
  }
  const canDialRecords = user.features.includes(OUTBOUND_FEATURE);
  return (
    <>
      <h1 class="hidden">My calls</h1>
      <p class="hidden" role="status" aria-live="polite">
        {said}
      </p>
      <div class="desk-dial">
        <section class="card device" aria-label="Device">
          <span class={`device-dot ${device.registered ? "on" : ""}`} aria-hidden="true" />
          <div>
            <p class="device-number">{device.number}</p>
            <p class="muted small">
              {device.registered ? "Registered" : "Not registered"}
              {device.inSession ? ", session open" : ""}
            </p>
          </div>
          {user.devices.length > 1 && (
            <select
              aria-label="Dial from"
              value={device.id}
              onChange={(event) => setDeviceId((event.target as HTMLSelectElement).value)}
            >
              {user.devices.map((each) => (
                <option key={each.id} value={each.id}>
                  {each.number}
                </option>
              ))}
            </select>
          )}
          {!device.inSession && (
            <button class="quiet small" onClick={() => void startSession()}>
              Start session
            </button>
          )}
        </section>
        <DialPad number={number} onNumber={setNumber} busy={pending !== null} onDial={dialNumber} />
      </div>
      <div class="desk-calls" ref={callsPlace} tabIndex={-1}>
        {problem && (
          <div class="notice bad" role="alert">
            <p>{problem}</p>
            <button class="icon-button" aria-label="Dismiss" onClick={() => setProblem("")}>
              <CloseIcon />
            </button>
          </div>
        )}
        {unanswered && (
          <div class="notice bad" role="alert">
            <p>
              Dialling {unanswered.number} was not confirmed, so it may or may not have been placed. Asking again cannot
              place it twice.
            </p>
            <button class="small" onClick={() => void place(unanswered)}>
              Ask again
            </button>
          </div>
        )}
        {over && calls.length === 0 && (
          <div class={`notice ${over.established === null && over.cause !== "LocalHangup" ? "bad" : ""}`}>
            <p>
              <strong>{over.number}</strong> {causeSentence(over.cause)}
            </p>
            <button class="small" onClick={() => dialNumber(over.number)} disabled={pending !== null}>
              <PhoneIcon /> Dial again
            </button>
            <button class="icon-button" aria-label="Dismiss" onClick={() => setOver(null)}>
              <CloseIcon />
            </button>
          </div>
        )}
        {calls.map((call) => (
          <LiveCall key={call.key} call={call} api={api} feed={feed} digits={store.digits.get(call.key) ?? ""} />
        ))}
        {calls.length === 0 && (
          <section class="card idle" aria-label="Call">
            <span class="idle-icon" aria-hidden="true">
              <PhoneIcon />
            </span>
            <h2>{pending ? `Dialling ${pending.number}…` : "No call"}</h2>
            <p class="muted">Dial a number or a record; calls to {device.number} ring here.</p>
          </section>
        )}
        <History calls={ended} onDial={dialNumber} busy={pending !== null || calls.length > 0} />
      </div>
      <RecordCard
        enabled={canDialRecords}
        busy={pending !== null}
        onDial={(record, dialled) => dial({ outboundRecord: record }, dialled)}
      />
    </>
  );
}

function refusal(error: ApiError, dial: Dial): string {
  if (error.code === 2) return `${dial.device.number} is in a call. Hang up or hold it before you dial again.`;
  if (error.retryAfter !== null) return `${error.message} Try again in ${error.retryAfter} seconds.`;
  return error.message;
}

/** What a screen reader says of the calls of the person's own devices; also tells of the last one that ended. */
function useAnnouncements({ store, user }: Session, ended: (call: Call | null) => void): string {
  const [said, say] = useState("");
  const devices = useRef(new Set<string>());
  devices.current = new Set(user.devices.map((device) => device.id));
  useEffect(
    () =>
      store.follow(({ call, previousState }: Change) => {
        if (!devices.current.has(call.deviceId) || call.state === previousState) return;
        if (isOver(call)) {
          say(`${call.number}: ${causeSentence(call.cause)}`);
          ended(call);
        } else {
          say(`${call.number}: ${call.state}`);
          ended(null);
        }
      }),
    [store],
  );
  return said;
}

/** Keeps the keyboard where it was when the button that it was on goes with its call. */
function useKeptFocus(): { current: HTMLDivElement | null } {
  const place = useRef<HTMLDivElement>(null);
  const last = useRef<Element | null>(null);
  useEffect(() => {
    const entered = (event: FocusEvent): void => {
      last.current = place.current?.contains(event.target as Node) ? (event.target as Element) : null;
    };
    document.addEventListener("focusin", entered);
    return () => document.removeEventListener("focusin", entered);
  }, []);
  useLayoutEffect(() => {
    if (last.current === null || last.current.isConnected) return;
    last.current = null;
    for (const next of [place.current, document.getElementById("main")]) {
      if (document.activeElement === document.body) next?.focus(); // the first has no box of its own on a phone
    }
  });
  return place;
}
