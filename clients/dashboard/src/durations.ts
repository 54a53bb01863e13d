/** Durations and times of day as people read them. */

/** 0:07, 12:07, 1:02:07 */
export function ticking(milliseconds: number): string {
  const all = Math.max(0, Math.floor(milliseconds / 1000));
  const seconds = String(all % 60).padStart(2, "0");
  const minutes = Math.floor(all / 60) % 60;
  const hours = Math.floor(all / 3600);
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
}

/** 0.8 s, 12 s, 3 min */
export function spoken(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds / 1000);
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return `${Math.round(seconds / 60)} min`;
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export function timeOfDay(milliseconds: number): string {
  return TIME.format(milliseconds);
}

/** For the datetime attribute: PT1M7S is exact, and a screen reader reads the text. */
export function iso(milliseconds: number): string {
  return `PT${Math.max(0, Math.floor(milliseconds / 1000))}S`;
}
