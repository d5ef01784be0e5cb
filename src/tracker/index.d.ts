/** What happens by itself: clicks on links to other hosts and to files, submitted forms, and pages answered with 404. */
export type Automatic = 'outbound' | 'download' | 'form' | '404';

export interface Options {
  /** Key or domain of the site; the server's default site without it. */
  site?: string;
  /** Where events are sent: `/api/events/` on the page's own host without it. */
  api?: string | URL;
  /** Whether the fragment (`#/cart`) is part of the page. */
  hash?: boolean;
  /** Whether to count everywhere: on this computer, in frames, and in browsers driven by programs. */
  local?: boolean;
  /** Whether nothing is sent of visitors who ask for it by Do Not Track or Global Privacy Control. */
  dnt?: boolean;
  /** Which events are sent by themselves; all without it. */
  auto?: readonly Automatic[];
  /** Whether undelivered events are kept in memory only, instead of the browser's localStorage. */
  memory?: boolean;
}

export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };

export interface EventOptions {
  /** Anything worth knowing about the event. */
  props?: Readonly<Record<string, Value>>;
  /** An amount and its currency by ISO 4217. */
  revenue?: { amount: number | string; currency: string };
  /** `false`: the event does not end a bounce. */
  interactive?: boolean;
  /** Called once there is nothing more to wait for: the event is acknowledged, or it is kept to be sent later, or ignored. */
  callback?: () => void;
}

/** Starts the tracker: page views, engagement and automatic events from now on. A page has one; later calls do nothing. */
export declare function init(options?: Options): void;

/** Sends an event of your own. Calls before `init` wait for it. */
export declare function track(name: string, options?: EventOptions): void;

declare global {
  interface Window {
    /** The same for pages that load the tracker by a script tag. */
    analytics?: { track: typeof track };
  }
}
