/** The few drawings of the page; all are decoration beside a text. */

import type { ComponentChildren } from "preact";

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 24 24"
      width="18"
      height="18"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  );
}

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" />
      <path d="M6 21c3-9 17-9 20 0" />
      <path d="M10.500 21v-4M16 21v-6.500M21.500 21v-4" />
    </svg>
  );
}

const HANDSET =
  "M5 4h3.500l1.700 4.200-2.100 1.600a12 12 0 0 0 6.100 6.100l1.600-2.100 4.200 1.700V19a2 2 0 0 1-2.200 2A17 17 0 0 1 3 6.200 2 2 0 0 1 5 4Z";

export const PhoneIcon = () => (
  <Icon>
    <path d={HANDSET} />
  </Icon>
);

export const HangUpIcon = () => (
  <Icon>
    <path d="M3 14.500c0-1.500 4-4.500 9-4.500s9 3 9 4.500V17l-4.500.500-1-3a13 13 0 0 0-7 0l-1 3L3 17Z" />
  </Icon>
);

export const RecordIcon = () => (
  <Icon>
    <rect x="4" y="3" width="16" height="18" rx="2" />
    <path d="M8 8h8M8 12h8M8 16h5" />
  </Icon>
);

export const CloseIcon = () => (
  <Icon>
    <path d="m6 6 12 12M18 6 6 18" />
  </Icon>
);

export const BackspaceIcon = () => (
  <Icon>
    <path d="M9 5h11a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H9l-6-7Z" />
    <path d="m12 10 4 4M16 10l-4 4" />
  </Icon>
);

export const SearchIcon = () => (
  <Icon>
    <circle cx="11" cy="11" r="6.500" />
    <path d="m16 16 4.500 4.500" />
  </Icon>
);

export const BinIcon = () => (
  <Icon>
    <path d="M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13" />
  </Icon>
);

export const PencilIcon = () => (
  <Icon>
    <path d="m4 20 1-4L16 5l3 3L8 19Z" />
  </Icon>
);

export const PadIcon = () => (
  <Icon>
    <path d="M6 6h.01M12 6h.01M18 6h.01M6 12h.01M12 12h.01M18 12h.01M6 18h.01M12 18h.01M18 18h.01" stroke-width="3" />
  </Icon>
);

export const PauseIcon = () => (
  <Icon>
    <path d="M9 5v14M15 5v14" />
  </Icon>
);

export const SortIcon = ({ direction }: { direction: "ascending" | "descending" | null }) => (
  <svg class="sort-icon" viewBox="0 0 10 14" width="10" height="14" aria-hidden="true" focusable="false">
    <path d="M5 1 9 6H1Z" class={direction === "ascending" ? "on" : ""} />
    <path d="M5 13 1 8h8Z" class={direction === "descending" ? "on" : ""} />
  </svg>
);
