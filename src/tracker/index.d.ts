/** What happens by itself: clicks on links to other hosts and to files, submitted forms, and pages answered with 404. */
export type Automatic = 'outbound' | 'download' | 'form' | '404';

/** An event before it is sent, with the fields of `POST /api/events/`. */
export interface TrackedEvent {
  name: string;
  page?: string | undefined;
  title?: string | undefined;
  referrer?: string | undefined;
  props?: object | undefined;
  [field: string]: unknown;
}

export interface Options {
  /** Key or domain of the site, or several; the server's default site without it. */
  site?: string | readonly string[] | undefined;
  /** Where events are sent: `/api/events/` on the page's own host without it. */
  api?: string | URL | undefined;
  /** Whether the fragment (`#/cart`) is part of the page. */
  hash?: boolean | undefined;
  /** Whether the query is part of the page, and sent. */
  query?: boolean | undefined;
  /** Whether to count everywhere: on this computer, in frames, and in browsers driven by programs. */
  local?: boolean | undefined;
  /** Whether nothing is sent of visitors who ask for it by Do Not Track or Global Privacy Control. */
  dnt?: boolean | undefined;
  /** Whether undelivered events are kept in memory only, instead of the browser's localStorage. */
  memory?: boolean | undefined;
  /** Which events are sent by themselves; all without it. */
  auto?: 'none' | readonly Automatic[] | undefined;
  /** Endings of files whose links are downloads, separated by blanks. */
  files?: string | undefined;
  /** Pages of which nothing is sent: `*` stands for a part of a path, `**` for anything. */
  exclude?: string | readonly string[] | undefined;
  /** Pages that are sent as these patterns, without their title. */
  mask?: string | readonly string[] | undefined;
  /** Whether page views are counted only by `track('pageview', { page })`. */
  manual?: boolean | undefined;
  /** Props of every event but engagement. */
  props?: object | ((event: TrackedEvent) => object | undefined) | undefined;
  /** The user, where the site identifies visitors. */
  user?: string | number | undefined;
  /** Sees each event before it is sent; what it returns is sent, and nothing if it returns nothing. */
  before?: ((event: TrackedEvent) => TrackedEvent | null | undefined | void | false) | undefined;
  /** Whether the console says what is sent and what is not, and why. */
  debug?: boolean | undefined;
}

export interface EventOptions {
  /** Anything worth knowing about the event, as far as JSON can hold it: at most three levels deep. */
  props?: object | undefined;
  /** An amount and its currency by ISO 4217. */
  revenue?: { amount: number | string; currency: string } | undefined;
  /** `false`: the event does not end a bounce. */
  interactive?: boolean | undefined;
  /** The page that it belongs to; without it, the page open now. */
  page?: string | undefined;
  /** The user, where the site identifies visitors. */
  user_id?: string | number | undefined;
  /** Called when the event is acknowledged, ignored, or stored to be sent later: in 2 seconds at the latest. */
  callback?: (() => void) | undefined;
}

/** Starts the tracker: page views, engagement and automatic events from now on. A page has one; later calls do nothing. */
export declare function init(options?: Options): void;

/** Sends an event of your own. Calls before `init` wait for it. */
export declare function track(name: string, options?: EventOptions): void;

/** Names the user of later events, where the site identifies visitors. Traits are the props of an event `identify`. */
export declare function identify(id: string | number, traits?: object): void;

interface Visitlog {
  track: typeof track;
  /** Of the module and of `script-more.js`. */
  identify?: typeof identify;
}

declare global {
  interface Window {
    /** The same for pages that load the tracker by a script tag. */
    visitlog?: Visitlog;
  }
}
