/** One live call of the agent: what it is, and the operations that are allowed on it now. */

import { useState } from "preact/hooks";
import { ApiError, type Api } from "../api";
import type { Call } from "../calls";
import { iso, ticking } from "../durations";
import type { JsonObject } from "../exact_json";
import type { Feed } from "../feed";
import { useNow } from "../looking";
import { operationWord, PLAIN_OPERATIONS, resultOf } from "../words";
import { Badge } from "./badge";
import { Keys } from "./dial_pad";
import { HangUpIcon, PadIcon, PauseIcon, PhoneIcon } from "./icons";
import { SomebodyElse } from "./somebody_else";
import { UserData } from "./user_data";

interface Properties {
  call: Call;
  api: Api;
  feed: Feed;
  digits: string;
}

function iconOf(operation: string) {
  if (operation === "Hangup" || operation === "ClearCall") return <HangUpIcon />;
  if (operation === "Answer" || operation === "Retrieve") return <PhoneIcon />;
  return operation === "Hold" || operation === "PauseCallRecording" ? <PauseIcon /> : null;
}

const DIGIT = /^[0-9*#A-Da-d]$/;

export function LiveCall({ call, api, feed, digits }: Properties) {
  const now = useNow(feed);
  const [problem, setProblem] = useState("");
  const [running, setRunning] = useState("");
  const [pad, setPad] = useState(false);

  const operate = async (operation: string, parameters: JsonObject = {}): Promise<boolean> => {
    setRunning(operation);
    setProblem("");
    try {
      await api.operate(call.id, operation, parameters);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblem(error.status === 404 ? "The call is over." : error.message);
      return false;
    } finally {
      setRunning("");
    }
  };
  const allows = (operation: string): boolean => call.capabilities.includes(operation);
  const send = (digit: string): void => void operate("SendDtmf", { digits: digit.toUpperCase() });

  return (
    <section class={`card live-call ${call.state.toLowerCase()}`} aria-label={`Call with ${call.number}`}>
      <header>
        <div>
          <h2 class="live-number">{call.number}</h2>
          <p class="muted">
            {call.callType} · {resultOf(call)}
            {call.recordHandle && ` · Record ${call.recordHandle}`}
            {call.campaign && ` · ${call.campaign}`}
          </p>
        </div>
        <div class="live-state">
          <Badge call={call} />
          <time class="live-duration" dateTime={iso(now - call.created)}>
            {ticking(now - call.created)}
          </time>
        </div>
      </header>
      <div class="operations">
        {PLAIN_OPERATIONS.filter(allows).map((operation) => (
          <button
            key={operation}
            class={operation === "Hangup" ? "danger" : operation === "Answer" ? "call" : ""}
            aria-disabled={running === operation}
            onClick={() => running !== operation && void operate(operation)}
          >
            {iconOf(operation)}
            {operationWord(operation)}
          </button>
        ))}
        {allows("SendDtmf") && (
          <button aria-expanded={pad} onClick={() => setPad(!pad)}>
            <PadIcon /> Keypad
          </button>
        )}
      </div>
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {pad && allows("SendDtmf") && (
        <div
          class="tones"
          onKeyDown={(event) => {
            if (DIGIT.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) send(event.key);
          }}
        >
          <p class="sent" role="status" aria-label="Tones sent">
            {digits || <span class="muted">Tones you send appear here</span>}
          </p>
          <Keys label="Tones" onKey={send} />
        </div>
      )}
      <SomebodyElse allows={allows} operate={operate} />
      <UserData data={call.userData} allows={allows} operate={operate} />
    </section>
  );
}
